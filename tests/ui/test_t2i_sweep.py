"""The temperature x guidance sweep of a page, and what its captions say."""

from dataclasses import replace

import pytest

from tts_playground import figures
from tts_playground.core import Progress
from tts_playground.experiments import sweeps
from tts_playground.pages.t2i import image_repository, sweep
from tts_playground.store import starters


@pytest.fixture
def small(monkeypatch):
    """Two temperatures and three guidances."""
    monkeypatch.setattr(sweeps.cells, "__defaults__", ((0.0001, 1.3), (1.0, 3.0, 100.0)))


def test_one_click_draws_every_cell_and_a_second_reads_them(view, small, monkeypatch):
    steps = list(sweep.draw("page", view, 2))
    found = steps[-1]
    assert isinstance(found, sweep.Sweep) and isinstance(steps[0], Progress)
    assert [(c.temperature, c.cfg) for c in found.cells] == [(t, s) for t in (0.0001, 1.3) for s in (1.0, 3.0, 100.0)]
    assert all(len(cell.rewards) == 2 for cell in found.cells)
    monkeypatch.setattr("tts_playground.samplers.image_tokens.ImageTokens.stream", None)
    assert list(sweep.draw("page", view, 2)) == [found]


def test_greedy_cells_are_one_image_and_the_caption_says_why(view, small):
    *_, found = sweep.draw("page", view, 2)
    assert isinstance(found, sweep.Sweep)
    cold, hot = found.cells[:3], found.cells[3:]
    assert all(cell.diversity == 0 for cell in cold) and max(cell.diversity for cell in hot) > 0
    assert len({found.looks[0].files[i] for i in range(2)}) == 1
    words = sweep.explained(found)
    assert "greedy" in words and "same image" in words and "CFG = 100" in words and "T = 1.3" in words
    assert f"one draw is worth {sum(hot[0].rewards) / 2:.3g} on average" in words  # at CFG = 1, beside CFG = 3


def test_cells_share_their_noise_with_the_page(view, small):
    *_, found = sweep.draw("page", view, 2)
    assert isinstance(found, sweep.Sweep)
    own = replace(view, temperature=1.3, cfg=3.0)
    assert image_repository.look(own).files[:2] == found.looks[4].files[:2]


def test_figures_have_a_line_and_a_dot_a_cell(view, small):
    *_, found = sweep.draw("page", view, 2)
    assert isinstance(found, sweep.Sweep)
    lines = [t for t in figures.sweep_curves(found.cells, "sharpness").data if t.x[0] is not None]
    assert len(lines) == 6 and len({(t.line.color, t.line.dash) for t in lines}) == 6
    dots = [t for t in figures.diversity_against_reward(found.cells, "sharpness").data if t.mode == "markers"]
    assert sum(len(t.x) for t in dots) == 12
    assert "No sweep" in figures.sweep_curves([], "x").layout.annotations[0].text
    assert sweep.grid(found, True).count("<img") == 6 and "No sweep" in sweep.grid(None, True)


def test_the_map_and_the_grid_follow_the_reward_and_ties_go_to_the_other(view, small):
    *_, found = sweep.draw("page", view, 2)
    assert isinstance(found, sweep.Sweep) and found.rewards[0] == "sharpness" and "colourfulness" in found.rewards
    other = found.by("colourfulness")
    assert other.cells[0].rewards == found.looks[0].scores["colourfulness"][:2] and found.by("nosuch") is found
    field = figures.sweep_map(found.cells, "sharpness", best=True).data[0]
    assert field.z[1][2] == max(found.cells[5].rewards) and field.meta["grid"][1][2] == "cell-5"
    assert "One draw is best at T " in sweep.conclusion(found) and 'data-marks="cell-5"' in sweep.grid(found, True)
    equal = replace(found.looks[3], scores={"sharpness": (1.0, 1.0), "colourfulness": (2.0, 3.0)})
    assert equal.ranked() == [1, 0]


def test_the_tab_opens_on_the_starters(view, small, tmp_path, monkeypatch):
    pools = [image_repository.adopted(one) for one in sweep.views(view)]
    list(sweep.draw("page", view, 2))
    starters.write(image_repository.SWEEP, [pool.snapshot() for pool in pools], tmp_path)
    starters.write(image_repository.NAME, [pools[4].snapshot()], tmp_path)
    monkeypatch.setattr("tts_playground.home.STARTERS", tmp_path)
    monkeypatch.setattr("tts_playground.models.loading.load", None)
    monkeypatch.setattr("tts_playground.models.hub.identity.named", None)
    opened = sweep.opening(view)
    assert opened is not None and len(opened.cells) == 6
    look = image_repository.opening(view)
    assert look.size >= 2 and (look.view.temperature, look.view.cfg) == (1.3, 3.0)
    starters.load.cache_clear()
