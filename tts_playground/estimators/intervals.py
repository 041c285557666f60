# scipy ships no types.
# pyright: reportMissingTypeStubs=false
"""How sure a mean is, also when few observations stand behind it: the one place where intervals are computed.

Whatever is averaged, an interval says 95 % and covers about 95 % (``docs/intervals.md`` has the simulations). What it
rests on depends on what is averaged:

- *shares*, numbers in [0, 1] such as 0/1 checks or a prompt's pass rate over repeats: the interval of one rate (exact
  while few stand behind it, Wilson's from 40 on), with as many observations as the spread between prompts says there
  are, and never fewer than prompts. A mean of 0 or 1 keeps a width.
- *values* of any size: Student's t; from 8 on the wider of that and the studentised bootstrap, which follows skew.
- *skewed* values (lengths, seconds): as values from 8 on; of fewer nothing honest can be said, and nothing is.

Where there is no interval, ``low`` and ``high`` are None: one value, values that are all equal, too few skewed ones.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # not scipy.stats, which takes a second to import

from tts_playground.errors import BadInput
from tts_playground.randomness import generator

Floats = NDArray[np.float64]
Kind = Literal["auto", "values", "shares", "skewed"]

LEVEL = 0.95
FEW = 8
"""values below which skew cannot be followed"""
SCARCE = 40.0
"""observations of a rate below which its interval is exact: Wilson's then covers as little as 83 % at some rates"""
DRAWS = 1000
"""resamples of a studentised bootstrap"""
NONE = "no interval: too few to say"
"""what stands where an interval would"""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval."""

    value: float
    low: float | None
    """None, as ``high``, where the observations support no interval"""
    high: float | None
    n: int
    """observations behind it"""

    def as_dict(self) -> dict[str, Any]:
        """{"value", "low", "high", "n"}: the form in which metrics are reported."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}

    def words(self, form: str = ".3f") -> str:
        """ "0.412 to 0.588", or that there are too few observations to say."""
        return between(self.low, self.high, form)

    @property
    def reach(self) -> tuple[float | None, float | None]:
        """How far the interval goes below and above ``value``, for error bars; None where there is none."""
        if self.low is None or self.high is None:
            return None, None
        return self.value - self.low, self.high - self.value


def between(low: float | None, high: float | None, form: str = ".3f") -> str:
    """The two ends in words."""
    known = low is not None and high is not None and np.isfinite(low) and np.isfinite(high)
    return f"{low:{form}} to {high:{form}}" if known else NONE


def rate(successes: int, n: int, level: float = LEVEL) -> Interval:
    """The rate of independent yes-or-no outcomes: exact (Clopper and Pearson 1934) below 40, Wilson's from there."""
    _check_rate(successes, n)
    low, high = of_rate(np.array([successes / n]), np.array([float(n)]), level)
    return Interval(successes / n, float(low[0]), float(high[0]), n)


