"""GridAR: a quarter, a half, the whole; at each the bad prefixes are rejected and good ones take their places.

After Park et al. 2025 ("Progress by Pieces", arXiv:2511.21185), where a vision-language model calls a partial image
possible or impossible, every possible one stays, and the prompt is then rewritten to fit what is there. Here a reward
ranks the partial views and the worst share of them is rejected, or ``judge`` says yes or no of each; ``writer``
rewrites the prompt. As many tokens are drawn as for best-of-N with N = ``width``. Left out: a prompt of its own for
every candidate (the one written for the best view serves all), and their canvas of several candidates at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tts_playground.core import Budget, PromptWriter, RetoldSampler, Reward, Round, SteppedSampler, Task
from tts_playground.errors import BadInput, shown
from tts_playground.strategies.budget import BudgetTracker, best_first, checkpoints, to_the_end, waves
from tts_playground.strategies.judging import yes_or_no
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class GridAR:
    """Waves of ``width`` prefixes, one wave after another while the budget lasts. Needs a SteppedSampler.

    Raises:
        BadInput: a setting is out of its range.
    """

    width: int = 4
    """prefixes in a wave, 1 or more; fewer where the budget does not see them through"""
    reject: float = 0.5
    """share of the prefixes, the worst, that is rejected at a stage, 0 to below 1"""
    pieces: tuple[float, ...] = (0.25, 0.5)
    """ends of the stages before the whole, as shares of the way, above 0 and below 1"""
    judge: Any = None
    """a Reward or the name of one that answers 0-1 ("vqascore": P(yes) of a vision-language model): what is below 0.5
    is rejected, instead of the share of the worst; nothing where all are"""
    writer: Any = None
    """a PromptWriter that rewrites the prompt after each stage, such as ``samplers.prompt_writer``'s around a large
    model or an endpoint; needs a RetoldSampler"""

    def __post_init__(self) -> None:
        if self.width < 1 or not 0 <= self.reject < 1 or not all(0 < piece < 1 for piece in self.pieces):
            raise BadInput("GridAR needs a width of at least 1, a reject of 0 to below 1, and pieces between 0 and 1.")

    def of_width(self, width: int, horizon: int) -> GridAR:
        """``width`` prefixes, judged after the first and the second step: paths may end long before the horizon."""
        return replace(self, width=width, pieces=tuple(step / horizon for step in (1, 2) if step < horizon))

    def run(
        self, task: Task, sampler: SteppedSampler, reward: Reward, *, budget: Budget, seed: int = 0
    ) -> Iterator[Round]:
        """Yield a round per stage of a wave; waves follow one another until the budget is spent.

        Raises:
            BadInput, UnknownName: the judge or the writer is none, or the sampler cannot go on under another prompt.
        """
        if self.writer is not None and not isinstance(self.writer, PromptWriter):
            raise BadInput(f"A writer is a PromptWriter, not {shown(self.writer, 60)}.")
        if self.writer is not None and not isinstance(sampler, RetoldSampler):
            raise BadInput("This sampler cannot go on under another prompt; leave the writer out.")
        tracker, judge = BudgetTracker(budget, reward), yes_or_no(self.judge, task)
        yield from waves(tracker, partial(self._wave, task, sampler, tracker, judge, seed), "GridAR")

    def _wave(
        self, task: Task, sampler: SteppedSampler, tracker: BudgetTracker, judge: Reward | None, seed: int, number: int
    ) -> Iterator[Round]:
        ends = checkpoints(self.pieces, sampler.horizon(task))
        plan = to_the_end(min(ends[-1], tracker.horizon(task, sampler)), len(ends))
        paths, scored = tracker.start_paths(task, sampler, number, self.width, seed, plan)
        if scored:
            yield tracker.round(scored, f"wave {number + 1}, finished at once")
        fresh, at, told = max((path.index for path in paths), default=0) + 1, 0, task
        for end in ends:
            growing = [i for i, path in enumerate(paths) if not path.done]
            if not growing or not tracker.grow(told, sampler, paths, growing, end - at):
                return
            scored = tracker.judged(task, sampler, [paths[i] for i in growing], judge=judge)
            if scored is None:
                return
            at, note = end, f"wave {number + 1}, step {end} of {ends[-1]}"
            places = [i for i in best_first(scored) if not paths[growing[i]].done]
            ranked, bad = [growing[i] for i in places], int(len(places) * self.reject)
            if judge is not None:
                bad = sum(scored[i].reward < 0.5 for i in places) % max(1, len(places))  # of none possible all stay
            rejected, feasible = ranked[len(ranked) - bad :], ranked[: len(ranked) - bad]
            for turn, place in enumerate(rejected):
                paths[place], fresh = sampler.fork(paths[feasible[turn % len(feasible)]], fresh), fresh + 1
            if ranked and self.writer is not None and tracker.pay(self.writer.unit_cost):
                told = self.writer.rewrite(task, scored[places[0]].sample)
                paths = [sampler.retold(path) if isinstance(sampler, RetoldSampler) else path for path in paths]
            yield tracker.round(scored, note + (f": {len(rejected)} rejected and refilled" if rejected else ""))
