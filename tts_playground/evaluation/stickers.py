"""``eval stickers``: what the models of the sticker world reach on held-out scenes and on the prompts of stickers-eval.

Nothing is tuned on stickers-eval: the guidance is the model's own, the best one is told by the world's own
compositions, and the judge (a detector and
the hue inside its boxes) shares neither weights nor training pictures with the rewards. Numbers at temperature 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from tts_playground import registry
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.evaluation import sticker_images as images_part
from tts_playground.evaluation import sticker_scenes as scenes_part
from tts_playground.evaluation.metrics import setting
from tts_playground.evaluation.sticker_plan import OWNERS, PARTS, StickerPlan, owned
from tts_playground.models.hub import cards
from tts_playground.models.hub.embedded_models import revision_of, where
from tts_playground.verifiers.geneval import GenEval
from tts_playground.worlds.pool import ScenePool, draw_pool

SCENES_SEED = 44_000
"""world seed of the held-out scenes; no trainer draws from it"""
SCENES = 600
ARRANGED = 8
"""scenes a prompt for the judge's mistakes"""


def run(card: bool = False, **options: Any) -> dict[str, Any]:
    """Measure; ``options`` are the fields of ``StickerPlan``, ``card`` puts the numbers into the models' README.md.

    Returns:
        ``{"name", "metrics": {name: {"value", "low", "high", "n"}}, "settings", "notes"}``.

    Raises:
        ModelUnavailable: a model that a part needs is not here; ``parts`` leaves it out.
    """
    plan = StickerPlan(**options)
    evaluation = Evaluation(plan)
    result = evaluation.measure()
    if card:
        for folder, numbers in owned(plan, result["metrics"]):
            written = cards.record(folder, numbers, how_of(plan, result["settings"]))
            result["notes"].append(f"The numbers are in {written}.")
    return result


def how_of(plan: StickerPlan, settings: Mapping[str, Any]) -> str:
    """The sentence in the card that says what the numbers are numbers of."""
    told = []
    if "cfg" in settings:
        told.append(f"{plan.n} images a prompt at temperature 1 and guidance {settings['cfg']:g}")
    if "scenes" in settings:
        told.append(f"{settings['scenes']} held-out scenes")
    command = f"`python -m tts_playground eval stickers --n {plan.n} --prompts {plan.prompts} --seed {plan.seed}`"
    return f"{command}: {'; '.join([*told, '95 % intervals over prompts or scenes'])}."


