"""Independent draws under a limit on tokens: in groups that what is left will pay for, so that little is dropped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from tts_playground.core import Sample, Sampler, Task
from tts_playground.strategies.budget import BudgetTracker


def groups(tracker: BudgetTracker, indices: range, spent: Callable[[], int] = lambda: 0) -> Iterator[range]:
    """The indices in parts that are drawn together: all at once, but where tokens are limited as many as surely fit.

    One before it is known what a sample costs; then half of what the dearest one so far leaves room for, or all of that
    where several have cost the same. Ends where no token is left.

    Args:
        spent: tokens of samples that have come and are not paid for yet.
    """
    while indices:
        left = tracker.budget.left("tokens", tracker.cost) - spent()
        known = tracker.prices
        if left <= 0 < max(known, default=0):
            return
        size = len(indices)
        if tracker.budget.tokens is not None and max(known, default=1):
            sure = 1 if len(known) > 1 and len(set(known)) == 1 else 2
            size = min(size, max(1, int(left // (sure * max(known))))) if known else 1
        yield indices[:size]
        indices = indices[size:]


def drawn(
    tracker: BudgetTracker, task: Task, sampler: Sampler, indices: range, seed: int
) -> Generator[Sample, None, None]:
    """The samples of ``indices`` in order, as ``sampler.draw``; whoever takes them pays for each before the next."""
    for group in groups(tracker, indices):
        if tracker.budget.tokens is None or tracker.budget.seconds is not None:
            for sample in sampler.draw(task, group, seed=seed):
                tracker.prices.append(sample.cost.tokens)
                yield sample
            continue
        come = list(sampler.draw(task, group, seed=seed))
        tracker.prices += [sample.cost.tokens for sample in come]
        taken = 0
        try:
            for sample in come:
                taken += 1
                yield sample
        finally:  # who stops in the middle leaves the others of the group drawn
            tracker.drop(come[taken:])
