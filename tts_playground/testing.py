"""The laws that every plug-in keeps, as plain functions, and fakes that fill the real seams.

``check_sampler``, ``check_stepped_sampler``, ``check_reward`` and ``check_strategy`` raise AssertionError with a
sentence about the law that was broken. The author of a plug-in calls them from a test; nothing here needs a model.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import log, pi
from typing import Any, ClassVar, TypeVar

from tts_playground.core import (
    Budget,
    Cost,
    Reward,
    Round,
    Sample,
    Sampler,
    SteppedSampler,
    Strategy,
    Task,
)
from tts_playground.randomness import generator

S = TypeVar("S", bound=Sampler)

# --------------------------------------------------------------------------------------------------- fakes


@dataclass(frozen=True, slots=True)
class TextTask:
    """The smallest task: a line of text."""

    text: str = "a word"
    kind: ClassVar[str] = "text"

    def key(self) -> Mapping[str, Any]:
        """The text itself."""
        return {"text": self.text}


@dataclass(frozen=True, slots=True)
class Letters:
    """A path of ``ScriptedSampler``: the letters so far, and whose randomness comes next."""

    index: int
    seed: int
    letters: str
    done: bool
    cost: Cost
    parent: int | None = None
    forked_at: int = 0
    """letters that came from the parent"""
    like: str = ""
    """letters that it takes over as its first ones come"""

    @property
    def steps(self) -> int:
        """One letter a step."""
        return len(self.letters)


@dataclass(frozen=True, slots=True)
class ScriptedSampler:
    """Draws words over a small alphabet, one letter a step, and has every protocol of a sampler but streams; no model.

    ``script`` fixes the first samples by index (for tests that must know what comes); the others are random. A letter
    is drawn with its probability under a uniform alphabet, and its likeliest letter is the first of the alphabet.
    """

    alphabet: str = "abcd"
    length: int = 4
    script: tuple[str, ...] = ()

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution."""
        return {"sampler": "scripted", "alphabet": self.alphabet, "length": self.length, "script": list(self.script)}

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One word per index."""
        for path in self.start(task, indices, seed=seed):
            while not path.done:
                (path,) = self.step(task, [path])
            yield from self.peek(task, [path])

    def horizon(self, task: Any) -> int:
        """As many steps as letters."""
        return self.length

    def start(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> list[Letters]:
        """Empty words."""
        return [self._fresh(index, seed) for index in indices]

    def _fresh(self, index: int, seed: int) -> Letters:
        return Letters(index, seed, "", self.length == 0, Cost())

    def step(self, task: Any, paths: Sequence[Letters]) -> list[Letters]:
        """One more letter each."""
        return [path if path.done else self._longer(path) for path in paths]

    def _longer(self, path: Letters) -> Letters:
        return self._with(path, self._letter(path))

    def _with(self, path: Letters, letter: str) -> Letters:
        letters = path.letters + letter
        return replace(path, letters=letters, done=len(letters) >= self.length, cost=path.cost + Cost(tokens=1))

    def _letter(self, path: Letters) -> str:
        if path.steps < len(path.like):
            return path.like[path.steps]
        if path.index < len(self.script):
            return self.script[path.index][path.steps]
        rng = generator(path.seed, path.index, path.steps, "letter")
        return self.alphabet[rng.integers(len(self.alphabet))]

    def fork(self, path: Letters, index: int) -> Letters:
        """Same letters, other randomness from here on."""
        return replace(path, index=index, parent=path.index, forked_at=path.steps, cost=Cost())

    def rewind(self, path: Letters, steps: int) -> Letters:
        """The first ``steps`` letters."""
        return replace(path, letters=path.letters[:steps], done=steps >= self.length)

    def near(self, path: Letters, index: int, distance: float) -> Letters:
        """A path that will take over the more of the other's first letters the nearer it is."""
        kept = path.letters[: round(self.length * (1 - distance / (pi / 2)))]
        return replace(self._fresh(index, path.seed), parent=path.index, like=kept)

    def renoised(self, path: Letters, back: int, index: int) -> Letters:
        """The letters but for the last ``back``."""
        return self.fork(self.rewind(path, path.steps - back), index)

    def peek(self, task: Any, paths: Sequence[Letters]) -> list[Sample]:
        """The words as they stand."""
        return [
            Sample(
                path.letters,
                path.index,
                path.seed,
                cost=path.cost + Cost(samples=1),
                parent=path.parent,
                info={
                    "steps": path.steps,
                    "forked_at": path.forked_at,
                    "complete": path.done,
                    "logprobs": [-log(len(self.alphabet))] * path.steps,  # a list, as a store gives it back
                },
            )
            for path in paths
        ]

    def foretell(self, task: Any, paths: Sequence[Letters]) -> list[Letters]:
        """One more letter each: the alphabet's first."""
        first = self.alphabet[0]
        return [path if path.done else self._with(path, first) for path in paths]

    def append(self, task: Any, path: Letters, text: str) -> Letters:
        """The word with ``text`` behind it; a whole one gets a letter more at the next step."""
        return replace(path, letters=path.letters + text, done=False)

    def revise(
        self, task: Any, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """The attempt with another letter in one place, each by its own index."""
        for index in indices:
            rng = generator(seed, index, str(attempt.content), "revise")
            near = list(self.neighbours(task, attempt, seed=seed))
            word = near[rng.integers(len(near))].content if near else attempt.content
            yield Sample(word, index, seed, cost=Cost(samples=1, tokens=len(word)), parent=attempt.index)

    def neighbours(self, task: Any, sample: Sample, *, seed: int = 0) -> Iterator[Sample]:
        """Every word that differs in one letter."""
        for place, old in enumerate(sample.content):
            for new in self.alphabet:
                if new != old:
                    word = sample.content[:place] + new + sample.content[place + 1 :]
                    yield Sample(word, sample.index, seed, parent=sample.index)


@dataclass(frozen=True)
class TableReward:
    """Looks rewards up in a table; a word that is not in it gets the sum of its letters' entries, or ``default``."""

    table: Mapping[str, float]
    default: float = 0.0
    name = "table"
    revision = "1"
    unit_cost = Cost(verifier_calls=1)

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        """One number per sample."""
        return [self._one(str(sample.content)) for sample in samples]

    def _one(self, word: str) -> float:
        if word in self.table:
            return float(self.table[word])
        return float(sum(self.table.get(letter, self.default) for letter in word)) if word else float(self.default)


# ---------------------------------------------------------------------------------------------------- laws


def _same(left: Sample, right: Sample) -> bool:
    from numpy import array_equal, asarray

    if type(left.content) is not type(right.content):
        return False
    if hasattr(left.content, "tobytes"):
        return array_equal(asarray(left.content), asarray(right.content))
    return left.content == right.content


def check_sampler(sampler: Sampler, task: Task, *, n: int = 8, seed: int = 0) -> list[Sample]:
    """Order, repeatability, and independence of the batch: the first half of N equals a draw of N/2. Returns the N."""
    all_of_them = list(sampler.draw(task, range(n), seed=seed))
    assert [s.index for s in all_of_them] == list(range(n)), "draw must yield one sample per index, in order"
    half = list(sampler.draw(task, range(n // 2), seed=seed))
    for small, large in zip(half, all_of_them, strict=False):
        assert _same(small, large), f"sample {small.index} depends on how many were drawn with it"
    (alone,) = sampler.draw(task, [n - 1], seed=seed)
    assert _same(alone, all_of_them[-1]), f"sample {n - 1} drawn alone differs from the one drawn in a batch of {n}"
    assert sampler.fingerprint() == sampler.fingerprint(), "the fingerprint must not change between calls"
    assert list(sampler.draw(task, [], seed=seed)) == [], "drawing nothing must yield nothing"
    return all_of_them


def check_stepped_sampler(sampler: SteppedSampler, task: Task, *, n: int = 3, seed: int = 0) -> None:
    """Pausing changes nothing, a fork does not disturb its parent, rewinding and going on gives the same again."""
    whole = check_sampler(sampler, task, n=max(n, 2), seed=seed)[:n]
    paths = sampler.start(task, range(n), seed=seed)
    middle = None
    while not all(path.done for path in paths):
        before = [path.steps for path in paths]
        longer = sampler.step(task, paths)
        grown = all(new.steps > old or new.done for new, old in zip(longer, before, strict=True))
        assert grown, "a step must lengthen every unfinished path"
        assert [path.steps for path in paths] == before, "step must leave the paths that it was given as they were"
        if middle is None and not longer[0].done:
            middle = longer[0]
            _finish(sampler, task, sampler.fork(middle, 10_000))
        paths = longer
    longest = sampler.horizon(task)
    assert all(path.steps <= longest for path in paths), f"horizon says {longest} steps, but a path took more"
    for drawn, stepped in zip(whole, sampler.peek(task, paths), strict=True):
        assert _same(drawn, stepped), f"sample {drawn.index} drawn at once differs from the one drawn in steps"
    if middle is not None:
        resumed = _finish(sampler, task, middle)
        assert _same(resumed, whole[0]), "going on from a kept path must give the same sample"
        again = _finish(sampler, task, sampler.rewind(paths[0], middle.steps))
        assert _same(again, whole[0]), "rewinding and going on must give the same sample"
        assert sampler.fork(middle, 10_000).cost.tokens == 0, "a fork starts with a cost of zero"


def _finish(sampler: SteppedSampler, task: Task, path: Any) -> Sample:
    while not path.done:
        (path,) = sampler.step(task, [path])
    return sampler.peek(task, [path])[0]


def check_reward(reward: Reward, task: Task, samples: Sequence[Sample], *, tolerance: float = 1e-4) -> list[float]:
    """One finite number per sample; a batch scores as its members do alone and in any order. Returns the scores."""
    from math import isfinite

    scores = list(reward.score(task, samples))
    assert len(scores) == len(samples), f"{reward.name} gave {len(scores)} scores for {len(samples)} samples"
    assert all(isinstance(score, float) and isfinite(score) for score in scores), (
        f"{reward.name} must give finite floats"
    )
    backwards = list(reward.score(task, list(reversed(samples))))[::-1]
    alone = [reward.score(task, [sample])[0] for sample in samples]
    for index, (batch, single, turned) in enumerate(zip(scores, alone, backwards, strict=True)):
        assert abs(batch - single) <= tolerance, (
            f"{reward.name} scores sample {index} {batch} in a batch, {single} alone"
        )
        assert abs(batch - turned) <= tolerance, f"{reward.name}: the score of sample {index} depends on the order"
    assert list(reward.score(task, [])) == [], f"{reward.name} must score an empty batch as an empty list"
    assert reward.name and reward.revision, "a reward has a name and a revision"
    return scores


def check_strategy(
    strategy: Strategy[S], task: Task, sampler: S, reward: Reward, *, budget: Budget, seed: int = 0
) -> list[Round]:
    """Same seed, same rounds; costs only grow and stay in budget; the best never gets worse; it says why it stopped."""
    rounds = list(strategy.run(task, sampler, reward, budget=budget, seed=seed))
    assert rounds, "a strategy yields at least one round"
    assert [r.number for r in rounds] == list(range(len(rounds))), "rounds are numbered 0, 1, 2, ..."
    assert rounds[-1].stopped, "the last round says why it stopped"
    assert not any(r.stopped for r in rounds[:-1]), "only the last round says that it stopped"
    for limit in (f.name for f in fields(Budget) if f.name != "seconds"):
        allowed = getattr(budget, limit)
        spent = getattr(rounds[-1].cost, limit)
        assert allowed is None or spent <= allowed, f"spent {spent} {limit} of a budget of {allowed}"
    for earlier, later in itertools.pairwise(rounds):
        assert all(getattr(later.cost, f.name) >= getattr(earlier.cost, f.name) for f in fields(Cost)), "cost must grow"
        if earlier.best is not None:
            assert later.best is not None and later.best.reward >= earlier.best.reward, "the best must never get worse"
    again = list(strategy.run(task, sampler, reward, budget=budget, seed=seed))
    assert len(again) == len(rounds), "the same seed must give the same number of rounds"
    for one, other in zip(rounds, again, strict=True):
        assert [c.reward for c in one.candidates] == [c.reward for c in other.candidates], "same seed, same rewards"
    run: Any = strategy.run(task, sampler, reward, budget=budget, seed=seed)
    next(run)
    run.close()
    return rounds
