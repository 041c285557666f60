"""What an audit reports, recomputed from its definition: tests, bands, effects, parsing, seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny_vlms
from PIL import Image
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tts_playground import randomness
from tts_playground.auditing import calibration, colour, report, scripted
from tts_playground.auditing import choice as protocols
from tts_playground.auditing import statistics as s
from tts_playground.auditing.choosers import ChoiceQuestion
from tts_playground.auditing.effects import design, effects, fit, gains, lifts
from tts_playground.auditing.parsing import read_digit, read_digit_and_color, read_list
from tts_playground.auditing.pictures import pictures
from tts_playground.auditing.rows import AuditRow, facts
from tts_playground.auditing.run import answered, ask, audit_rounds, signature
from tts_playground.auditing.scripted import ScriptedChooser, named
from tts_playground.auditing.settings import AuditSettings
from tts_playground.auditing.vision import VisionChooser
from tts_playground.models.loading import Loaded, Options
from tts_playground.models.vlm.model import Vlm
from tts_playground.worlds.choices import choice, planted

PICTURES = pictures(("sym", "size"), 6, 4, permute=False, seed=3)


def rows_of(name, **settings):
    rows = answered(audit_rounds(named(f"scripted:{name}"), AuditSettings(**settings)))
    return [row for row in rows if row.picture.scene]


# ------------------------------------------------------------------------------------------------------ statistics


@pytest.mark.parametrize("n", [5, 8, 9])
def test_few_picks_have_the_p_value_of_enumeration(n):
    """Two cells: every outcome and its binomial chance. Ties count, which the limit's p-value does not know of."""
    ones = np.arange(n + 1)
    found = s.chi_square(np.stack([ones, n - ones], axis=1))[1]
    chance, far = stats.binom.pmf(ones, n, 0.5), np.abs(ones - n / 2)
    exact = np.array([chance[far >= here - 1e-9].sum() for here in far])
    # 20,000 simulated pictures: four standard errors of at most 0.0035
    np.testing.assert_allclose(found, exact, atol=0.015)


def test_no_p_value_is_zero_and_no_picks_prove_nothing():
    assert s.chi_square([[16] + [0] * 8])[1][0] == pytest.approx(1 / (s.SIMULATED + 1))
    statistic, p_value = s.chi_square([[0, 0, 0], [3, 0, 0]])
    assert (statistic[0], p_value[0]) == (0.0, 1.0) and p_value[1] < 1


@pytest.mark.parametrize("n", [1, 3, 5, 21])
def test_a_median_that_is_met_exactly_is_the_quantile(n):
    assert s.binomial_quantile(0.5, n, 0.5) == (n - 1) / 2


