"""``eval stickers``, the part that draws: pools of images for the prompts of stickers-eval, judged and scored.

Every image goes the way of the app: the ordinary sampler, rewards and judge. From a pool of M images a prompt, single
and best-of-N are the exact estimators of ``estimators.curves``; intervals are over prompts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from tts_playground.core import Reward, Sample, Verifier
from tts_playground.estimators.curves import expected_best, expected_pick
from tts_playground.evaluation import metrics
from tts_playground.evaluation import sticker_knobs as knobs_part
from tts_playground.evaluation.countdown import Countdown
from tts_playground.rewards.diversity import pairwise_distance, token_entropy
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.worlds import stickers
from tts_playground.worlds.captions import plain
from tts_playground.worlds.evalset import StickerCase

CFGS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
"""guidance scales that are tried on prompts of the training side"""
TUNING_SEED, TUNING_PROMPTS, TUNING_EACH = 45_000, 48, 2
"""world seed, prompts and images a prompt of that trial; no composition of stickers-eval comes up there"""
BEST_OF = 16
SIDE_PROMPTS = 10
"""prompts a kind on which settings other than the best are looked at"""
SIDE_EACH = 4
HOT, COLD, WIDE = 1.5, 1e-4, 20.0
"""temperatures and guidance of those looks"""


@dataclass(frozen=True)
class Tools:
    """The sampler, the judges and the rewards of an evaluation."""

    sampler: ImageTokens
    judge: Verifier
    clip: Reward
    aesthetic: Reward
    embed: Callable[[Sequence[Any]], np.ndarray]
    """pictures to unit embeddings [n, d], for diversity"""
    second: Verifier | None = None
    """a judge by another detector, which nothing was ever chosen by"""
    say: Callable[[str], None] = print


@dataclass(frozen=True)
class JudgedPrompt:
    """One prompt's images."""

    kind: str
    passed: np.ndarray
    """0 or 1 [M]"""
    clip: np.ndarray
    looks: np.ndarray
    """[M] the aesthetic reward"""
    second: np.ndarray | None = None
    side: Mapping[str, float] = field(default_factory=dict)
    """single numbers of the looks at other settings"""
    knobs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """what ``sticker_knobs.look`` found"""


# ---------------------------------------------------------------------------------------------------------- drawing

Wanted = Mapping[str, tuple[ImageSettings, Sequence[tuple[int, int]]]]
"""name -> settings, and the (seed, index) of each image"""


def draw(sampler: ImageTokens, task: PromptTask, wanted: Wanted) -> dict[str, list[Sample]]:
    """Images under several settings in one batch: the cost is that of the sampler's rows, not of its calls.

    An image that several names want is drawn once.
    """
    all_of_them = [(settings, *place) for settings, places in wanted.values() for place in places]
    distinct = list(dict.fromkeys(all_of_them))
    paths = [
        replace(sampler.start(task, [index], seed=seed)[0], settings=settings) for settings, seed, index in distinct
    ]
    drawn = dict(zip(distinct, sampler.finish(task, paths), strict=True))
    return {name: [drawn[settings, *place] for place in places] for name, (settings, places) in wanted.items()}


def passes(judge: Verifier, task: PromptTask, samples: Sequence[Sample]) -> np.ndarray:
    """1.0 where the judge passes, else 0.0."""
    return np.array([float(bool(verdict.passed)) for verdict in judge.judge(task, samples)])


def choose_cfg(tools: Tools, prompts: int = TUNING_PROMPTS, seed: int = 0) -> dict[float, float]:
    """Pass rate of each guidance scale on the world's own compositions, none of them of stickers-eval."""
    total, places = dict.fromkeys(CFGS, 0.0), [(seed, index) for index in range(TUNING_EACH)]
    countdown = Countdown("choosing the guidance", prompts, tools.say)
    for scene in stickers.scenes(TUNING_SEED, 0, prompts):
        task = PromptTask(plain(scene.composition))
        drawn = draw(tools.sampler, task, {str(cfg): (ImageSettings(1.0, cfg), places) for cfg in CFGS})
        judged = passes(tools.judge, task, [sample for samples in drawn.values() for sample in samples])
        for cfg, part in zip(CFGS, judged.reshape(len(CFGS), -1), strict=True):
            total[cfg] += float(part.mean()) / prompts
        countdown.step()
    return total


def look(tools: Tools, case: StickerCase, n: int, cfg: float, seed: int, *, side: bool) -> JudgedPrompt:
    """Draw and score one prompt's images; ``side``: also a few under other settings."""
    task, few = PromptTask(case.prompt), [(seed, index) for index in range(SIDE_EACH)]
    wanted = {"pool": (ImageSettings(1.0, cfg), [(seed, index) for index in range(n)])}
    swept = knobs_part.wanted(cfg, n, SIDE_EACH, seed) if side else {}
    if side:
        wanted |= {
            **swept,
            "unguided": (ImageSettings(1.0, 1.0), few),
            "wide": (ImageSettings(1.0, WIDE), few),
            "hot": (ImageSettings(HOT, cfg), few[:2]),
            "cold": (ImageSettings(COLD, cfg), [(seed + number, number) for number in range(3)]),
        }
    drawn = draw(tools.sampler, task, wanted)
    pool = drawn["pool"]
    return JudgedPrompt(
        case.kind,
        passes(tools.judge, task, pool),
        np.array(tools.clip.score(task, pool)),
        np.array(tools.aesthetic.score(task, pool)),
        None if tools.second is None else passes(tools.second, task, pool),
        _side(tools, task, drawn) if side else {},
        _knobs(tools, task, {name: drawn[name] for name in swept}, cfg) if side else {},
    )


