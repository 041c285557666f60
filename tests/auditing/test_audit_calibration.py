"""Calibrations: each takes away what it should, on pictures that it was not fitted on."""

import numpy as np
import pytest

from tts_playground.auditing import calibration
from tts_playground.auditing.run import answered, audit, audit_rounds
from tts_playground.auditing.scripted import named
from tts_playground.auditing.settings import AuditSettings


def rows_of(name, **settings):
    rows = answered(audit_rounds(named(f"scripted:{name}"), AuditSettings(**settings)))
    blank = next(row for row in rows if row.picture.scene is None)
    return [row for row in rows if row.picture.scene], blank


def judged(name, **settings):
    return {one.name: one for one in calibration.judge(*rows_of(name, **settings), 1000)}


def test_a_love_of_seven_is_divided_out():
    found = judged("loves-7", permute=True, per_cond=8)
    assert list(found) == ["none", "contextual", "batch", "pride", "oracle"]
    assert found["none"].distance.value > 0.08
    assert found["contextual"].distance.value < 1e-6
    assert found["pride"].distance.value < 0.3 * found["none"].distance.value
    assert found["batch"].distance.value < 0.5 * found["none"].distance.value
    assert found["none"].rejected.value > found["pride"].rejected.value


def test_what_does_not_come_from_the_digit_stays():
    found = judged("top-first", permute=True, per_cond=4, conditions=("sym",))
    for name in ("contextual", "pride"):
        assert found[name].distance.value == pytest.approx(found["none"].distance.value, rel=0.02)


def test_the_oracle_is_a_ceiling():
    found = judged("planted", per_cond=2)
    assert found["oracle"].distance.value == pytest.approx(0, abs=1e-9)
    assert found["oracle"].ceiling and not found["batch"].ceiling
    assert found["oracle"].distance.low is None and found["batch"].distance.low is not None
    assert "pride" not in found  # needs permuted digits


def test_fitted_on_one_half_judged_on_the_other():
    rows, _ = rows_of("fair", per_cond=3)
    first, second = calibration.split(rows)
    assert len(first) == len(second) == 9
    assert {row.picture.scene.condition for row in first} == {row.picture.scene.condition for row in second}
    layouts = [{row.picture.layout for row in half} for half in (first, second)]
    assert not layouts[0] & layouts[1]


def test_permutations_of_a_layout_stay_together():
    rows, _ = rows_of("fair", per_cond=2, permute=True, conditions=("sym", "size"))
    for half in calibration.split(rows):
        assert len(half) == 4 * len({row.picture.layout for row in half})


def test_noise_is_not_repaired_by_fitting_it():
    """With few draws a batch prior is noise, and the judge is not fooled because it saw other pictures."""
    every = answered(audit_rounds(named("scripted:fair"), AuditSettings(protocol="sampled", samples=20, per_cond=2)))
    rows = [row for row in every if row.picture.scene]
    found = {one.name: one for one in calibration.judge(rows, None, 20)}
    assert "contextual" not in found
    assert found["batch"].distance.value > 0.9 * found["none"].distance.value


def test_the_colour_is_judged_after_the_choice_was_moved():
    found = judged("hasty", task="color", per_cond=2)
    for one in found.values():
        assert one.accuracy is not None and one.accuracy.value == pytest.approx(0.7)
    assert judged("fair", per_cond=2)["none"].accuracy is None


def test_priors_have_mean_one_and_divide_to_probabilities():
    rows, blank = rows_of("loves-7", permute=True, per_cond=2)
    for name in calibration.NAMES[:-1]:
        prior = calibration.prior(name, rows, blank)
        assert prior.mean() == pytest.approx(1) and (prior > 0).all()
        assert calibration.apply(name, rows[0], prior).sum() == pytest.approx(1)
    assert calibration.prior("contextual", rows, blank)[7] == pytest.approx(3 / 1.2)


def test_a_pure_digit_prior_is_recovered_whatever_company_digits_keep():
    """Against the planted weights, and against least squares over digits and layouts as one dense system."""
    rows, _ = rows_of("loves-7", permute=True, per_cond=4)
    prior = calibration.prior("pride", rows, None)
    assert prior[7] / np.delete(prior, 7) == pytest.approx(np.full(9, 3.0), rel=1e-9)
    layouts = sorted({row.picture.layout for row in rows})
    design = np.zeros((4 * len(rows), 10 + len(layouts)))
    logs = np.concatenate([np.log(row.p) for row in rows])
    cells = [(digit, 10 + layouts.index(row.picture.layout)) for row in rows for digit in row.shown]
    for number, columns in enumerate(cells):
        design[number, list(columns)] = 1
    theirs = np.linalg.lstsq(design, logs, rcond=None)[0][:10]
    assert np.log(prior) - np.log(prior).mean() == pytest.approx(theirs - theirs.mean(), abs=1e-9)
    assert judged("loves-7", permute=True, per_cond=8)["pride"].distance.value < 1e-9


def test_digits_that_were_never_compared_keep_a_prior_of_one():
    rows, _ = rows_of("loves-7", permute=True, per_cond=1, conditions=("sym",))
    prior = calibration.prior("pride", rows, None)
    unseen = sorted(set(range(10)) - set(rows[0].shown))
    assert prior[unseen] == pytest.approx(np.full(len(unseen), prior[unseen[0]]))


def test_one_layout_cannot_be_split():
    report = audit("scripted:fair", per_cond=1, conditions=("sym",))
    assert report.calibrations == () and report.effects == ()
    assert np.isfinite(report.summary["mean_entropy"])
