"""One line of registration, and a plug-in is in the menus, on the command line, in the comparison and in the docs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tts_playground import registry
from tts_playground.cli import main
from tts_playground.core import Budget, Cost
from tts_playground.errors import BadInput
from tts_playground.experiments.comparison import ComparisonPlan, comparable, compare, named
from tts_playground.pages import menu
from tts_playground.pages.sketch import view_settings
from tts_playground.pages.vqa import step_search
from tts_playground.registry.listing import page
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.tasks.image_rewards import rewards_here, title_of
from tts_playground.tasks.sketch import sketch
from tts_playground.tasks.solving import lm_sampler
from tts_playground.tasks.text_to_image import generate, image_sampler
from tts_playground.testing import ScriptedSampler, TableReward, TextTask, check_strategy

DOCS = Path(__file__).parents[2] / "docs" / "plug-ins.md"


@dataclass(frozen=True)
class TwoThirds(BestOfN):
    """A strategy from outside."""


@dataclass(frozen=True)
class Brightness:
    """A reward from outside: how bright a picture is."""

    name = "brightness"
    revision = "1"
    unit_cost = Cost()

    def score(self, task, samples):
        return [float(sum(sample.content.convert("L").resize((1, 1)).getdata())) for sample in samples]


@dataclass(frozen=True)
class Doodles(ScriptedSampler):
    """A sampler from outside."""

    temperature: float = 1.0


@pytest.fixture
def outsiders() -> Iterator[None]:
    registry.register("strategy", "two-thirds", f"{__name__}:TwoThirds", label="two thirds", needs="Sampler")
    registry.register("reward", "brightness", f"{__name__}:Brightness", label="brightness", tasks=("t2i",))
    registry.register("sampler", "doodles", f"{__name__}:Doodles", tasks=("sketch",))
    yield
    for kind, name in (("strategy", "two-thirds"), ("reward", "brightness"), ("sampler", "doodles")):
        registry.unregister(kind, name)


def test_menus_show_what_was_registered(outsiders):
    assert ("two thirds", "two-thirds") in menu.strategies("sketch")
    assert ("two thirds", "two-thirds") in step_search.strategies()
    assert "two thirds" in menu.explained("t2i")
    assert "two-thirds" in view_settings.offered("strategy") and "doodles" in view_settings.offered("sampler")
    assert "brightness" in rewards_here() and title_of("brightness") == "brightness"


def test_the_library_runs_it_by_name(outsiders, tmp_path):
    from PIL import Image, ImageDraw

    picture = Image.new("L", (64, 64), 255)
    ImageDraw.Draw(picture).ellipse((10, 10, 50, 50), fill=0)
    found = sketch(picture, strategy="two-thirds", n=3, seconds=20.0)
    assert found.cost.samples == 3


def test_the_comparison_takes_it(outsiders):
    assert {"two-thirds"} <= set(comparable("t2i")) & set(comparable("sketch"))
    letters = TableReward({"a": 1.0, "b": 2.0})
    chosen = named("sketch", ["two-thirds"], ScriptedSampler())
    *_, last = compare([TextTask()], ScriptedSampler(), chosen, letters, letters, ComparisonPlan((2,), seeds=2, pool=4))
    assert [point.label for point in last.points] == ["two-thirds"]


def test_the_command_line_names_it(outsiders, capsys):
    from tts_playground.cli import main

    with pytest.raises(SystemExit):
        main(["compare", "a cat", "--strategies", "two-third"])
    assert "two-thirds" in capsys.readouterr().err


@pytest.mark.parametrize("row", registry.entries("strategy"), ids=lambda row: row.name)
def test_every_registered_strategy_keeps_the_laws(row):
    letters = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})
    strategy = registry.resolve("strategy", row.name)
    check_strategy(strategy, TextTask(), ScriptedSampler(), letters, budget=Budget(samples=13, tokens=90))


def test_the_page_in_the_docs_is_the_registry():
    assert DOCS.read_text(encoding="utf-8") == page(), "python -m tts_playground.registry.listing > docs/plug-ins.md"


class Wordless:
    """No sampler."""


def test_a_sampler_that_nobody_registered_is_named_by_its_module_where_a_model_is(tmp_path, capsys, monkeypatch):
    """From Python and the command line; never in what the app serves."""
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    named = "outside_plugins:Paintings"
    found = generate("a red square", model=named, n=2, reward="", temperature=0.5)
    assert len(found.images) == 2
    with pytest.raises(SystemExit) as left:
        main(["generate", "a red square", "--model", named, "--reward", "", "--n", "2", "--json"])
    assert left.value.code == 0 and json.loads(capsys.readouterr().out)["cost"]["samples"] == 2
    for wrong, says in (
        ("outside_plugins:Painting", "Painting"),
        ("nobody:Paints", "which is not installed"),
        ("os:path", "is a module and no class"),
        (f"{__name__}:Wordless", "is no sampler"),
    ):
        with pytest.raises(BadInput, match=says):
            image_sampler(wrong)
    with registry.registered_only(), pytest.raises(BadInput, match="no folder"):
        image_sampler(named)
    with pytest.raises(BadInput, match="endpoint:MODEL@"):
        lm_sampler("endpoint:m")
