"""The protocols of the library: who may do what with its values. Structural: a plug-in inherits nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from tts_playground.core.values import Budget, Cost, Progress, Round, Sample, Verdict


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
class RevisingSampler(Sampler, Protocol):
    """A sampler that repairs: shown an attempt and what was said of it, it draws new solutions."""

    def revise(
        self, task: Any, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """Yield one new solution per index, in order, whose ``parent`` is ``attempt.index``.

        Args:
            verdict: what was said of the attempt, one sentence in words.
        """
        ...


@runtime_checkable
class ContinuingSampler(SteppedSampler, Protocol):
    """A stepped sampler whose paths can be written into: what was appended counts as drawn from there on."""

    def append(self, task: Any, path: Any, text: str) -> Any:
        """The path with ``text`` in it as if it had been drawn; it costs nothing, and an ended path goes on."""
        ...


@runtime_checkable
class ForetellingSampler(SteppedSampler, Protocol):
    """A stepped sampler that can follow a path along its likeliest tokens: a greedy rollout."""

    def foretell(self, task: Any, paths: Sequence[Any]) -> list[Any]:
        """As ``step``, but by the likeliest token each time: equal paths give equal ones."""
        ...


@runtime_checkable
class NoiseSampler(SteppedSampler, Protocol):
    """A stepped sampler whose paths go from noise to a candidate: noise can be searched, and given back."""

    def near(self, path: Any, index: int, distance: float) -> Any:
        """A path of no steps whose first noise is near that of ``path``.

        Args:
            index: whose noise is mixed in. distance: angle in radians, 0 (the same noise) to pi / 2 (another).
        """
        ...

    def renoised(self, path: Any, back: int, index: int) -> Any:
        """What ``path`` predicts, under noise of ``index`` as strong as ``back`` steps ago; a path of as many fewer.

        ``back`` is at least 1 and less than the path's steps.
        """
        ...


@runtime_checkable
class RetoldSampler(SteppedSampler, Protocol):
    """A stepped sampler whose paths can go on under another task, as if their steps had been drawn for it."""

    def retold(self, path: Any) -> Any:
        """The path without what it remembers of its task."""
        ...


@runtime_checkable
class Declines(Protocol):
    """A sampler whose class has a protocol that the model behind it may not be able to fill."""

    def declines(self, capability: str) -> str:
        """Why it cannot be a ``capability`` ("RevisingSampler", say), in one sentence; "" where it can."""
        ...


@runtime_checkable
class Judging(Protocol):
    """What scores, judges or compares candidates."""

    @property
    def name(self) -> str:
        """What the store and the figures call it."""
        ...

    @property
    def revision(self) -> str:
        """Changes whenever what it says changes, so that what is kept of two is never mixed."""
        ...

    @property
    def unit_cost(self) -> Cost:
        """What one sample costs, or one pair that is compared once."""
        ...


@runtime_checkable
class Reward(Judging, Protocol):
    """Scores candidates; higher is better. Must not depend on what else is in the batch."""

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One finite number per sample, in order."""
        ...


@runtime_checkable
class StepReward(Reward, Protocol):
    """A reward that scores every step of a candidate: a process reward."""

    def step_scores(self, task: Any, samples: Sequence[Sample]) -> list[tuple[float, ...]]:
        """One number per step of each sample, in order; ``score`` is what they are aggregated to."""
        ...


@runtime_checkable
class PairwiseJudge(Judging, Protocol):
    """Says which of two candidates is better; who is shown first may matter, so ask both ways around."""

    def prefers(self, task: Any, first: Sample, second: Sample) -> float:
        """The probability in [0, 1] that ``first``, which is shown first, is the better one."""
        ...


@runtime_checkable
class PromptWriter(Protocol):
    """A model that rewrites what is asked for so that it fits what is there already."""

    @property
    def unit_cost(self) -> Cost:
        """What one rewriting costs."""
        ...

    def rewrite(self, task: Any, view: Sample) -> Any:
        """The task in other words, for who goes on from ``view``, an unfinished candidate."""
        ...


@runtime_checkable
class ReadsNetworks(Protocol):
    """A reward or verifier that reads networks: who reads the same ones cannot judge what the other has guided."""

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of the models it reads, as one would load them."""
        ...


@runtime_checkable
class Verifier(Judging, Protocol):
    """Judges candidates with a reason in words; a judge of truth ("oracle") or a model's opinion."""

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
