"""The whole library on one page: what a sample is, what it cost, and who may do what with it.

Every tab does the same thing::

    task -> Sampler -> Samples -> Reward / Verifier -> Strategy -> Rounds -> store, curves, figures, UI

A *sampler* draws candidates for a *task* (a prompt, a question, a drawing, a picture of choices), a *reward* or a
*verifier* scores them, a *strategy* decides where the next unit of compute goes and reports a stream of *rounds*.
The protocols below are structural: a plug-in inherits nothing, it only has these methods.

A capability is a type, never a probe: a strategy that needs to pause and fork candidates asks for a
``SteppedSampler``, one that walks from a candidate to similar ones asks for a ``Neighbourhood``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from tts_playground.typed import typed

T = TypeVar("T")

# --------------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent. The one definition of cost used by budgets, curves and figures; costs add up."""

    samples: int = 0
    """finished candidates"""
    tokens: int = 0
    """generator tokens; a token under classifier-free guidance counts twice, because it takes two forward rows"""
    verifier_calls: int = 0
    """candidates looked at by a learned reward or verifier"""
    renders: int = 0
    """programs drawn by the DSL renderer, or evaluated by its mask engine"""
    seconds: float = 0.0
    """wall-clock time"""

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)))

    def __mul__(self, times: int) -> Cost:
        return Cost(*(getattr(self, f.name) * times for f in fields(Cost)))

    def as_dict(self) -> dict[str, float]:
        """Plain numbers by name, for JSON."""
        return {f.name: getattr(self, f.name) for f in fields(Cost)}


@dataclass(frozen=True, slots=True)
@typed
class Budget:
    """Upper limits on a ``Cost``; ``None`` means unlimited. A strategy never spends more than its budget.

    ``seconds`` is a safety cap checked between steps, so it may be overshot by one step; the counted limits are exact.
    """

    samples: int | None = None
    tokens: int | None = None
    verifier_calls: int | None = None
    renders: int | None = None
    seconds: float | None = None

    def left(self, what: str, cost: Cost) -> float:
        """How much of the limit called ``what`` remains after ``cost``: a number >= 0, ``inf`` when unlimited."""
        limit = getattr(self, what)
        return float("inf") if limit is None else max(0, limit - getattr(cost, what))

    def exhausted(self, cost: Cost) -> str:
        """The name of the first limit that ``cost`` has reached, or "" while there is room in all of them."""
        return next((f.name for f in fields(Budget) if self.left(f.name, cost) <= 0), "")


@dataclass(frozen=True, slots=True)
class Sample:
    """One candidate: an image, an answer, a program or a choice.

    ``content`` is what the task is about (a ``PIL.Image``, a ``str``, a ``dsl.Program``). Sample ``index`` of a
    request with ``seed`` is the same whatever batch it was drawn in.
    """

    content: Any
    index: int
    seed: int = 0
    logprob: float | None = None
    """natural-log probability of the content under the sampling distribution, where the sampler knows it"""
    cost: Cost = field(default=Cost(samples=1))
    parent: int | None = None
    """index of the sample this one was forked, mutated or revised from"""
    info: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """anything else worth showing: raw text, tokens, reasoning steps"""


@dataclass(frozen=True, slots=True)
class Scored:
    """A sample with its reward (higher is better)."""

    sample: Sample
    reward: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verifier's opinion of one sample: ``score`` higher is better, ``passed`` None if it does not decide."""

    score: float
    passed: bool | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress(Generic[T]):
    """How far something long has come: the one report of draws, audits and sets of questions."""

    finished: tuple[T, ...] = ()
    """what has been finished since the last report: samples of a draw, rows of an audit, questions of a set"""
    unfinished: tuple[Any, ...] = ()
    """the others as they stand, ``Path``s for ``SteppedSampler.peek``, or views of them; empty where none are shown"""
    share: float = 0.0
    """how much of the whole is done, 0-1"""
    done: int = 0
    """whole things so far, of ``of``; 0 of 0 where nobody counts"""
    of: int = 0
    step: int = 0
    """steps that the first unfinished one has taken, of ``steps``; 0 of 0 where there are none"""
    steps: int = 0
    note: str = ""
    """one line for people"""


