"""Every strategy is in every menu where it fits, with a name for people and a clause on what it does."""

from types import SimpleNamespace

import pytest
import tiny_vlms

from tts_playground import registry
from tts_playground.errors import BadInput
from tts_playground.experiments.comparison import comparable
from tts_playground.pages import menu
from tts_playground.pages.sketch import strategy_comparison
from tts_playground.pages.vqa import step_search
from tts_playground.tasks.sketch import SketchSettings, SketchTask
from tts_playground.ui import shell

NAMES = (
    "best-of-n", "beam", "dvts", "rebase", "mcts", "best-first", "stage-beam", "revision", "tournament", "lookahead",
    "adaptive", "confidence", "budget-forcing", "simulate", "smc",
)  # fmt: skip
MENUS = {
    "t2i-strategies": ("t2i", False),
    "vqa-steps-strategy": ("vqa", False),
    "sketch-strategy": ("sketch", True),
    "sketch-contest-strategies": ("sketch", False),
}
"""elem_id -> whose strategies it lists, and whether best-of-N is one of them"""


@pytest.fixture(scope="module")
def parts(image_model, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTS_PLAYGROUND_VLM_MODEL", str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm"))))
        app = shell.build()
        yield {part["props"].get("elem_id"): part["props"] for part in app.config["components"]}
        app.close()


@pytest.mark.parametrize("menu_id", MENUS)
def test_menus_list_what_fits_in_the_order_of_the_registry(parts, menu_id):
    task, baseline = MENUS[menu_id]
    shown = [one[1] if isinstance(one, (list, tuple)) else one for one in parts[menu_id]["choices"]]
    assert shown == [row.name for row in registry.entries("strategy", task) if baseline or row.name != "best-of-n"]


def test_all_are_registered_with_words_for_people():
    rows = {row.name: row for row in registry.entries("strategy")}
    assert set(NAMES) <= set(rows)
    for row in rows.values():
        assert row.label and row.summary and len(row.summary) <= 90 and not row.summary.endswith(".")
    assert len({row.label for row in rows.values()}) == len(rows)


@pytest.mark.parametrize("task", ["t2i", "vqa", "sketch"])
def test_hints_say_what_each_does(task):
    said = menu.explained(task)
    for row in registry.entries("strategy", task):
        assert row.summary in said.replace("&#x27;", "'")


def test_the_menu_of_step_searches_says_what_each_does():
    shown = {name: words for words, name in step_search.strategies()}
    assert set(shown) == set(comparable("vqa"))
    assert all(registry.entry("strategy", name).summary in words for name, words in shown.items())


def test_a_sketch_comparison_runs_what_is_chosen_and_the_sampler_can():
    from tts_playground.dsl.raster import render

    task, settings = SketchTask.of(render("(Circle 4 8 8)")), SketchSettings(n=2, seconds=30)
    *_, last = strategy_comparison.run(task, settings, ["dvts", "revision"])
    assert {run.label for run in last.runs} == {"dvts", "revision"}
    for chosen, words in (([], "at least one strategy"), (["parm"], "not for programs")):
        with pytest.raises(BadInput, match=words):
            list(strategy_comparison.run(task, settings, chosen))
    with pytest.raises(BadInput, match="pauses between steps"):
        next(strategy_comparison.run(task, SketchSettings(sampler=f"{__name__}:OnlyDraws", n=2), ["beam"]))


class OnlyDraws(SimpleNamespace):
    """A sampler of programs that only draws."""

    def __init__(self, temperature=1.0):
        super().__init__()

    def fingerprint(self):
        return {}

    def draw(self, task, indices, *, seed=0):
        return iter(())
