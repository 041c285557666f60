"""``eval stickers``, the parts that look at scenes: the VQ, tiny:clip, the detector, and the judge's mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from tts_playground.estimators.intervals import of_resamples
from tts_playground.evaluation import metrics
from tts_playground.models.clip import image_embeddings, text_embeddings
from tts_playground.models.detector import Detector
from tts_playground.randomness import generator
from tts_playground.rewards.measures import preferred, retrieved
from tts_playground.verifiers.checks import check, truth
from tts_playground.verifiers.english import parse
from tts_playground.verifiers.geneval import GenEval
from tts_playground.verifiers.measures import per_scene
from tts_playground.worlds.captions import plain
from tts_playground.worlds.evalset import KINDS, StickerCase
from tts_playground.worlds.layout import Draw, arrange
from tts_playground.worlds.pool import ScenePool
from tts_playground.worlds.scene import Composition, Scene, render_batch
from tts_playground.worlds.vocabulary import BACKGROUNDS, MOST, NAMES, RELATIONS, TINTS

Metrics = dict[str, dict[str, Any]]
TEXTS = 512
"""captions in one forward pass"""


# --------------------------------------------------------------------------------------------------------- the VQ


def through(vq: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pictures uint8 [n, 64, 64, 3] through the VQ and back, and their codes [n, tokens]."""
    import torch

    from tts_playground.models.janus.vq import decode, encode

    device = next(vq.parameters()).device
    parts = [encode(vq, torch.from_numpy(part).to(device)) for part in _blocks(images)]
    seen = [decode(vq, codes).cpu().numpy() for codes in parts]
    return np.concatenate(seen), torch.cat(parts).cpu().numpy()


def vq_metrics(vq: Any, images: np.ndarray, seen: np.ndarray, codes: np.ndarray) -> Metrics:
    """``vq_psnr`` in dB and ``vq_codes``, the part of the codebook that comes up in these scenes."""
    import torch

    from tts_playground.models.janus.vq import psnr

    told = psnr(torch.from_numpy(images), torch.from_numpy(seen)).numpy()
    return {"vq_psnr": metrics.mean(told), "vq_codes": used(codes, vq.quantize.num_embeddings)}


def used(codes: np.ndarray, size: int, draws: int = 200) -> dict[str, Any]:
    """The part of ``size`` codes that occur in ``codes`` [scenes, tokens].

    A resample repeats scenes and so shows fewer codes than the scenes do; only the spread of the resamples is used.
    """
    there = np.zeros((len(codes), size), dtype=bool)
    np.put_along_axis(there, codes, True, axis=1)
    value = float(there.any(0).mean())
    rng = generator(0, "codes used")
    again = [there[rng.integers(len(there), size=len(there))].any(0).mean() for _ in range(draws)]
    found = of_resamples(value, np.array(again) - np.mean(again) + value, len(codes))
    return replace(found, high=None if found.high is None else min(1.0, found.high)).as_dict()


# ------------------------------------------------------------------------------------------ tiny:clip, the detector


def clip_metrics(clip: str, device: str, pool: ScenePool, views: dict[str, np.ndarray]) -> Metrics:
    """``clip_r1`` (text to picture, among 100) and ``clip_hard`` (own caption against one with a mistake), by view."""
    told = [full for full, _ in pool.captions]
    true = _embedded(told, clip, device)
    wrong = _embedded([lie for lies in pool.wrong for lie in lies], clip, device).reshape(len(pool), -1, true.shape[1])
    found: Metrics = {}
    for name, images in views.items():
        seen = image_embeddings([Image.fromarray(image) for image in images], clip, device)
        liked = preferred((true * seen).sum(-1), (wrong * seen[:, None]).sum(-1))
        found[f"clip_r1{name}"] = metrics.share(retrieved(true @ seen.T, told))
        found[f"clip_hard{name}"] = metrics.share(liked)
    return found


def _embedded(texts: Sequence[str], clip: str, device: str) -> np.ndarray:
    return np.concatenate([text_embeddings(part, clip, device) for part in _blocks(texts, TEXTS)])


