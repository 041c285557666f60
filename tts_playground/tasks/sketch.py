"""From a drawing to a program: the task, and ``sketch``, which ties picture, sampler, strategy and reward together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tts_playground import registry
from tts_playground.core import Budget, Cost, Keeper, Reward, Round, Sampler, Scored, Strategy
from tts_playground.dsl.drawings import overlap, unpack
from tts_playground.dsl.raster import render
from tts_playground.dsl.surgery import tidy
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput, shown
from tts_playground.home import expanded
from tts_playground.models.load_options import Options, for_no_model, options_of
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.programs import ProgramSampler
from tts_playground.tasks import engine
from tts_playground.tasks.drawing import SIDE, Outline, nothing_found, read_drawing
from tts_playground.typed import typed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image


GRAMMAR = "+grammar"
"""behind a model's name: it may only draw tokens that lead to a program"""


@dataclass(frozen=True, slots=True)
class SketchTask:
    """A drawing to be explained by a program."""

    mask: bytes
    """``side`` * ``side`` bits, row by row from the top, 1 is ink"""
    side: int = SIDE
    """pixels a side"""
    notes: tuple[str, ...] = ()
    """how the picture was read, in words; no part of the task's identity"""
    kind: ClassVar[str] = "sketch"

    @classmethod
    def of(cls, image: Any, *, outline: Outline = "auto", **limits: Any) -> SketchTask:
        """Read a picture; arguments and errors are those of ``read_drawing``. A task passes through unchanged."""
        if isinstance(image, SketchTask):
            return image
        ink = read_drawing(image, outline=outline, **limits)
        return cls(np.packbits(ink.mask).tobytes(), notes=ink.notes)

    def key(self) -> Mapping[str, Any]:
        """The kind, the side and the sha256 of the ink, by name."""
        return {"kind": self.kind, "side": self.side, "mask": hashlib.sha256(self.mask).hexdigest()}

    @property
    def ink(self) -> NDArray[np.bool_]:
        """(side, side), row 0 on top, True is ink; read-only."""
        return unpack(self.mask, self.side)

    @property
    def blank(self) -> bool:
        """Whether nothing is drawn."""
        return not any(self.mask)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SketchTask) and (self.mask, self.side) == (other.mask, other.side)

    def __hash__(self) -> int:
        return hash((self.mask, self.side))


@dataclass(frozen=True, slots=True)
@typed
class SketchSettings:
    """How to search; the fields are the arguments of ``sketch``.

    Raises:
        BadInput: ``n`` or ``seconds`` is out of its range.
    """

    sampler: str = "proposal"
    """registered name, "module:Class", or a model: its hub id or folder, or "adapter:NAME" (+grammar) """
    strategy: str = "refine"
    """registered name, or "module:Class" """
    n: int = 64
    """most candidate programs that are scored, 1-100,000"""
    temperature: float = 1.0
    """of the sampler; 0 is greedy"""
    outline: Outline = "auto"
    """whether thin closed loops are filled, see ``read_drawing``"""
    seconds: float = 2.0
    """safety cap on the search's wall-clock time, above 0"""
    seed: int = 0
    grammar: bool = False
    """whether a model may only draw tokens that lead to a program; "proposal" needs no grammar"""
    reward: str = "fit"
    """what guides the search: a registered reward or verifier, or "module:Class" """
    options: Options = field(default=Options())
    """how and where a model is loaded"""
    invert: bool | None = None
    """whether the drawing is light on dark; None decides by the picture"""
    crop: bool = False
    """whether the drawing takes up the whole canvas, wherever in the picture it is"""

    def __post_init__(self) -> None:
        if not 1 <= self.n <= 100_000:
            raise BadInput(f"n must be a whole number from 1 to 100,000, not {self.n}.")
        if not self.seconds > 0:
            raise BadInput(f"seconds must be above 0, not {self.seconds}.")


