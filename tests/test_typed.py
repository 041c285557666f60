"""Arguments and settings of a wrong type are one sentence, wherever they are given."""

import math
from dataclasses import dataclass, fields
from importlib import import_module

import numpy as np
import pytest

import tts_playground
from tts_playground.assignment import evolve
from tts_playground.auditing.settings import AuditSettings
from tts_playground.core import Budget
from tts_playground.errors import BadInput
from tts_playground.evolve.evolution import EvolutionPlan
from tts_playground.experiments.prompts import compare_prompts
from tts_playground.gateway import catalogue
from tts_playground.models.loading import Options
from tts_playground.samplers.image_paths import ImageSettings
from tts_playground.samplers.programs import ProgramSampler
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.scoring import score_picture
from tts_playground.tasks.sketch import SketchSettings
from tts_playground.tasks.vqa import VqaTask
from tts_playground.train.finetune.trainer import Tuning
from tts_playground.typed import typed, value_of

NAMES = {"best_of_n": "BestOfN", "refine": "Refine", "smc": "SMC", "beam": "Beam", "parm": "PARM", "gridar": "GridAR"}
STRATEGIES = {**NAMES, "suffix": "Suffix"}
CLASSES = [
    *(getattr(import_module(f"tts_playground.strategies.{m}"), c) for m, c in STRATEGIES.items()),
    *(AuditSettings, Budget, EvolutionPlan, Options, AnswerSettings, ImageSettings, ProgramSampler, ProposalSampler),
    *(SketchSettings, Tuning),
]
WRONG = ["x", [], {}, object(), math.nan, b"x", "\ud800", 1j, "5"]


@pytest.mark.parametrize("settings", CLASSES, ids=lambda one: f"{one.__module__.split('.')[-1]}.{one.__name__}")
def test_settings_check_their_types(settings):
    for one in fields(settings):
        for wrong in WRONG if one.type in ("int", "float", "bool") else ():
            with pytest.raises(BadInput, match=f"{one.name} must be (a|True)"):
                settings(**{one.name: wrong})


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tts_playground.generate(3, n="x"), "prompt must be a text, not 3"),  # type: ignore[arg-type]
        (lambda: tts_playground.generate("a cat", n="x"), "n must be a whole number, not 'x'"),  # type: ignore[arg-type]
        (lambda: tts_playground.generate("a cat", n=2.5), "n must be a whole number, not 2.5"),  # type: ignore[arg-type]
        (lambda: tts_playground.generate("a cat", seed=None), "seed must be a whole number, not None"),  # type: ignore[arg-type]
        (lambda: tts_playground.generate("a cat", model=5), "model must be a text or None"),  # type: ignore[arg-type]
        (lambda: tts_playground.generate("a cat", reward=5), "reward"),  # type: ignore[arg-type]
        (lambda: tts_playground.generate("a cat", temperature=[1]), "a list"),  # type: ignore[arg-type]
        (lambda: tts_playground.sketch(None), "not NoneType"),
        (lambda: tts_playground.sketch(np.zeros((4, 4), bool), n="x"), "n must be a whole number"),  # type: ignore[arg-type]
        (lambda: tts_playground.sketch(np.zeros((4, 4), bool), outline=3), "one of auto, fill, keep"),  # type: ignore[arg-type]
        (lambda: tts_playground.sketch(np.eye(4, dtype=bool), sampler="~nouser/x"), "no home folder"),
        (lambda: tts_playground.sketch(np.eye(4, dtype=bool), sampler="os:system"), "os:system"),
        (lambda: tts_playground.answer(5, "what?"), "not int"),
        (lambda: tts_playground.answer(np.zeros((4, 4)), 5), "question must be a text"),  # type: ignore[arg-type]
        (lambda: tts_playground.answer(np.zeros((4, 4)), "what?", n=10**400), "n is"),
        (lambda: tts_playground.answer(np.zeros((4, 4)), "what?", template=5), "template"),  # type: ignore[arg-type]
        (lambda: tts_playground.answer(np.zeros((4, 4)), "what?", answers="wed"), "answers must be a list of texts"),
        (lambda: VqaTask.of(np.zeros((4, 4)), "what?", "wed"), "answers must be a list of texts, not a text; write"),
        (lambda: score_picture(np.zeros((4, 4)), "a cat", "clip"), "rewards must be a list of texts"),
        (lambda: compare_prompts("a cat", None, None), "prompts must be a list of texts"),  # type: ignore[arg-type]
        (lambda: catalogue.read("tiny:math"), "models must be a list of texts"),
        (lambda: evolve(None, "(Circle 1 8 8)", set(), 4), "seed_programs must be a list"),  # type: ignore[arg-type]
        (lambda: evolve(None, [], "(Circle 1 8 8)", 4), "barred_programs must be a list"),  # type: ignore[arg-type]
        (lambda: tts_playground.audit(5), "model"),  # type: ignore[arg-type]
        (lambda: tts_playground.audit("scripted:loves-7", k="x"), "k must be a whole number"),
    ],
)
def test_the_library_says_what_is_wrong_with_an_argument(call, says):
    with pytest.raises(BadInput, match=says) as caught:
        call()
    assert len(str(caught.value)) < 300


def test_numbers_of_other_kinds_are_taken():
    settings = ImageSettings(np.float32(0.5), 2, 1, np.int64(7))  # type: ignore[arg-type]
    assert settings == ImageSettings(0.5, 2.0, 1.0, 7)
    assert [type(getattr(settings, one.name)) for one in fields(settings)] == [float, float, float, int]
    assert SketchSettings(n=5.0).n == 5  # type: ignore[arg-type]
    assert Budget(seconds=math.inf).seconds == math.inf
    assert AuditSettings(conditions=["sym"]).conditions == ("sym",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "hint", "found"),
    [(np.True_, bool, True), (3, int | None, 3), (None, int | None, None), ([1, 2.5], tuple[float, ...], (1.0, 2.5))],
)
def test_values_become_what_the_hint_says(value, hint, found):
    given = value_of("it", value, hint)
    assert (given, type(given)) == (found, type(found))


def test_what_settings_share_is_checked_for_each_of_them():
    @dataclass(frozen=True)
    class Shared:
        width: int = 8

        def __post_init__(self) -> None:
            if self.width < 1:
                raise BadInput("width is at least 1.")

    @dataclass(frozen=True)
    @typed
    class Own(Shared):
        depth: int = 2

    assert Own(4.0, 3).width == 4  # pyright: ignore - a whole number
    with pytest.raises(BadInput, match="at least 1"):
        Own(0)
    with pytest.raises(BadInput, match="depth must be a whole number"):
        Own(depth="deep")  # pyright: ignore - that is the fault