def test_levels_and_seeds_of_intervals_are_passed_on():
    values = np.random.default_rng(0).exponential(size=20)
    wide, narrow = s.cluster_mean(values), s.cluster_mean(values, level=0.5)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert s.cluster_mean(values, seed=1) == s.cluster_mean(values, seed=1) != s.cluster_mean(values, seed=2)
    one, again, other = (s.cluster_weights(range(9), 5, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert (one.sum(axis=1) == 9).all() and (one == one.round()).all()


def noisy(count=24, seed=0):
    scenes = [choice(seed, i, ("sym", "size")[i % 2], 4) for i in range(count)]
    draws = randomness.generator("noisy", seed)
    return scenes, np.array([draws.multinomial(60, planted(scene)) / 60 for scene in scenes])


def test_intervals_of_effects_are_students_with_the_clusters_of_each_level():
    """Errors over random weights; times sqrt(m / (m - 1)) t, m clusters; Bonferroni over all levels at 99 %."""
    scenes, shares = noisy()
    found, plan = effects(scenes, shares, refits=40, seed=4), design(scenes)
    beta = fit(plan.x, shares, np.ones(len(scenes)))
    weights = s.cluster_weights(range(len(scenes)), 40, 4, fractional=True)
    betas = np.array([fit(plan.x, shares, w, beta) for w in weights])
    lift_errors, gain_errors = lifts(plan, betas).std(axis=0, ddof=1), gains(plan, betas).std(axis=0, ddof=1)
    for i, effect in enumerate(found):
        own = int(plan.has[i].any(axis=1).sum())
        assert effect.cells == plan.has[i].sum()
        if own < 3:
            continue
        few = np.sqrt(own / (own - 1))
        reach = few * stats.t.ppf(0.975, own - 1) * lift_errors[i]
        sure = few * stats.t.isf(0.01 / 2 / len(found), own - 1) * lift_errors[i]
        assert effect.high - effect.estimate == pytest.approx(reach, rel=1e-3)
        assert effect.sure_high - effect.estimate == pytest.approx(min(sure, 1.0), rel=1e-3)
        times = np.exp(few * stats.t.ppf(0.975, own - 1) * gain_errors[i])
        assert (effect.ratio_low, effect.ratio_high) == pytest.approx(
            (effect.ratio / times, effect.ratio * times), rel=1e-2
        )


def test_cells_are_counted_and_not_pictures():
    scenes = [choice(0, i, "sym", 9) for i in range(6)]
    found = effects(scenes, np.full((6, 9), 1 / 9), refits=3)
    colors = [cell.color for scene in scenes for cell in scene.cells]
    assert {e.level: e.cells for e in found if e.factor == "colour"} == {c: colors.count(c) for c in "RGBY"}
    assert len(colors) == 54


def test_effects_have_the_weights_of_their_seed():
    scenes, shares = noisy()
    one, again, other = (effects(scenes, shares, refits=20, seed=seed) for seed in (1, 1, 2))
    assert one == again and [e.estimate for e in one] == [e.estimate for e in other]
    assert [e.high for e in one] != [e.high for e in other]


# ------------------------------------------------------------------------------------------------------- protocols


def test_what_an_exact_chooser_leaves_unsaid_is_unreadable():
    for row in protocols.exact(named("scripted:hasty"), PICTURES):
        assert row.unreadable == pytest.approx(0.1) and row.valid == pytest.approx(0.9)


def test_draws_belong_to_their_seed_and_picture():
    fair = named("scripted:fair")
    own = [p for p in PICTURES if p.scene]
    for draw in (protocols.restricted, protocols.sampled, colour.sampled):
        one, again, other = (draw(fair, own, 40, seed=seed) for seed in (1, 1, 2))
        assert one == again and [r.digits for r in one] != [r.digits for r in other]
        assert len({tuple(r.picks) for r in one}) > 1, "pictures share no noise"


def test_only_what_could_not_be_read_is_kept_as_an_example():
    for row in protocols.sampled(named("scripted:hasty"), PICTURES, 80):
        assert row.examples == ("I cannot choose at random.",) and row.unreadable > 0
    for row in protocols.sampled(named("scripted:fair"), PICTURES, 20):
        assert row.examples == ()


def test_every_chosen_digit_has_its_colour_zero_too():
    rows = colour.sampled(named("scripted:fair"), PICTURES, 60, seed=1)
    assert sum(row.digits[0] for row in rows) > 0
    for row in rows:
        assert np.array(row.colours).sum(axis=1).tolist() == list(row.digits)


@pytest.mark.parametrize(
    ("reply", "digit"),
    [
        ("I pick 3, not 5", 3),
        ("I choose, after having looked at all of them for quite a long while now, 3 or 5", None),
        ("3 and 5", None),
        ("0", 0),
    ],
)
def test_the_digit_that_was_decided_on(reply, digit):
    assert read_digit(reply) == digit


def test_lists_are_cut_and_two_colours_are_none():
    assert read_list("1, 2, 3, 4", 2) == [1, 2] and read_list("1, 22, 3", 9) == [1, 3]
    assert read_digit_and_color("the digit is 3, a red or maybe blue one") == (3, None)
    assert read_digit_and_color("the digit is 3, and it was painted red") == (3, "R")


def vision():
    vlm = Vlm(*tiny_vlms.parts("tiny"))
    return VisionChooser(Loaded("t", "vlm", Options("cpu", "float32"), "1", vlm), 4)


def test_numbers_that_begin_one_another_share_no_chance():
    """1, 12 and 123 each without what goes on from it, and 1 not without 123 twice."""
    image, chooser = Image.new("RGB", (64, 64), "white"), vision()

    def chances(*options):
        return chooser.chances([ChoiceQuestion(lambda: image, "which number?", options)], 3.0)[0]

    (begins_1,), (begins_12,), (begins_123,) = chances("1"), chances("12"), chances("123")
    assert begins_1 > begins_12 > begins_123 > 0
    assert chances("1", "12", "123") == pytest.approx([begins_1 - begins_12, begins_12 - begins_123, begins_123])


def test_the_noise_of_replies_is_that_of_seed_and_question(monkeypatch):
    chooser, keys = vision(), []
    own = randomness.generator
    monkeypatch.setattr(randomness, "generator", lambda *key: keys.append(key) or own(*key))
    for seed in (1, 2):
        ask(chooser, AuditSettings(protocol="sampled", samples=2, seed=seed), PICTURES[:2])
    assert len(keys) == len(set(keys)) == 4


def test_a_file_is_of_one_chooser_and_one_set_of_questions():
    fair, seven = named("scripted:fair"), named("scripted:loves-7")
    drawn, exact = AuditSettings(protocol="sampled", samples=50), AuditSettings(samples=50)
    for other in (replace(drawn, samples=60), replace(drawn, seed=1), replace(drawn, temperature=2.0), exact):
        assert signature(fair, other) != signature(fair, drawn)
    assert signature(seven, drawn) != signature(fair, drawn)
    assert signature(fair, replace(drawn, per_cond=99)) == signature(fair, drawn), "more pictures go into one file"
    assert signature(fair, replace(exact, samples=60)) == signature(fair, exact), "N does not matter to exact ones"
    assert AuditSettings(protocol="list", samples=200).samples == 200


# ---------------------------------------------------------------------------------------------------------- report


def test_the_summary_of_draws_is_scipys_and_statsmodels():
    rows = rows_of("loves-7", protocol="sampled", samples=120, per_cond=5)
    found = report.summary("all", rows, 120)
    tests = [stats.chisquare(row.picks) for row in rows]
    v = np.array([test.statistic for test in tests])
    assert found["mean_cramers_v"] == pytest.approx(np.sqrt(v / 360).mean())
    assert found["mean_cramers_v_corrected"] == pytest.approx(np.sqrt(np.maximum(v - 3, 0) / 360).mean())
    p_values = [test.pvalue for test in tests]
    assert found["reject_rate_chi2"] == np.mean(np.array(p_values) < 0.01)
    assert found["reject_rate_holm"] == multipletests(p_values, 0.01, "holm")[0].mean()
    assert found["mean_p_special"] == pytest.approx(np.mean([row.picks[0] / row.picks.sum() for row in rows]))
    assert any(0.01 < p < 0.05 for p in p_values), "so that the level matters"


def test_a_mute_picture_counts_among_all_replies_and_not_among_the_valid():
    rows = rows_of("hasty", task="color", protocol="sampled", samples=60, per_cond=1)
    mute = AuditRow(rows[0].picture, "sampled", 60, (0.0,) * 10, ((0.0,) * 4,) * 10, 60.0)
    assert mute.p.tolist() == [0.25] * 4 and mute.valid == 0
    found = report.summary("all", [mute, *rows[1:]], 60)
    right = [sum(row.colours[c.digit]["RGBY".index(c.color)] for c in row.picture.scene.cells) for row in rows[1:]]
    assert found["mean_joint_accuracy_all"] == pytest.approx(sum(right) / 60 / len(rows))
    valid = [count / row.picks.sum() for count, row in zip(right, rows[1:], strict=True)]
    assert found["mean_joint_accuracy_valid"] == pytest.approx(np.mean(valid))


def test_bars_have_the_binomial_band_of_all_their_picks_and_heat_is_one_for_a_fair_die():
    rows = rows_of("fair", per_cond=4)
    for bar in report.bars(rows, "digit", 50):
        size = 50 * bar.cells
        ends = stats.binom.ppf([0.005, 0.995], size, 0.25) / size
        assert (bar.low, bar.high) == pytest.approx(tuple(ends)) and bar.share == pytest.approx(0.25)
    ratio, cells = report.heat(rows)
    assert ratio[cells > 0] == pytest.approx(1.0)


def test_another_temperature_keeps_what_was_valid_and_the_colours_of_each_digit():
    one = ScriptedChooser("scripted:one", lambda label, cell: 1.0 + int(label), 0.7, 0.1)
    for row in answered(audit_rounds(one, AuditSettings(task="color", per_cond=1)))[1:]:
        cold = report.tempered(row, 0.3)
        assert cold.valid == pytest.approx(row.valid) == pytest.approx(0.9) and cold.p != pytest.approx(row.p, abs=0.05)
        for one in (row, cold):
            assert one.right / one.picks == pytest.approx([0.7] * 4)
        assert report.tempered(row, 0.5).p == pytest.approx(row.p**2 / (row.p**2).sum())


def test_a_row_states_power_for_the_n_it_is_asked_for():
    rows = [row for row in rows_of("loves-7", per_cond=6, conditions=("sym",)) if 7 in row.shown]
    shift = 4 * ((np.array([0.5, 1 / 6, 1 / 6, 1 / 6]) - 0.25) ** 2).sum()
    for n in (20, 200):
        wanted = stats.ncx2.sf(stats.chi2.isf(0.01, 3), 3, n * shift)
        assert rows and [facts(row, n)["power"] for row in rows] == pytest.approx([wanted] * len(rows), abs=1e-9)


def test_calibrations_state_rejections_for_the_draws_they_are_told_and_layouts_are_clusters():
    rows = rows_of("loves-7", permute=True, per_cond=3)
    few, many = ({one.name: one for one in calibration.judge(rows, None, n)}["none"] for n in (30, 3000))
    assert few.rejected.value == pytest.approx(s.power(np.array([row.p for row in rows]), 30).mean())
    assert many.rejected.value > few.rejected.value
    halves = calibration.split(rows)
    order = [row for half in halves for row in half]
    wanted = s.cluster_mean(
        s.total_variation(np.array([row.p for row in order])), [row.picture.layout for row in order]
    )
    assert (few.distance.low, few.distance.high) == pytest.approx((wanted.low, wanted.high))


def test_a_dislike_is_told_like_a_liking():
    shy = ScriptedChooser("scripted:shy-of-7", lambda label, cell: 0.2 if label == "7" else 1.0)
    said = report.analyze(answered(audit_rounds(shy, AuditSettings(per_cond=6)))).verdict
    assert "does not choose uniformly" in said[0] and "picks 7 about 0.20 times" in said[1]


def test_what_may_be_noise_is_not_told_as_a_cause():
    rows = rows_of("fair", protocol="sampled", samples=12, per_cond=3)
    found = report.analyze(rows, refits=60)
    assert max(abs(effect.estimate) for effect in found.effects) > 0.04
    assert not any(effect.sure for effect in found.effects) and not any("picks" in line[:9] for line in found.verdict)


def test_a_scripted_choosers_wrong_colours_share_the_rest():
    half = ScriptedChooser("scripted:half", scripted._fair, colour_skill=0.4)
    for row in colour.exact(half, [p for p in PICTURES if p.scene]):
        for cell in row.picture.scene.cells:
            given = np.array(row.colours[cell.digit]) / row.digits[cell.digit]
            assert sorted(given) == pytest.approx([0.2, 0.2, 0.2, 0.4])
            assert given["RGBY".index(cell.color)] == pytest.approx(0.4)


class Painter(ScriptedChooser):
    """Loves red cells three times and blue ones twice as readily as others; calls red blue, and all others right."""

    def __init__(self):
        super().__init__(
            "scripted:painter", lambda label, cell: {"R": 3.0, "B": 2.0}.get(cell.color if cell else "", 1.0)
        )

    def _colour(self, option, cells):
        label, _, letter = option.partition(" ")
        if label not in cells or not letter:
            return 1.0 if not letter else 0.25
        return float(letter == ("B" if cells[label].color == "R" else cells[label].color))


def painted(**settings):
    return answered(audit_rounds(Painter(), AuditSettings(**settings)))


def test_a_level_is_compared_with_the_median_of_its_others():
    rows = [row for row in painted(per_cond=8) if row.picture.scene]
    found = effects([row.picture.scene for row in rows], np.array([row.p for row in rows]), refits=5)
    ratios = {e.level: e.ratio for e in found if e.factor == "colour"}
    assert ratios == pytest.approx({"R": 3.0, "G": 0.5, "B": 2.0, "Y": 0.5}, rel=0.01)


def test_an_effect_is_what_the_chance_would_lose_with_a_typical_level():
    """A beloved 7 among four: one half instead of one quarter."""
    rows = rows_of("loves-7", per_cond=8)
    found = effects([row.picture.scene for row in rows], np.array([row.p for row in rows]), refits=5)
    (seven,) = [e for e in found if (e.factor, e.level) == ("digit", "7")]
    assert seven.estimate == pytest.approx(0.25, abs=0.002)


def test_rows_of_a_confusion_are_what_is_there_and_columns_what_is_said():
    table = colour.confusion(painted(task="color", per_cond=6))
    assert table == pytest.approx(np.array([[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], float))


def test_moving_the_choice_moves_the_accuracy():
    """Red is loved and always called wrong: a fair choice would be right more often."""
    rows = [row for row in painted(task="color", per_cond=4) if row.picture.scene]
    found = {one.name: one for one in calibration.judge(rows, None, 100)}
    for name, weigh in (("none", {"R": 3.0, "B": 2.0}), ("oracle", {})):
        right = []
        for row in rows:
            colors = [cell.color for cell in row.picture.scene.cells]
            p = np.array([weigh.get(c, 1.0) for c in colors])
            right.append(sum(p[i] for i, c in enumerate(colors) if c != "R") / p.sum())
        assert found[name].accuracy.value == pytest.approx(np.mean(right))
    assert found["oracle"].accuracy.value > found["none"].accuracy.value


def test_digits_that_were_never_shown_have_the_prior_of_a_fair_one():
    rows = rows_of("fair", per_cond=1, conditions=("sym", "size"))
    assert len({digit for row in rows for digit in row.shown}) < 10
    assert calibration.prior("batch", rows, None) == pytest.approx(np.ones(10))


def test_an_option_is_spelt_with_and_without_a_space_before_it():
    """A tokenizer of single characters, which tells them apart; those of the random models drop the space."""

    class Characters:
        class tokenizer:
            unk_token_id = -1

        def chat(self, prompt):
            return f"<{prompt}>"

        def tokens(self, text):
            return [ord(letter) for letter in text]

    chooser = VisionChooser(Loaded("c", "vlm", Options("cpu"), "1", Characters()))  # type: ignore[arg-type]
    spelt = chooser._spellings(ChoiceQuestion(lambda: Image.new("RGB", (4, 4)), "which?", ("7", "12")))
    assert spelt == [[(32, 55), (55,)], [(32, 49, 50), (49, 50)]]
