"""Majority and weighted majority of N answers out of a pool of M, averaged over subsets (numpy only).

Self-consistency (Wang et al. 2022, arXiv:2203.11171). Where the C(M, N) subsets are few, all are counted; elsewhere
random orders of the pool stand for them, and one order serves every N. Ties are broken at random: a tie counts as the
mean gold value of the answers that share the top, which is what random tie-breaks average to.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tts_playground.errors import BadInput
from tts_playground.estimators.curves import Curve, Floats, Ints, finite, grid, numbers_within
from tts_playground.estimators.intervals import means
from tts_playground.randomness import generator

_BLOCK = 1 << 21
"""cells of the [subsets, N, answers] count held at once"""


def expected_majority(
    answers: Sequence[Hashable],
    gold: ArrayLike,
    ns: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    exact_up_to: int = 5000,
    draws: int = 2000,
    seed: int = 0,
) -> Floats:
    """[n_N] expected gold value of the answer with most votes among N of the M samples.

    Args:
        answers: [M] what each sample says, normalised so that equal answers are equal.
        gold: [M] value of each sample's answer (1 right, 0 wrong); samples with equal answers count as their mean.
        weights: [M] weight >= 0 of each vote (a verifier's score); None counts heads.
        exact_up_to: enumerate all subsets of size N while there are at most this many.
        draws: random orders of the pool where there are more.

    Raises:
        BadInput: lists of different lengths, or a weight below 0.
    """
    m = len(answers)
    values, votes = finite(gold), np.ones(m) if weights is None else finite(weights)
    if not len(values) == len(votes) == m:
        raise BadInput("Answers, gold values and weights must be as many as the samples.")
    if (votes < 0).any():
        raise BadInput("A vote cannot have a negative weight; rescale the verifier's scores to 0 or more.")
    numbers = numbers_within(ns, m)
    ids = {answer: i for i, answer in enumerate(dict.fromkeys(answers))}
    group = np.array([ids[answer] for answer in answers])
    worth = np.bincount(group, values) / np.bincount(group)
    few = np.array([comb(m, int(n)) <= exact_up_to for n in numbers])
    result = np.empty(len(numbers))
    for i in np.flatnonzero(few):
        result[i] = _over_subsets(int(numbers[i]), group, votes, worth)
    if not few.all():
        rest = numbers[~few]
        rng = generator(seed, "majority")
        step = max(1, _BLOCK // (int(rest.max()) * len(worth)))
        total = np.zeros(len(rest))
        for start in range(0, draws, step):
            orders = rng.permuted(np.tile(np.arange(m), (min(step, draws - start), 1)), axis=1)
            total += _winners(orders[:, : rest.max()], rest, group, votes, worth).sum(axis=0)
        result[~few] = total / draws
    return result


def expected_majority_of_blocks(
    answers: Sequence[Hashable],
    gold: ArrayLike,
    ns: ArrayLike,
    block: int,
    *,
    weights: ArrayLike | None = None,
    exact_up_to: int = 5000,
    draws: int = 2000,
    seed: int = 0,
) -> Floats:
    """As ``expected_majority``, where ``block`` samples in a row stand or fall together (the subtrees of a search).

    Args:
        ns: numbers of blocks, 1 to M / ``block``.

    Raises:
        BadInput: lists of different lengths or no whole number of blocks, or a weight below 0.
    """
    values, votes = finite(gold), np.ones(len(answers)) if weights is None else finite(weights)
    if not len(values) == len(votes) == len(answers) or block < 1 or len(answers) % block:
        raise BadInput("Answers, gold values and weights must be as many, and fill whole blocks.")
    if (votes < 0).any():
        raise BadInput("A vote cannot have a negative weight; rescale the verifier's scores to 0 or more.")
    blocks = len(answers) // block
    numbers = numbers_within(ns, blocks)
    ids = {answer: i for i, answer in enumerate(dict.fromkeys(answers))}
    group = np.array([ids[answer] for answer in answers])
    worth = np.bincount(group, values) / np.bincount(group)
    heads = np.eye(len(worth))[group]
    given = heads.reshape(blocks, block, -1).sum(1)
    counts = (heads * votes[:, None]).reshape(blocks, block, -1).sum(1)
    rng = generator(seed, "majority of blocks")
    orders = rng.permuted(np.tile(np.arange(blocks), (draws, 1)), axis=1)
    result = np.empty(len(numbers))
    for i, n in enumerate(map(int, numbers)):
        subsets = combinations(range(blocks), n) if comb(blocks, n) <= exact_up_to else map(tuple, orders[:, :n])
        settled: list[Floats] = []
        for some in _blocks(iter(subsets), max(1, _BLOCK // (n * len(worth)))):
            places = np.array(some, dtype=int)
            settled.append(_settled(counts[places].sum(1), given[places].sum(1) > 0.5, worth))
        result[i] = np.concatenate(settled).mean()
    return result


def _over_subsets(n: int, group: Ints, votes: Floats, worth: Floats) -> float:
    """Mean gold value of the winner over all subsets of size n; large ones are told by what they leave out."""
    m = len(group)
    listed = min(n, m - n)
    heads = np.eye(len(worth))[group]
    weighed = heads * votes[:, None]
    rounding = 1e-12 * votes.sum()  # of a small count that is the difference of two large ones
    total = 0.0
    for block in _blocks(combinations(range(m), listed), max(1, _BLOCK // (max(1, listed) * len(worth)))):
        places = np.array(block, dtype=int)
        given, counts = heads[places].sum(axis=1), weighed[places].sum(axis=1)
        if listed < n:
            given, counts = heads.sum(axis=0) - given, weighed.sum(axis=0) - counts
        total += _settled(counts, given > 0.5, worth, rounding).sum()
    return total / comb(m, n)


def _winners(orders: Ints, ns: Ints, group: Ints, votes: Floats, worth: Floats) -> Floats:
    """[orders, n_N] gold value of the winner among the first N of each order ``[orders, N_max]``."""
    tally = np.zeros((*orders.shape, len(worth)))
    rows, columns = np.indices(orders.shape)
    tally[rows, columns, group[orders]] = votes[orders]
    seen = np.zeros(tally.shape, dtype=bool)
    seen[rows, columns, group[orders]] = True
    counts = np.cumsum(tally, axis=1)[:, ns - 1]
    given = np.logical_or.accumulate(seen, axis=1)[:, ns - 1]
    return _settled(counts, given, worth)


def _settled(counts: Floats, given: NDArray[np.bool_], worth: Floats, rounding: float = 0.0) -> Floats:
    """Gold value of the answer with most votes (last axis); an answer nobody gave shares no tie at zero weight."""
    top = np.where(given, counts, -np.inf).max(axis=-1, keepdims=True)
    # sums of the same weights in another order differ by rounding: a tie is a tie within that
    tied = given & (counts >= top - np.maximum(1e-9 * np.abs(top), rounding))
    return (tied * worth).sum(axis=-1) / tied.sum(axis=-1)


def _blocks(subsets: Iterator[tuple[int, ...]], size: int) -> Iterator[list[tuple[int, ...]]]:
    while block := list(islice(subsets, size)):
        yield block


def majority_curve(
    answers: Sequence[Sequence[Hashable]],
    gold: Sequence[ArrayLike],
    *,
    weights: Sequence[ArrayLike] | None = None,
    ns: ArrayLike | None = None,
    label: str = "",
    measure: str = "accuracy",
    unit: Mapping[str, float] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Curve:
    """The curve of (weighted) majority over prompts, one row of answers and gold values each, with 95 % bands.

    The bands are over prompts; with one prompt they are None (a vote has no smooth resample of its samples).

    Raises:
        BadInput: no prompts, or not one row of each a prompt.
    """
    if not answers or len(answers) != len(gold) or (weights is not None and len(weights) != len(answers)):
        raise BadInput("A majority curve needs one row of answers, of gold values (and of weights) a prompt.")
    smallest = min(len(row) for row in answers)
    numbers = grid(smallest) if ns is None else numbers_within(ns, smallest)
    subsets = max(100, 100_000 // len(answers))  # what is drawn instead averages out over many prompts
    rows = np.array(
        [
            expected_majority(
                a,
                g,
                numbers,
                weights=None if weights is None else weights[i],
                exact_up_to=subsets,
                draws=draws,
                seed=seed,
            )
            for i, (a, g) in enumerate(zip(answers, gold, strict=True))
        ]
    )
    low = high = None
    if len(rows) > 1:
        shares = all(np.min(g) >= 0 and np.max(g) <= 1 for g in gold)
        low, high = means(rows, "shares" if shares else "values", seed=seed)
    name = label or ("weighted majority" if weights is not None else "majority")
    return Curve(numbers, rows.mean(axis=0), low, high, name, False, smallest, len(rows), measure, dict(unit or {}))