@dataclass(frozen=True, slots=True)
class Round:
    """One report of a strategy. UI, curves and store all consume the same stream of rounds."""

    number: int
    """0, 1, 2, ...; a report between rounds (``progress``) carries the number of the round that it leads to"""
    candidates: tuple[Scored, ...]
    """what was scored in this round, in the order in which it was drawn"""
    best: Scored | None
    """the best complete candidate of all rounds so far; None before there is one"""
    cost: Cost
    """spent since the start of the run"""
    stopped: str = ""
    """"" while running; in the last round why it ended: "done", or the name of the budget's limit that was reached"""
    note: str = ""
    """one line for people: what this round did"""
    progress: Progress[Sample] | None = None
    """how far the draw of a round in work is, in a report between rounds; None in a round"""


# ------------------------------------------------------------------------------------------------ protocols


@runtime_checkable
class Task(Protocol):
    """What is asked for. Values (frozen dataclasses), comparable, and nameable in the store."""

    kind: ClassVar[str]
    """"t2i", "vqa", "sketch" or "choice" """

    def key(self) -> Mapping[str, Any]:
        """JSON-able facts that identify this task; equal keys mean equal tasks."""
        ...


@runtime_checkable
class Sampler(Protocol):
    """Draws independent candidates."""

    def fingerprint(self) -> Mapping[str, Any]:
        """JSON-able facts that decide the distribution: model and its revision, dtype, sampling settings, version."""
        ...

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """Yield one sample per index, in order. Sample (seed, index) must not depend on the other indices."""
        ...


@runtime_checkable
class StreamingSampler(Sampler, Protocol):
    """A sampler that reports while it draws: pages show what is unfinished, and a caller can stop at every report."""

    def stream(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Progress[Sample]]:
        """Draw one sample per index, the same as ``draw``'s, reporting after every step; each is finished once.

        They finish in any order. Closing the generator ends the draw at that step.
        """
        ...


@runtime_checkable
class Path(Protocol):
    """An unfinished candidate: an immutable value, so keeping it is pausing and using it twice is forking."""

    @property
    def index(self) -> int:
        """Whose randomness comes next."""
        ...

    @property
    def steps(self) -> int:
        """Steps taken so far."""
        ...

    @property
    def done(self) -> bool:
        """Whether it is finished."""
        ...

    @property
    def cost(self) -> Cost:
        """Spent on this path alone, since it was started or forked."""
        ...