def _knobs(
    tools: Tools, task: PromptTask, drawn: Mapping[str, list[Sample]], cfg: float
) -> dict[str, dict[str, float]]:
    judged, scored = partial(passes, tools.judge, task), partial(tools.clip.score, task)
    return knobs_part.look(drawn, cfg, SIDE_EACH, BEST_OF, judged, tools.embed, scored)


def _side(tools: Tools, task: PromptTask, drawn: Mapping[str, list[Sample]]) -> dict[str, float]:
    found = {name: float(passes(tools.judge, task, drawn[name]).mean()) for name in ("unguided", "hot")}
    for name in ("pool", "wide"):
        some = drawn[name][:SIDE_EACH]
        found[f"diversity_{name}"] = pairwise_distance(tools.embed([sample.content for sample in some]))
        found[f"entropy_{name}"] = token_entropy(some)
    return found | {"cold": float(len({tuple(sample.info["tokens"]) for sample in drawn["cold"]}))}


def look_at_all(tools: Tools, chosen: Sequence[StickerCase], n: int, cfg: float, seed: int) -> list[JudgedPrompt]:
    """``look`` at every case; the first ``SIDE_PROMPTS`` of each kind under other settings as well."""
    rows: list[JudgedPrompt] = []
    seen: Counter[str] = Counter()
    countdown = Countdown(f"{n} images a prompt at guidance {cfg:g}", len(chosen), tools.say)
    for case in chosen:
        rows.append(look(tools, case, n, cfg, seed, side=seen[case.kind] < SIDE_PROMPTS))
        seen[case.kind] += 1
        countdown.step()
    return rows


# ---------------------------------------------------------------------------------------------------------- numbers


def image_metrics(rows: Sequence[JudgedPrompt]) -> dict[str, dict[str, Any]]:
    """All numbers about drawn images; N of best-of-N is 16, or the pool where that is smaller, and names say so."""
    passed, clip, looks = (np.stack([getattr(row, name) for row in rows]) for name in ("passed", "clip", "looks"))
    n = min(BEST_OF, passed.shape[1])
    single, plain_looks = passed.mean(1), looks.mean(1)
    found = {"geneval_single": metrics.share(single)}
    for kind in dict.fromkeys(row.kind for row in rows):
        found[f"geneval_single_{kind}"] = metrics.share(single[[row.kind == kind for row in rows]])
    found[f"geneval_oracle{n}"] = metrics.share(_best(passed, n))
    for name, proxy in (("clip", clip), ("aesthetic", looks)):
        right, nice = _pick(proxy, passed, n), _pick(proxy, looks, n)
        found[f"geneval_{name}{n}"] = metrics.share(right)
        found[f"geneval_{name}{n}_gain"] = metrics.gain(right, single)
        found[f"looks_{name}{n}_gain"] = metrics.gain(nice, plain_looks)
    seconds = [row.second for row in rows if row.second is not None]
    if len(seconds) == len(rows):
        second = np.stack(seconds)
        found["geneval_single_detector2"] = metrics.share(second.mean(1))
        found[f"geneval_oracle{n}_detector2"] = metrics.share(_best(second, n))
        found[f"geneval_oracle{n}_confirmed"] = metrics.share(_pick(passed, second, n))
    found |= knobs_part.knob_metrics([row.knobs for row in rows if row.knobs], n)
    return found | _side_metrics([row for row in rows if row.side])


def _side_metrics(rows: Sequence[JudgedPrompt]) -> dict[str, dict[str, Any]]:
    if not rows:
        return {}
    best = np.array([row.passed.mean() for row in rows])
    side = {name: np.array([row.side[name] for row in rows]) for name in rows[0].side}
    found = {
        "geneval_single_cfg1": metrics.share(side["unguided"]),
        "geneval_cfg_gain": metrics.gain(best, side["unguided"]),
        "geneval_single_hot": metrics.share(side["hot"]),
        "geneval_hot_loss": metrics.gain(best, side["hot"]),
        "distinct_cold": metrics.mean(side["cold"]),
    }
    for name in ("diversity", "entropy"):
        usual, wide = side[f"{name}_pool"], side[f"{name}_wide"]
        found |= {name: metrics.mean(usual), f"{name}_cfg20": metrics.mean(wide)}
        found[f"{name}_cfg20_loss"] = metrics.gain(usual, wide)
    return found


def _best(values: np.ndarray, n: int) -> np.ndarray:
    return expected_best(values, [n])[:, 0]


def _pick(proxy: np.ndarray, gold: np.ndarray, n: int) -> np.ndarray:
    return expected_pick(proxy, gold, [n])[:, 0]