@dataclass(frozen=True, slots=True)
class Fitted:
    """How well the best program of a round explains the drawing."""

    program: Program
    """the best so far, the empty one before there is one"""
    iou: float
    """of its reference render with the drawing, 0-1"""
    f1: float
    """harmonic mean of precision and recall of the ink, 0-1"""


@dataclass(frozen=True, slots=True)
class SketchResult:
    """A program for a drawing; ``str(result.program)`` is its text."""

    program: Program
    iou: float
    """intersection over union of its reference render with the drawing at 256 px, 0-1"""
    f1: float
    raster: Image.Image
    """its reference render, 256 x 256 RGB"""
    rounds: tuple[Round, ...]
    cost: Cost
    stopped: str
    """why the search ended: "done", "blank" for a drawing without ink, or the limit that was hit, e.g. "seconds" """
    notes: tuple[str, ...] = ()
    """how the picture was read"""

    @property
    def seconds(self) -> float:
        """Wall-clock time of the search."""
        return self.cost.seconds

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "program": str(self.program),
            "iou": self.iou,
            "f1": self.f1,
            "seconds": self.seconds,
            "cost": self.cost.as_dict(),
            "stopped": self.stopped,
            "notes": list(self.notes),
        }


@typed
def sketch(
    image: Any,
    *,
    sampler: str = "proposal",
    strategy: str = "refine",
    n: int = 64,
    temperature: float = 1.0,
    outline: Outline = "auto",
    seconds: float = 2.0,
    seed: int = 0,
    grammar: bool = False,
    store: Keeper | None = None,
    reward: Reward | str | None = None,
    cancel: Cancel = never,
    invert: bool | None = None,
    crop: bool = False,
    dtype: str = "auto",
    load_in_4bit: bool = False,
    device: str = "auto",
    trust_code: str = "",
) -> SketchResult:
    """Find a short program whose picture is the drawing.

    Args:
        image: a path, bytes, a PIL image, an array, or a ``SketchTask``; see ``read_drawing``.
        sampler: a registered name, or a model's: "tiny:sketch", a hub id, a folder, "adapter:NAME".
        strategy: a registered name.
        n: most candidate programs that are scored; the same n and seed give the same result ...
        seconds: ... unless this safety cap is hit, in which case ``stopped`` is "seconds".
        temperature: of the sampler; 0 is greedy.
        outline: whether thin closed loops are filled: "auto", "fill" or "keep".
        grammar: whether a model may only draw tokens that lead to a program.
        store: where best-of-n reads candidates that are there and keeps those that it draws.
        reward: what guides: a registered name, or a reward; "fit" (IoU, less a price for every shape) if None.
        cancel: asked at every round.
        dtype, load_in_4bit, device: how and where to load a model; see ``models.load_options.Options``.
        trust_code: consent to run a repository's own code, "REPO@COMMIT" or "FOLDER@FINGERPRINT"; see
            ``models.trusted_code``.
        invert: whether the drawing is light on dark; None decides by the picture.
        crop: let the drawing take up the whole canvas, wherever in the picture it is.

    Raises:
        BadInput: the picture cannot be read or shows no drawing, or a setting is out of range.
        Cancelled: ``cancel()`` became true.
        StoreError: the store cannot be read or written.
    """
    options = options_of(device, dtype, load_in_4bit, trust_code)
    settings = SketchSettings(
        sampler, strategy, n, temperature, outline, seconds, seed, grammar, options=options, invert=invert, crop=crop
    )
    task = SketchTask.of(image, outline=outline, invert=invert, crop=crop)
    if task.blank and (why := nothing_found(task.notes)):
        raise BadInput(f"{why[0].upper()}{why[1:]}; give a picture with dark strokes on light paper, or the reverse.")
    stream = sketch_rounds(task, settings, store=store, cancel=cancel, reward=reward)
    rounds = tuple(one for one in stream if one.progress is None)
    last, found = rounds[-1], fitted(task, rounds[-1])
    picture = render(found.program, task.side)
    return SketchResult(found.program, found.iou, found.f1, picture, rounds, last.cost, last.stopped, task.notes)