def mean(
    values: ArrayLike,
    kind: Kind = "auto",
    *,
    each: float = np.inf,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """The mean of independent ``values`` [n]; see the top of this file for the kinds.

    "auto": shares where all of them are 0 or 1, else values.

    Args:
        each: of shares, the 0/1 outcomes behind each of them (repeats); they bound what a small spread may promise.

    Raises:
        BadInput: no values, or one that is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise BadInput("A mean needs a list of at least one finite number.")
    low, high = means(array[:, None], kind, each=each, level=level, draws=draws, seed=seed)
    return _interval(float(array.mean()), low[0], high[0], len(array))


def paired(a: ArrayLike, b: ArrayLike, *, level: float = LEVEL, draws: int = DRAWS, seed: int = 0) -> Interval:
    """Mean of a - b where a[i] and b[i] come from the same prompt: what prompts share cancels.

    Raises:
        BadInput: the two are not equally long.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise BadInput(f"A paired comparison needs one value a prompt of both; got {first.size} and {second.size}.")
    return mean(first - second, "values", level=level, draws=draws, seed=seed)


def sign(gain: Interval) -> int:
    """1 for a gain, -1 for a loss, 0 where the interval of a difference covers zero or is not known."""
    if gain.low is None or gain.high is None or gain.low <= 0 <= gain.high:
        return 0
    return 1 if gain.low > 0 else -1


def difference(a: ArrayLike, b: ArrayLike, *, level: float = LEVEL) -> Interval:
    """Mean of ``a`` less mean of ``b``, two independent lists of values: Welch's t (1947); ``n`` counts both.

    Raises:
        BadInput: a list is empty or not finite.
    """
    lists = [np.asarray(values, dtype=np.float64) for values in (a, b)]
    if any(one.ndim != 1 or not one.size or not np.isfinite(one).all() for one in lists):
        raise BadInput("A difference of means needs two lists of at least one finite number.")
    value, n = float(lists[0].mean() - lists[1].mean()), sum(map(len, lists))
    if min(map(len, lists)) < 2:
        return Interval(value, None, None, n)
    parts = np.array([one.var(ddof=1) / len(one) for one in lists])
    if not parts.any():
        return Interval(value, None, None, n)
    freedom = parts.sum() ** 2 / (parts**2 / [len(one) - 1 for one in lists]).sum()
    reach = float(special.stdtrit(freedom, 0.5 + level / 2) * np.sqrt(parts.sum()))
    return Interval(value, value - reach, value + reach, n)


def clustered(
    values: ArrayLike,
    clusters: Sequence[Hashable] | NDArray[Any],
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """The mean of ``values`` [n] where those of one cluster (a layout, a prompt) belong together and clusters do not.

    Values in [0, 1] count as shares. Each cluster stands as one observation, its deviation weighted by its size.

    Raises:
        BadInput: no values, one that is not finite, or not one cluster for each.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size or not np.isfinite(array).all() or len(clusters) != len(array):
        raise BadInput("A mean over clusters needs at least one finite number, and a cluster for each.")
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    sizes = np.bincount(index).astype(np.float64)
    value, count = float(array.mean()), len(sizes)
    # the linearised ratio estimator: their mean is the mean, their spread is that of the mean over clusters
    alone = value + (np.bincount(index, array) - value * sizes) * count / len(array)
    if array.min() >= 0.0 and array.max() <= 1.0:
        least = len(array) ** 2 / float((sizes**2).sum())
        worth = _observations(np.array([value]), alone.var(ddof=1) / count if count > 1 else np.zeros(1), count, least)
        low, high = of_rate(np.array([value]), np.atleast_1d(worth), level)
        if np.ptp(array) < _tiny(array) and 0.0 < value < 1.0:
            low = high = np.array([np.nan])
    else:
        low, high = means(alone[:, None], level=level, draws=draws, seed=seed)
    return _interval(value, low[0], high[0], len(array))


def means(
    table: ArrayLike,
    kind: Kind = "auto",
    *,
    each: float = np.inf,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Lower and upper ends, [columns] each, for the mean of every column of ``table`` [n, columns]; NaN for none."""
    rows = np.asarray(table, dtype=np.float64)
    if kind == "auto" and np.isin(rows, (0.0, 1.0)).all():
        kind, each = "shares", 1.0
    if kind == "shares":
        return _of_shares(rows, each, level)
    return _of_values(rows, FEW if kind == "skewed" else 2, level, draws, seed)


def of_resamples(value: float, replicates: ArrayLike, n: int, level: float = LEVEL) -> Interval:
    """Of a statistic without a formula (an AUROC, a pooled F1) from its values on resamples of ``n`` observations.

    Percentiles (Efron 1979), moved out from ``value`` by what Student's t and a sample's own mean add at ``n``; None
    below 8 observations and where no resample differs.
    """
    again = np.asarray(replicates, dtype=np.float64)
    if n < FEW or not again.size or np.ptp(again) < _tiny(again):
        return Interval(value, None, None, n)
    tail = (1 - level) / 2
    wider = special.stdtrit(n - 1, 1 - tail) / special.ndtri(1 - tail) * np.sqrt(n / (n - 1))
    low, high = (value + wider * (end - value) for end in np.quantile(again, [tail, 1 - tail]))
    return Interval(value, float(min(value, low)), float(max(value, high)), n)


# ------------------------------------------------------------------------------------------------------- shares


def _of_shares(rows: Floats, each: float, level: float) -> tuple[Floats, Floats]:
    count, centre = len(rows), rows.mean(axis=0)
    if (rows < -1e-9).any() or (rows > 1 + 1e-9).any():
        raise BadInput("Shares lie between 0 and 1.")
    spread = rows.var(axis=0, ddof=1) / count if count > 1 else np.zeros(rows.shape[1])
    return of_rate(np.clip(centre, 0.0, 1.0), _observations(centre, spread, count, count, count * each), level)


def _observations(centre: Floats, spread: ArrayLike, count: int, least: float, most: float = np.inf) -> Floats:
    """How many 0/1 outcomes would leave the mean as uncertain as the spread between ``count`` clusters says it is.

    p (1 - p) / spread (Kish's effective sample size), less what Student's t asks for when the spread itself comes from
    few (Korn and Graubard 1998). No numbers in [0, 1] vary more than 0/1 outcomes do, so it is never under ``least``.
    """
    if count < 2:
        return np.full(np.shape(centre), float(least))
    few = (special.ndtri(0.975) / special.stdtrit(count - 1, 0.975)) ** 2
    room = np.asarray(centre * (1 - centre))
    worth = np.divide(room, spread, out=np.zeros_like(room), where=np.asarray(spread) > 1e-15)
    return np.maximum(least, np.minimum(worth, most) * few)


def of_rate(centre: Floats, n: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Ends of the interval of rates ``centre`` behind which ``n`` observations stand; ``n`` need not be whole."""
    low, high = _wilson(centre, n, level)
    exact_low, exact_high = _exact(centre, n, level)
    return np.where(n < SCARCE, exact_low, low), np.where(n < SCARCE, exact_high, high)


def _wilson(centre: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    z = special.ndtri(0.5 + level / 2)
    middle = (centre + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(centre * (1 - centre) / n + z * z / (4 * n * n))
    low, high = np.minimum(centre, middle - half), np.maximum(centre, middle + half)
    return np.maximum(0.0, low), np.minimum(1.0, high)


def _exact(centre: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    """Clopper and Pearson's interval; its beta form also takes effective numbers, which are not whole."""
    tail, yes, no = (1 - level) / 2, centre * n, (1 - centre) * n
    low = special.betaincinv(np.maximum(yes, 1e-9), no + 1, tail)
    high = special.betaincinv(yes + 1, np.maximum(no, 1e-9), 1 - tail)
    low, high = np.where(yes > 1e-9, low, 0.0), np.where(no > 1e-9, high, 1.0)
    return np.minimum(low, centre), np.maximum(high, centre)


# ------------------------------------------------------------------------------------------------------- values


def _of_values(rows: Floats, least: int, level: float, draws: int, seed: int) -> tuple[Floats, Floats]:
    count, columns, centre = len(rows), int(rows.shape[1]), rows.mean(axis=0)
    if count < max(2, least):
        return np.full(columns, np.nan), np.full(columns, np.nan)
    error = rows.std(axis=0, ddof=1) / np.sqrt(count)
    t = float(special.stdtrit(count - 1, 0.5 + level / 2))
    below, above = np.full(columns, t), np.full(columns, t)
    if count >= FEW:
        lower, upper = _studentised(rows - centre, level, draws, seed)
        below, above = np.maximum(below, upper), np.maximum(above, -lower)  # a long tail to the right moves up the top
    known = (np.ptp(rows, axis=0) >= _tiny(rows)) & np.isfinite(below) & np.isfinite(above)
    low, high = (np.where(known, end, np.nan) for end in (centre - below * error, centre + above * error))
    return low, high


def _studentised(deviations: Floats, level: float, draws: int, seed: int) -> tuple[Floats, Floats]:
    """[columns] quantiles of (resampled mean - mean) / its own standard error; infinite where too few values differ."""
    count = len(deviations)
    copies = generator(seed, "studentised", count).multinomial(count, np.full(count, 1 / count), size=draws)
    moved = copies @ deviations / count
    spread = np.maximum(copies @ deviations**2 / count - moved**2, 0.0) / (count - 1)
    flat = spread <= 1e-12 * (deviations**2).mean(axis=0)
    return studentised_ends(moved, np.sqrt(np.where(flat, 0.0, spread)), level)


def studentised_ends(moved: Floats, errors: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """[columns] lower and upper quantile of ``moved / errors`` [draws, columns]; an error of 0 counts as infinite t."""
    endless = np.where(moved > 0, np.inf, np.where(moved < 0, -np.inf, 0.0))
    ratio = np.divide(moved, errors, out=endless, where=errors > 0)
    tail = (1 - level) / 2
    return np.quantile(ratio, tail, axis=0, method="lower"), np.quantile(ratio, 1 - tail, axis=0, method="higher")


def _tiny(values: Floats) -> float:
    """Differences below which numbers are equal but for rounding."""
    return 1e-12 * max(1e-3, float(np.abs(values).max()))


def _interval(value: float, low: float, high: float, n: int) -> Interval:
    if not (np.isfinite(low) and np.isfinite(high)):
        return Interval(value, None, None, n)
    return Interval(value, min(float(low), value), max(float(high), value), n)


def _check_rate(successes: int, n: int) -> None:
    if n < 1 or not 0 <= successes <= n:
        raise BadInput(f"A rate needs 0 <= successes <= n and n >= 1; got {successes} of {n}.")