@dataclass
class Evaluation:
    """One run of a plan; what several parts need is made once."""

    plan: StickerPlan
    notes: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def measure(self) -> dict[str, Any]:
        """The numbers of all parts that were asked for."""
        began, found = monotonic(), {}
        for part in PARTS:
            if part in self.plan.parts:
                print(f"{part} ...", flush=True)
                found |= getattr(self, f"_{part}")()
        self.settings |= {"temperature": 1.0, "seed": self.plan.seed, "n": self.plan.n, "models": self._revisions()}
        self.settings["seconds"] = round(monotonic() - began, 1)
        return {"name": "stickers", "metrics": found, "settings": self.settings, "notes": self.notes}

    # ----------------------------------------------------------------------------------------------- what is shared

    @cached_property
    def device(self) -> str:
        """The torch device of every model of this evaluation."""
        from tts_playground.models.loading import Options

        return Options(self.plan.device).resolved().device

    @cached_property
    def vq(self) -> Any:
        """The VQ, in float32."""
        import torch

        from tts_playground.models.janus.vq import load_vq

        return load_vq(Path(where(self.plan.model)), torch.device(self.device))

    @cached_property
    def pool(self) -> ScenePool:
        """The held-out scenes."""
        n = self.plan.scenes or max(120, round(SCENES * self.plan.prompts / 240))
        self.settings["scenes"] = n
        return draw_pool(SCENES_SEED, 0, n)

    @cached_property
    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """The held-out scenes through the VQ and back, and their codes."""
        return scenes_part.through(self.vq, self.pool.images)

    def _views(self) -> dict[str, np.ndarray]:
        """The held-out scenes as rendered and, where there is a VQ, as reconstructed."""
        try:
            return {"": self.pool.images, "_vq": self.seen[0]}
        except ModelUnavailable as error:
            self.notes.append(f"Nothing was measured on reconstructed scenes: {error}")
            return {"": self.pool.images}

    @cached_property
    def judge(self) -> GenEval:
        """The judge of stickers-eval."""
        return self._judge_by(self.plan.detector)

    def _judge_by(self, detector: str) -> GenEval:
        return GenEval(detector, device=self.device)

    def _is_second(self) -> bool:
        try:
            where(self.plan.detector2)
        except ModelUnavailable:
            return False
        return True

    def _revisions(self) -> dict[str, str]:
        told = {}
        for name in OWNERS:
            try:
                told[name] = f"{getattr(self.plan, name)} {revision_of(where(getattr(self.plan, name)))}"
            except ModelUnavailable:
                told[name] = "none"
        return told

    # --------------------------------------------------------------------------------------------------------- parts

    def _vq(self) -> scenes_part.Metrics:
        return scenes_part.vq_metrics(self.vq, self.pool.images, *self.seen)

    def _clip(self) -> scenes_part.Metrics:
        return scenes_part.clip_metrics(self.plan.clip, self.device, self.pool, self._views())

    def _detector(self) -> scenes_part.Metrics:
        from tts_playground.models.detector import Detector

        load = partial(Detector.load, device=self.device)
        found = scenes_part.detector_metrics(load(self.plan.detector), self.pool, self._views())
        if self._is_second():
            again = scenes_part.detector_metrics(load(self.plan.detector2), self.pool, self._views())
            found |= {name.replace("det_", "det2_"): number for name, number in again.items()}
        return found

    def _judge(self) -> scenes_part.Metrics:
        return scenes_part.judge_metrics(
            self.judge,
            lambda pictures: scenes_part.through(self.vq, pictures)[0],
            self.plan.chosen(),
            ARRANGED,
            self.plan.seed,
            self._judge_by(self.plan.detector2) if self._is_second() else None,
        )

    def _images(self) -> dict[str, dict[str, Any]]:
        tools = self._tools()
        cfg = best = self.plan.cfg
        if cfg is None or best is None:
            cfg = tools.sampler.janus.guidance
            prompts = max(6, round(images_part.TUNING_PROMPTS * min(1, self.plan.prompts / 60)))
            tried = images_part.choose_cfg(tools, prompts, self.plan.seed)
            best = max(tried, key=lambda one: tried[one])
            self.settings["cfg_tried"] = {f"{one:g}": round(rate, 4) for one, rate in tried.items()}
        self.settings["cfg"] = cfg
        chosen = self.plan.chosen()
        rows = images_part.look_at_all(tools, chosen, self.plan.n, cfg, self.plan.seed)
        return images_part.image_metrics(rows) | {"best_cfg": setting(best)}

    def _tools(self) -> images_part.Tools:
        from tts_playground.models.clip import image_embeddings
        from tts_playground.samplers.image_tokens import ImageTokens
        from tts_playground.tasks.text_to_image import image_sampler

        plan = self.plan
        if not self._is_second():
            self.notes.append(
                f"There is no second detector ({plan.detector2}), so no number was confirmed by another judge."
            )
        sampler = image_sampler(plan.model, device=self.device)
        if not isinstance(sampler, ImageTokens):
            raise BadInput(f"eval stickers needs a model with image tokens, such as tiny:janus, not {plan.model!r}.")
        return images_part.Tools(
            sampler,
            self.judge,
            registry.resolve("reward", "clip", model=plan.clip, device=self.device),
            registry.resolve("reward", "aesthetic", head=plan.aesthetic, clip=plan.clip, device=self.device),
            partial(image_embeddings, model=plan.clip, device=self.device),
            self._judge_by(plan.detector2) if self._is_second() else None,
            partial(print, flush=True),
        )