def detector_metrics(detector: Detector, pool: ScenePool, views: dict[str, np.ndarray], suffix: str = "") -> Metrics:
    """``det_count``, ``det_class`` and ``det_color`` of every view; scenes without tints say nothing about colour."""
    found: Metrics = {}
    for view, images in views.items():
        rows = per_scene(detector, images, pool.classes, pool.colors, pool.boxes)
        for name, values in rows.items():
            known = values[~np.isnan(values)]
            if known.size:
                found[f"{name}{view}{suffix}"] = metrics.share(known)
    return found


# --------------------------------------------------------------------------------------------- the judge's mistakes


def judge_metrics(
    judge: GenEval,
    reconstruct: Callable[[np.ndarray], np.ndarray],
    chosen: Sequence[StickerCase],
    each: int,
    seed: int,
    second: GenEval | None = None,
) -> Metrics:
    """How often the judge accepts scenes under a wrong prompt, and under the right one, by kind.

    Of scenes as rendered (``judge_*_accept_rendered_KIND``), as reconstructed, where the VQ may have spoilt what was
    asked for (``judge_*_accept_KIND``), and of those reconstructed ones that a ``second`` judge accepts
    (``judge_true_accept_confirmed_KIND``).
    """
    found: Metrics = {}
    for kind in KINDS:
        scenes, right, wrong = _trials([case for case in chosen if case.kind == kind], each, seed)
        rendered = render_batch(scenes)
        drawn = list(reconstruct(rendered))
        for name, prompts in (("false", wrong), ("true", right)):
            for view, images in (("rendered_", list(rendered)), ("", drawn)):
                passed = [bool(verdict.passed) for verdict in judge.judge_each(prompts, images)]
                found[f"judge_{name}_accept_{view}{kind}"] = metrics.rate(passed)
        sure = [] if second is None else [bool(verdict.passed) for verdict in second.judge_each(right, drawn)]
        if any(sure):
            agreed = [mine for mine, theirs in zip(passed, sure, strict=True) if theirs]
            found[f"judge_true_accept_confirmed_{kind}"] = metrics.rate(agreed)
    return found


def _trials(chosen: Sequence[StickerCase], each: int, seed: int) -> tuple[list[Scene], list[str], list[str]]:
    """Scenes of the cases, ``each`` arrangements a case; the prompt that is true of them, and one that is not."""
    scenes, right, wrong = [], [], []
    for case in chosen:
        for number in range(each):
            draw = Draw(generator(seed, number, "judge", case.key).random(200).tolist())
            scene = arrange(case.composition, draw)
            scenes.append(scene)
            right.append(case.prompt)
            wrong.append(plain(lie(case, scene, draw)))
    return scenes, right, wrong


def lie(case: StickerCase, scene: Scene, draw: Draw) -> Composition:
    """What ``case`` asks for with one mistake of its kind, not true of ``scene``."""
    found, ground = truth(scene), scene.composition.background or "white"
    options = draw.shuffled(list(_mistakes(case)))
    return next(c for c in options if not check(parse(plain(c), NAMES), found, ground).passed)


def _mistakes(case: StickerCase) -> Iterator[Composition]:
    whole, groups = case.composition, case.composition.groups
    named = {group.noun for group in groups}
    if case.kind == "single":
        yield from (replace(whole, background=other) for other in BACKGROUNDS if other != whole.background)
    if case.kind in ("single", "two"):
        for place, group in enumerate(groups):
            others = (replace(group, noun=noun) for noun in NAMES if noun not in named)
            yield from (replace(whole, groups=(*groups[:place], other, *groups[place + 1 :])) for other in others)
    if case.kind == "counting":
        (group,) = groups
        # one thing is asked for as "a" thing, which is true of two as well
        yield from (replace(whole, groups=(replace(group, count=n),)) for n in range(2, MOST + 1) if n != group.count)
    if case.kind == "colors":
        (group,) = groups
        yield from (replace(whole, groups=(replace(group, color=tint),)) for tint in TINTS if tint != group.color)
    if case.kind == "position":
        yield from (replace(whole, relation=other) for other in RELATIONS if other != whole.relation)
    if case.kind == "attribution":
        first, second = groups
        swapped = (replace(first, color=second.color), replace(second, color=first.color))
        yield replace(whole, groups=swapped)


def _blocks(items: Any, size: int = 256) -> Iterator[Any]:
    return (items[start : start + size] for start in range(0, len(items), size))
