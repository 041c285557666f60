"""What is drawn under a limit on tokens: little more than fits, and what does not fit is told."""

from dataclasses import dataclass, field, replace

import pytest
from toy_tree import TASK, ToyTree, Worth

from tts_playground.core import Budget, Cost, Progress
from tts_playground.strategies.adaptive import Adaptive
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.confidence import Confidence
from tts_playground.strategies.revision import Revision
from tts_playground.strategies.simulate import Simulate
from tts_playground.strategies.tournament import Tournament

DRAWING = [
    BestOfN(n=8, batch=8),
    BestOfN(n=8, batch=8, reports=True),
    Tournament(n=8),
    Adaptive(n=8, batch=8, surely=0.999),
    Confidence(n=8, batch=8, online=False, consensus=1.0),
    Revision(4, 2),
]


@dataclass(frozen=True)
class Counting(ToyTree):
    """Words of 3 to 5 letters, drawn all together; every letter is counted when it is drawn."""

    drawn: list = field(default_factory=list)
    groups: list = field(default_factory=list)

    def _with(self, path, letter):
        grown = super()._with(path, letter)
        self.drawn.append(letter)
        return replace(grown, done=len(grown.letters) >= 3 + path.index % 3)

    def horizon(self, task):
        return 5

    def draw(self, task, indices, *, seed=0):
        self.groups.append(len(indices))
        yield from list(super().draw(task, indices, seed=seed))

    def revise(self, task, attempt, verdict, indices, *, seed=0):
        for sample in super().revise(task, attempt, verdict, indices, seed=seed):
            self.drawn.extend(sample.content)
            yield sample


class Streaming(Counting):
    """The same, with reports."""

    def stream(self, task, indices, *, seed=0):
        for done, sample in enumerate(self.draw(task, indices, seed=seed), 1):
            yield Progress((sample,), share=done / len(indices), done=done, of=len(indices))


def run(strategy, sampler, **limits):
    return list(strategy.run(TASK, sampler, Worth(), budget=Budget(**limits)))


@pytest.mark.parametrize("tokens", [1, 2, 5, 11, 20])
@pytest.mark.parametrize("strategy", DRAWING, ids=str)
def test_at_most_one_candidate_is_drawn_that_does_not_fit(strategy, tokens):
    for made in (Counting, Streaming):
        sampler = made()
        last = run(strategy, sampler, tokens=tokens)[-1]
        assert last.cost.tokens <= tokens and len(sampler.drawn) <= tokens + 5
        assert last.cost.tokens + last.dropped.tokens == len(sampler.drawn), "nothing that was drawn is hidden"


@pytest.mark.parametrize("tokens", [2, 7, 20, 30])
@pytest.mark.parametrize("strategy", [Beam(4, 2), Simulate()], ids=str)
def test_steps_that_do_not_fit_are_told(strategy, tokens):
    sampler = Counting()
    last = run(strategy, sampler, tokens=tokens)[-1]
    assert last.cost.tokens <= tokens and last.cost.tokens + last.dropped.tokens == len(sampler.drawn)
    assert ("drawn than the budget" in last.note) == bool(last.dropped.tokens)


@pytest.mark.parametrize("strategy", DRAWING, ids=str)
def test_candidates_and_rounds_are_the_same_where_the_limit_does_not_bind(strategy):
    bound, free = Counting(), Counting()
    ours, theirs = run(strategy, bound, tokens=500, samples=8), run(strategy, free, samples=8)
    for one, other in zip(ours, theirs, strict=True):
        assert one.candidates == other.candidates and one.note == other.note
        assert one.cost.tokens == other.cost.tokens and one.dropped == Cost()


def test_without_a_limit_on_tokens_a_batch_is_drawn_as_one():
    sampler = Counting()
    run(DRAWING[0], sampler, samples=8)
    assert sampler.groups == [8]


def test_what_always_costs_the_same_is_drawn_as_much_at_once_as_fits():
    @dataclass(frozen=True)
    class Even(Counting):
        def _with(self, path, letter):
            return ToyTree._with(self, path, letter)

    sampler = Even()
    assert run(BestOfN(n=9, batch=4), sampler, tokens=24)[-1].cost.tokens == 24
    assert sampler.groups == [1, 3, 4]