@runtime_checkable
class SteppedSampler(Sampler, Protocol):
    """A sampler that can pause, fork, rewind and resume. A step is what is natural: an image row, a line, a part.

    Which ``Path`` it makes is its own business: a caller hands back what it was given.
    """

    def horizon(self, task: Any) -> int:
        """The most steps that a path of this task takes; 0 if it is finished at once."""
        ...

    def start(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> list[Any]:
        """One ``Path`` of no steps per index. Stepping it to the end gives exactly ``draw``'s sample of that index."""
        ...

    def step(self, task: Any, paths: Sequence[Any]) -> list[Any]:
        """Each path one step longer (finished ones unchanged), in one batch; the given paths stay usable."""
        ...

    def fork(self, path: Any, index: int) -> Any:
        """A path with the same steps that continues with the randomness of ``index`` and a cost of zero."""
        ...

    def rewind(self, path: Any, steps: int) -> Any:
        """The path as it was after its first ``steps`` steps."""
        ...

    def peek(self, task: Any, paths: Sequence[Any]) -> list[Sample]:
        """What each path would be if it ended now: the sample itself when done, else a partial view of it."""
        ...


@runtime_checkable
class Neighbourhood(Sampler, Protocol):
    """A sampler that knows what lies next to a sample: programs that differ by one number, say."""

    def neighbours(self, task: Any, sample: Sample, *, seed: int = 0) -> Iterator[Sample]:
        """Yield samples near ``sample``, most promising first; lazily, so that a taker can stop early."""
        ...


@runtime_checkable
class Recombining(Neighbourhood, Protocol):
    """A neighbourhood that also knows how to go on from several candidates when none has a better neighbour."""

    def further(self, task: Any, found: Sequence[Sample], *, seed: int = 0, turn: int = 0) -> Iterator[Sample]:
        """Yield fresh candidates from those found (best first): crossed ones, restarts; none where the best is perfect.

        Same arguments, same candidates; ``turn`` counts the calls of a run.
        """
        ...


@runtime_checkable
class Reward(Protocol):
    """Scores candidates; higher is better. Must not depend on what else is in the batch."""

    @property
    def name(self) -> str:
        """What the store and the figures call it."""
        ...

    @property
    def revision(self) -> str:
        """Changes whenever scores change, so that stored scores are never mixed."""
        ...

    @property
    def unit_cost(self) -> Cost:
        """What scoring one sample costs."""
        ...

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One finite number per sample, in order."""
        ...


@runtime_checkable
class ReadsNetworks(Protocol):
    """A reward or verifier that reads networks: who reads the same ones cannot judge what the other has guided."""

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the models it reads, as one would load them."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """Judges candidates with a reason in words; a judge of truth ("oracle") or a model's opinion."""

    @property
    def name(self) -> str:
        """What the store and the figures call it."""
        ...

    @property
    def revision(self) -> str:
        """Changes whenever verdicts change."""
        ...

    @property
    def unit_cost(self) -> Cost:
        """What judging one sample costs."""
        ...

    def judge(self, task: Any, samples: Sequence[Sample]) -> list[Verdict]:
        """One verdict per sample, in order."""
        ...


@runtime_checkable
class Selector(Protocol):
    """Says which of N answers to give, without knowing the truth."""

    def pick(self, answers: Sequence[str], scores: Sequence[float] | None) -> int:
        """The place of an answer.

        Args:
            answers: at least one, in order of drawing.
            scores: one number an answer of the score that its registry row ``needs``; None where it needs none.
        """
        ...


@runtime_checkable
class Keeper(Protocol):
    """Where independent draws and their scores are kept (``store.store.Store``): what is there is not made again."""

    def kept_sampler(self, task: Task, sampler: Sampler) -> Sampler:
        """The sampler of one task through the store: reads what is there, draws what is not, and keeps it."""
        ...

    def kept_reward(self, task: Task, sampler: Sampler, reward: Reward) -> Reward:
        """The reward of that sampler's draws through the store."""
        ...


S_contra = TypeVar("S_contra", bound=Sampler, contravariant=True)
"""the sampler that a strategy needs: ``Sampler``, ``SteppedSampler`` or ``Neighbourhood``"""


@runtime_checkable
class Strategy(Protocol[S_contra]):
    """Decides where the next unit of compute goes. A frozen dataclass of settings with one generator."""

    def run(self, task: Any, sampler: S_contra, reward: Reward, *, budget: Budget, seed: int = 0) -> Iterator[Round]:
        """Yield rounds until done or the budget is spent; the last has ``stopped`` set. Closing the generator cancels.

        Same arguments, same rounds (``seconds`` aside). Counted limits of the budget are never exceeded.
        """
        ...


@runtime_checkable
class ParallelStrategy(Strategy[S_contra], Protocol[S_contra]):
    """A strategy that keeps several unfinished candidates side by side."""

    def of_width(self, width: int, horizon: int) -> Strategy[S_contra]:
        """The same strategy with ``width`` candidates at a time (1 or more), on paths of at most ``horizon`` steps."""
        ...
