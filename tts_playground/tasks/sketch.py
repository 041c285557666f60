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
from tts_playground.core.scores import as_reward, scores_of
from tts_playground.dsl.drawings import unpack
from tts_playground.dsl.raster import render
from tts_playground.dsl.scoring import CLOSENESS, check_closeness, dropped, judge
from tts_playground.dsl.surgery import tidy
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput
from tts_playground.home import expanded
from tts_playground.models.load_options import Options, for_no_model, options_of
from tts_playground.rewards.iou import FitReward
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.programs import ProgramSampler
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.tasks import engine
from tts_playground.tasks.drawing import SIDE, Outline, nothing_found, read_drawing
from tts_playground.tasks.plugged_samplers import heat
from tts_playground.typed import typed

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image


CANDIDATES = 64
"""programs that are scored at most by default"""
RENDERS = 200_000_000
"""programs that are evaluated at most by default, nearly all of them by scans: about 2 s"""
CAP = 20.0
"""seconds after which a search ends where somebody said how many candidates, but not how long it may take"""
SAFETY = 60.0
"""seconds after which a search ends that is held to the default budget: many times what a quiet machine needs"""
MOST = 100_000
"""most programs that may be scored"""
NAMED = 4
"""parts that are left out and named one by one"""
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
    n: int | None = None
    """most candidate programs that are scored, 1-100,000; None for ``CANDIDATES``, or all that seconds allow"""
    temperature: float = 1.0
    """of the sampler; 0 is greedy"""
    outline: Outline = "auto"
    """whether thin closed loops are filled, see ``read_drawing``"""
    seconds: float | None = None
    """limit of the search's wall-clock time, above 0; None for ``CAP``, or ``SAFETY`` at the default budget"""
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
    closeness: float = CLOSENESS
    """0 (shorter) to 1 (closer): what a shape costs in the score, and whether small parts count for more"""

    def __post_init__(self) -> None:
        if self.n is not None and not 1 <= self.n <= MOST:
            raise BadInput(f"n must be a whole number from 1 to {MOST:,}, not {self.n}.")
        if self.seconds is not None and not self.seconds > 0:
            raise BadInput(f"seconds must be above 0, not {self.seconds}.")
        check_closeness(self.closeness)

    @property
    def shown(self) -> float:
        """The closeness of the score that is shown: that of "fit", or 1 where IoU or the renderer guides."""
        return 1.0 if self.reward in ("iou", "render") else self.closeness

    @property
    def budget(self) -> Budget:
        """What the search may spend. By default candidates and renders, so that a busy machine finds the same program.

        Whoever says ``n`` or ``seconds`` lifts the default's limit of renders; ``n`` alone also ends after ``CAP``.
        """
        if self.n is None and self.seconds is None:
            return Budget(samples=CANDIDATES, renders=RENDERS, seconds=SAFETY)
        return Budget(samples=self.n or MOST, seconds=self.seconds or CAP)


@dataclass(frozen=True, slots=True)
class Fitted:
    """How well the best program of a round explains the drawing."""

    program: Program
    """the best so far, the empty one before there is one"""
    iou: float
    """of its reference render with the drawing, 0-1"""
    f1: float
    """harmonic mean of precision and recall of the ink, 0-1"""
    score: float = 0.0
    """what the search raises, as a share of 0-1 (``dsl.scoring``)"""
    dropped: tuple[str, ...] = ()
    """parts of the drawing that it leaves out, in words"""


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
    """how the picture was read, and which of its parts the program leaves out"""
    score: float = 0.0
    """what the search raised, as a share of 0-1: IoU with small parts weighted up, less a price for every shape"""
    closeness: float = CLOSENESS
    """at which that score is taken; at 1 it is the IoU"""

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
            "score": self.score,
            "closeness": self.closeness,
        }


