"""Effects: planted ones are recovered, absent ones are not found, and a peer's conditional logit agrees."""

import numpy as np
import pytest

from tts_playground.auditing.effects import design, effects, fit, levels_of
from tts_playground.errors import BadInput
from tts_playground.randomness import generator
from tts_playground.worlds.choices import CENTERED, CONDITIONS, LARGE, SEVEN, choice, permuted, planted


def scenes_of(count, k=4, conditions=tuple(CONDITIONS), seed=0):
    return [choice(seed, i, conditions[i % len(conditions)], k) for i in range(count)]


def by_name(found):
    return {(effect.factor, effect.level): effect for effect in found}


def test_the_planted_preference_is_recovered_and_nothing_else():
    scenes = scenes_of(60)
    found = by_name(effects(scenes, np.array([planted(scene) for scene in scenes])))
    assert found["digit", "7"].ratio == pytest.approx(SEVEN, rel=0.01)
    assert found["condition", "size"].ratio == pytest.approx(LARGE, rel=0.01)
    assert found["condition", "center"].ratio == pytest.approx(CENTERED, rel=0.01)
    planted_levels = {("digit", "7"), ("condition", "size"), ("condition", "center")}
    for name, effect in found.items():
        assert effect.low <= effect.estimate <= effect.high
        assert effect.sure_low <= effect.low and effect.high <= effect.sure_high
        if name in planted_levels:
            assert effect.estimate > 0.04
        else:
            assert abs(effect.estimate) < 0.002


def test_the_middle_is_a_place_where_it_is_always_filled():
    scenes = scenes_of(40, 9)
    found = by_name(effects(scenes, np.array([planted(scene) for scene in scenes])))
    assert ("condition", "center") not in found
    assert found["place", "middle"].ratio == pytest.approx(CENTERED, rel=0.01)


def test_permuted_layouts_are_clusters():
    layouts = scenes_of(20)
    scenes = [shifted for scene in layouts for shifted in permuted(scene)]
    draws = generator("layout noise")
    shares = []
    for _ in layouts:
        liking = np.exp(0.5 * draws.normal(size=4))  # of a cell of this layout, whatever digit stands in it
        shares += [liking / liking.sum()] * 4
    clustered = by_name(effects(scenes, np.array(shares), np.repeat(np.arange(20), 4)))
    pretended = by_name(effects(scenes, np.array(shares)))
    widths = [
        (one["colour", "R"].high - one["colour", "R"].low) / (one["colour", "R"].ratio + 1)
        for one in (clustered, pretended)
    ]
    assert widths[0] > 1.5 * widths[1]
    assert abs(clustered["digit", "3"].estimate) < 0.03


def test_of_fair_choosers_few_are_accused():
    accused = 0
    for trial in range(60):
        scenes = scenes_of(30, seed=trial)
        drawn = generator(trial, "fair effects").multinomial(200, np.full(4, 0.25), size=30) / 200
        accused += any(effect.sure for effect in effects(scenes, drawn, refits=100))
    assert accused <= 4  # 1 % at once over all levels: 0.6 expected


def test_intervals_of_a_ratio_cover_it():
    hits = 0
    for trial in range(60):
        scenes = scenes_of(30, seed=100 + trial)
        rows = generator(trial, "cover")
        shares = np.array([rows.multinomial(200, planted(scene)) / 200 for scene in scenes])
        seven = by_name(effects(scenes, shares, refits=100)).get(("digit", "7"))
        hits += seven is None or seven.ratio_low <= 2.0 <= seven.ratio_high
    assert hits >= 52


def test_the_fit_is_statsmodels_conditional_logit():
    from statsmodels.discrete.conditional_models import ConditionalLogit

    scenes = scenes_of(200, conditions=("sym",))
    rows = generator("one pick each")
    picks = np.array([rows.multinomial(1, planted(scene)) for scene in scenes], np.float64)
    plan = design(scenes)
    keep = [i for i, (factor, _) in enumerate(plan.levels) if factor != "condition"]
    x = plan.x[:, :, : plan.basis[keep].any(axis=0).sum()]
    ours = fit(x, picks, np.ones(len(scenes)))
    groups = np.repeat(np.arange(len(scenes)), 4)
    theirs = ConditionalLogit(picks.ravel(), x.reshape(-1, x.shape[2]), groups=groups).fit(disp=False)
    assert ours == pytest.approx(theirs.params, abs=2e-2)


def test_a_digit_that_is_always_picked_has_a_finite_effect():
    scenes = scenes_of(40, conditions=("sym",))
    shares = np.array([[d == min(scene.digits) for d in scene.digits] for scene in scenes], np.float64)
    for effect in effects(scenes, shares):
        assert np.isfinite([effect.estimate, effect.low, effect.high, effect.ratio, effect.ratio_high]).all()
        assert -1 <= effect.low <= effect.high <= 1


def test_levels_of_a_special_cell():
    row = levels_of([choice(0, 0, "center"), choice(0, 1)])[0]
    assert "place" not in row[0] and row[0]["condition"] == "center"
    assert "condition" not in row[1]


def test_one_picture_is_too_few():
    scene = choice(0, 0)
    with pytest.raises(BadInput, match="two different"):
        effects([scene], np.full((1, 4), 0.25))
    with pytest.raises(BadInput, match="same number"):
        effects([scene, choice(0, 1, k=5)], np.full((2, 4), 0.25))