def sketch_rounds(
    image: Any,
    settings: SketchSettings | None = None,
    *,
    store: Keeper | None = None,
    cancel: Cancel = never,
    reward: Reward | str | None = None,
) -> Iterator[Round]:
    """The search as it goes: its rounds, and best-of-n's reports between them. Close the generator to cancel.

    ``best`` of the last round holds the tidied program, where that explains the drawing as well (``fitted``).

    Args:
        image: as of ``sketch``, like ``store`` and ``cancel``.
        reward: instead of the one that the settings name.

    Raises:
        BadInput: a name is unknown, names do not fit together, or the picture cannot be read.
        Cancelled: ``cancel()`` became true. StoreError: the store cannot be read or written.
    """
    settings = settings or SketchSettings()
    task, (sampler, strategy) = (
        SketchTask.of(image, outline=settings.outline, invert=settings.invert, crop=settings.crop),
        _named(settings),
    )
    guide = _guide(settings.reward if reward is None else reward)
    if task.blank:
        yield Round(0, (), None, Cost(), "blank", "the drawing is blank, so the program is empty")
        return
    if isinstance(sampler, ProgramSampler):
        sampler.ready()  # before the clock of the budget starts
    budget = Budget(samples=settings.n, seconds=settings.seconds)
    for round_ in engine.run(
        task, sampler, strategy, guide, budget=budget, seed=settings.seed, store=store, cancel=cancel
    ):
        yield _tidied(task, round_, guide) if round_.stopped else round_


def fitted(task: SketchTask, round_: Round) -> Fitted:
    """The best program of a round and how well it fits; looked at once however many rounds it stays the best."""
    return _fitted(task, Program() if round_.best is None else round_.best.sample.content)


@lru_cache(maxsize=64)
def _fitted(task: SketchTask, program: Program) -> Fitted:
    fit = overlap(task, program)
    return Fitted(program, fit.iou, fit.f1)


@typed
def sampler_of(name: str, temperature: float = 1.0, grammar: bool = False, options: Options | None = None) -> Any:
    """Who proposes programs: a registered sampler, or a model by its name.

    Args:
        options: how to load the model.

    Raises:
        UnknownName, BadInput: no such sampler, the temperature is out of range, or options for a sampler without model.
    """
    if name.endswith(GRAMMAR):
        name, grammar = name.removesuffix(GRAMMAR), True
    if name == "tiny:sketch" or name.startswith("adapter:") or "/" in name or expanded(name).is_dir():
        return ProgramSampler(name, temperature, grammar=grammar, options=options or Options())
    for_no_model(name, options)
    return registry.resolve("sampler", name, "sketch", temperature=temperature)


def _named(settings: SketchSettings) -> tuple[Sampler, Strategy[Any]]:
    """Who proposes and who searches; nothing is loaded yet."""
    sampler = sampler_of(settings.sampler, settings.temperature, settings.grammar, settings.options)
    registry.fitting("strategy", settings.strategy, "sketch", sampler)
    return sampler, registry.resolve("strategy", settings.strategy)


def _guide(reward: Reward | str) -> Reward:
    if isinstance(reward, str):
        return registry.resolve("reward", reward, "sketch")
    if isinstance(reward, type) or not isinstance(reward, Reward):
        raise BadInput(f"reward is a registered name or a Reward, not {shown(reward, 60)}; see core.Reward.")
    return reward


def _tidied(task: SketchTask, last: Round, guide: Reward) -> Round:
    """The last round with the tidied program as its best, if the IoU of that is lower by at most 0.001.

    The guide scores what it has become, at its own cost. No longer what was drawn, it has no log-probability.
    """
    best = last.best
    if best is None or (neat := tidy(best.sample.content)) == best.sample.content:
        return last
    if _fitted(task, neat).iou < _fitted(task, best.sample.content).iou - 1e-3:
        return last
    sample = replace(best.sample, content=neat, logprob=None)
    return replace(last, best=Scored(sample, guide.score(task, [sample])[0]), cost=last.cost + guide.unit_cost)