@typed
def sketch(
    image: Any,
    *,
    sampler: str = "proposal",
    strategy: str = "refine",
    n: int | None = None,
    temperature: float = 1.0,
    outline: Outline = "auto",
    seconds: float | None = None,
    seed: int = 0,
    grammar: bool = False,
    store: Keeper | None = None,
    reward: Reward | str | None = None,
    cancel: Cancel = never,
    invert: bool | None = None,
    crop: bool = False,
    closeness: float = CLOSENESS,
    dtype: str = "auto",
    load_in_4bit: bool = False,
    device: str = "auto",
    trust_code: str = "",
) -> SketchResult:
    """Find a short program whose picture is the drawing.

    The default budget is counted in candidates and renders, so that the same drawing and seed give the same program
    however busy the machine is. Whoever says ``n`` or ``seconds`` lifts its limit of renders; ``n`` alone also ends
    after 20 s. A drawing without ink gives the empty program, and ``stopped`` is "blank".

    Args:
        image: a path, bytes, a PIL image, an array, or a ``SketchTask``; see ``read_drawing``.
        sampler: a registered name, or a model's: "tiny:sketch", a hub id, a folder, "adapter:NAME".
        strategy: a registered name.
        n: most candidate programs that are scored; the same n and seed give the same result ...
        seconds: ... unless this limit is hit, in which case ``stopped`` is "seconds"; 20 s where it is not given.
        temperature: of the sampler; 0 is greedy.
        outline: whether thin closed loops are filled: "auto", "fill" or "keep".
        grammar: whether a model may only draw tokens that lead to a program.
        store: where best-of-n reads candidates that are there and keeps those that it draws.
        reward: what guides: a registered name, or a reward; "fit" (IoU, less a price for every shape) if None.
        cancel: asked at every round.
        invert: whether the drawing is light on dark; None decides by the picture.
        crop: let the drawing take up the whole canvas, wherever in the picture it is.
        closeness: 0 (shorter) to 1 (closer): what a shape costs in the score that the search raises; 1 is IoU alone.
        dtype, load_in_4bit, device: how and where to load a model; see ``models.load_options.Options``.
        trust_code: consent to run a repository's own code, "REPO@COMMIT" or "FOLDER@FINGERPRINT"; see
            ``models.trusted_code``.

    Raises:
        BadInput: the picture cannot be read, what it shows is no drawing, or a setting is out of range.
        Cancelled: ``cancel()`` became true.
        StoreError: the store cannot be read or written.
    """
    options = options_of(device, dtype, load_in_4bit, trust_code)
    given = "fit" if reward is None or not isinstance(reward, str) else reward
    settings = SketchSettings(
        *(sampler, strategy, n, temperature, outline, seconds, seed, grammar, given),
        options=options,
        invert=invert,
        crop=crop,
        closeness=closeness,
    )
    task = SketchTask.of(image, outline=outline, invert=invert, crop=crop)
    if task.blank and (why := nothing_found(task.notes)):
        raise BadInput(f"{why[0].upper()}{why[1:]}; give a picture with dark strokes on light paper, or the reverse.")
    stream = sketch_rounds(task, settings, store=store, cancel=cancel, reward=reward)
    rounds = tuple(one for one in stream if one.progress is None)
    last, found = rounds[-1], fitted(task, rounds[-1], settings.shown)
    picture, notes = render(found.program, task.side), (*task.notes, *left_out(found))
    iou, f1, score = found.iou, found.f1, found.score
    return SketchResult(found.program, iou, f1, picture, rounds, last.cost, last.stopped, notes, score, settings.shown)


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
    task = SketchTask.of(image, outline=settings.outline, invert=settings.invert, crop=settings.crop)
    sampler, strategy = _named(settings)
    guide = guide_of(settings.reward if reward is None else reward, settings.closeness)
    if task.blank:
        yield Round(0, (), None, Cost(), "blank", "the drawing is blank, so the program is empty")
        return
    if isinstance(sampler, ProgramSampler):
        sampler.ready()  # before the clock of the budget starts
    if isinstance(strategy, BestOfN) and settings.budget.samples == MOST:
        strategy = replace(strategy, n=CANDIDATES)
    for round_ in engine.run(
        task, sampler, strategy, guide, budget=settings.budget, seed=settings.seed, store=store, cancel=cancel
    ):
        yield _tidied(task, round_, guide) if round_.stopped else round_


def fitted(task: SketchTask, round_: Round, closeness: float = CLOSENESS) -> Fitted:
    """The best program of a round and how well it fits; looked at once however many rounds it stays the best."""
    return _fitted(task, Program() if round_.best is None else round_.best.sample.content, closeness)


@lru_cache(maxsize=64)
def _fitted(task: SketchTask, program: Program, closeness: float) -> Fitted:
    found = judge(task, program, closeness)
    out = () if program.root is None else tuple(dropped(task, program))
    return Fitted(program, found.overlap.iou, found.overlap.f1, found.score, out)


def left_out(found: Fitted) -> tuple[str, ...]:
    """A note that names the parts that a program leaves out on purpose; none where it shows them all."""
    if not found.dropped:
        return ()
    more = len(found.dropped) - NAMED
    others = f" and {more} more" if more > 0 else ""
    return (f"left out as not worth a shape: {', '.join(found.dropped[:NAMED])}{others}",)


@typed
def sampler_of(
    name: str,
    temperature: float = 1.0,
    grammar: bool = False,
    options: Options | None = None,
    closeness: float = CLOSENESS,
) -> Any:
    """Who proposes programs: a registered sampler, or a model by its name.

    Args:
        options: how to load the model.

    Raises:
        UnknownName, BadInput: no such sampler, the temperature or the closeness is out of range, or options for a
            sampler without model.
    """
    if name.endswith(GRAMMAR):
        name, grammar = name.removesuffix(GRAMMAR), True
    if name == "tiny:sketch" or name.startswith("adapter:") or "/" in name or expanded(name).is_dir():
        return ProgramSampler(name, temperature, grammar=grammar, options=options or Options(), closeness=closeness)
    for_no_model(name, options)
    sampler = registry.resolve("sampler", name, "sketch", **heat(name, temperature))
    return replace(sampler, closeness=closeness) if isinstance(sampler, ProposalSampler) else sampler


def _named(settings: SketchSettings) -> tuple[Sampler, Strategy[Any]]:
    """Who proposes and who searches; nothing is loaded yet."""
    sampler = sampler_of(settings.sampler, settings.temperature, settings.grammar, settings.options, settings.closeness)
    registry.fitting("strategy", settings.strategy, "sketch", sampler)
    return sampler, registry.resolve("strategy", settings.strategy)


def guide_of(reward: Reward | str, closeness: float = CLOSENESS) -> Reward:
    """What guides a search: a reward, or a registered one by its name; "fit" at that closeness.

    Raises:
        UnknownName, BadInput: it is none.
    """
    if isinstance(reward, str):
        found = registry.resolve("reward", reward, "sketch")
        return replace(found, closeness=closeness) if isinstance(found, FitReward) else found
    return as_reward(reward)


def _tidied(task: SketchTask, last: Round, guide: Reward) -> Round:
    """The last round with the tidied program as its best, where the guide says that it is no worse.

    The guide scores what it has become, at its own cost. No longer what was drawn, it has no log-probability.
    """
    best = last.best
    if best is None or (neat := tidy(best.sample.content)) == best.sample.content:
        return last
    sample = replace(best.sample, content=neat, logprob=None)
    scored, cost = Scored(sample, scores_of(guide, task, [sample])[0]), last.cost + guide.unit_cost
    return replace(last, best=scored if scored.reward >= best.reward else best, cost=cost)
