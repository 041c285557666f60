"""GenEval-style checks: a detector finds, colours are judged inside its boxes, rules decide, and the reason is told.

For the sticker world colour is the hue of the pixels, so that a CLIP reward and this judge share nothing. For photos
colour is CLIP's zero-shot choice on the crop, as GenEval does it. A colour is judged on the surest things of its noun,
as many as were asked for. "GenEval-style": neither the detector nor the prompts are GenEval's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from tts_playground.core import Cost, Sample, Verdict
from tts_playground.errors import BadInput
from tts_playground.models.clip import image_embeddings, text_embeddings
from tts_playground.models.detector import Detection, Detector
from tts_playground.models.hub import locator
from tts_playground.models.hub.embedded_models import revision_of, where
from tts_playground.models.loading import device_of
from tts_playground.verifiers.checks import check
from tts_playground.verifiers.colors import background_name, color_of, fits_pair
from tts_playground.verifiers.english import COLORS, Request, parse

PHOTO_COLORS = COLORS
"""GenEval's colours"""
CLIPS = ("openai/clip-vit-large-patch14", "openai/clip-vit-base-patch32")
"""what tells colours of photographs where it is on this machine: GenEval's own, and its smaller sister"""
GENEVAL = (0.3, 0.9)
"""least score of a box, and of one that is counted, in GenEval's code (Ghosh et al. 2023), for its own detector"""
OURS = (0.5, 0.5)
"""the same for our detectors: on 480 held-out scenes of 120 prompts true captions pass as often or oftener than with
GenEval's (0.946 against 0.940; of counts 1.00 against 0.94), and false ones never do"""
RULES = "2"
"""changes whenever the rules do; 2: a colour is judged on the surest things"""


@cache
def _detector(name: str, device: str, threshold: float) -> Detector:
    return Detector.load(name, device=device, threshold=threshold)


@dataclass(frozen=True)
class GenEval:
    """Passes a picture that shows what ``task.prompt`` asks for; ``score`` is the part of the conditions that hold.

    Raises:
        BadInput: a threshold is not within 0-1.
    """

    detector: str = "tiny:detector"
    """"tiny:detector", "tiny:detector2", a folder, or a hub id of any AutoModelForObjectDetection whose labels name
    things: facebook/detr-resnet-50 and PekingU/rtdetr_r50vd know COCO's 80"""
    colors: str = ""
    """"hue" (the sticker world), or the name of a CLIP that chooses a colour for each crop (photographs); "" takes hue
    for our detectors, and for others a CLIP of ``CLIPS`` that is here, or else hue"""
    threshold: float | None = None
    """least score of a box, in [0, 1]; None takes 0.5 for our detectors and GenEval's 0.3 for others"""
    device: str = "auto"
    """"auto" (where the generator is: ``loading.Options``), "cpu", "cuda" or "cuda:1" """
    counting_threshold: float | None = None
    """the same for things whose exact number was asked for; None takes 0.5 for ours and GenEval's 0.9 for others"""
    unit_cost = Cost(verifier_calls=1)

    def __post_init__(self) -> None:
        if not all(0.0 <= least <= 1.0 for least in self.least):
            raise BadInput(f"A judge's thresholds are scores of boxes from 0 to 1, not {self.least}.")

    @property
    def least(self) -> tuple[float, float]:
        """Least score of a box, and of one that is counted: what was given, else what suits the detector."""
        usual = OURS if self.detector.startswith("tiny:") else GENEVAL
        given = (self.threshold, self.counting_threshold)
        plain, counting = (own if one is None else one for one, own in zip(given, usual, strict=True))
        return plain, counting

    @property
    def name(self) -> str:
        """ "geneval", and by which detector where it is not the first of ours."""
        return "geneval" if self.detector == "tiny:detector" else f"geneval:{self.detector}"

    @property
    def networks(self) -> tuple[str, ...]:
        """The detector, and the CLIP that judges colours where one does."""
        return (self.detector,) if self.told_by == "hue" else (self.detector, self.told_by)

    @property
    def told_by(self) -> str:
        """What tells colours: "hue", or the name of a CLIP."""
        ours = self.detector.startswith("tiny:")
        return self.colors or ("hue" if ours else next(filter(locator.cached, CLIPS), "hue"))

    def remark(self, prompt: str) -> str:
        """That colours of photographs are told by their hue, where the prompt asks for one and no CLIP is here."""
        if self.colors or self.detector.startswith("tiny:") or self.told_by != "hue":
            return ""
        if prompt and not set(PHOTO_COLORS) & set(re.findall(r"[a-z]+", prompt.lower())):
            return ""
        return (
            f"{self.name} tells colours by the hue of pixels, which suits stickers and not photographs: no CLIP is on "
            f"this machine; download {CLIPS[1]}, and it is asked instead."
        )

    @property
    def revision(self) -> str:
        """Changes with the detector, the colour judge, the thresholds or the rules."""
        thresholds = "-".join(f"{least:g}" for least in self.least)
        return f"{revision_of(where(self.detector))}-{self.told_by}-{thresholds}-{RULES}"

    def request(self, prompt: str) -> Request:
        """What ``prompt`` asks for, in words that this judge can check.

        Raises:
            BadInput: it holds something else; the message says what.
        """
        seen = _detector(self.detector, device_of(self.device), min(self.least))
        request = parse(prompt, seen.nouns)
        if request.background and self.told_by != "hue":
            raise BadInput(f"The prompt {prompt!r} cannot be checked: nothing tells the background of a photograph.")
        return request

    def judge(self, task: Any, samples: Sequence[Sample]) -> list[Verdict]:
        """One verdict per sample's picture, in order."""
        return self.judge_images(task.prompt, [sample.content for sample in samples])

    def judge_images(self, prompt: str, images: Sequence[Image.Image | np.ndarray]) -> list[Verdict]:
        """One verdict per RGB picture, in order."""
        return self.judge_each([prompt] * len(images), images)

    def judge_each(self, prompts: Sequence[str], images: Sequence[Image.Image | np.ndarray]) -> list[Verdict]:
        """One verdict per RGB picture and its own prompt, in order."""
        requests = {prompt: self.request(prompt) for prompt in dict.fromkeys(prompts)}
        arrays = [_array(image) for image in images]
        found = _detector(self.detector, device_of(self.device), min(self.least)).detect(arrays)
        return [self._verdict(requests[p], a, things) for p, a, things in zip(prompts, arrays, found, strict=True)]

    def _verdict(self, request: Request, image: np.ndarray, found: list[Detection]) -> Verdict:
        plain, counting = self.least
        counted = {want.noun for want in request.wants if want.exact and want.count}
        found = [one for one in found if one.score >= (counting if one.noun in counted else plain)]
        asked = {
            want.noun: [other.color for other in request.wants if other.noun == want.noun] for want in request.wants
        }
        seen = [self._colored(image, one, asked[one.noun]) if any(asked.get(one.noun, ())) else one for one in found]
        return check(request, seen, background_name(image) if self.told_by == "hue" else "")

    def _colored(self, image: np.ndarray, one: Detection, asked: Sequence[str]) -> Detection:
        """A thing with its colour, and with those of the pairs that were ``asked`` for which fit it."""
        pairs = tuple(dict.fromkeys(color for color in asked if " and " in color))
        if self.told_by == "hue":
            fitting = tuple(pair for pair in pairs if fits_pair(image, one.box, pair))
            return replace(one, color=color_of(image, one.box), also=fitting)
        x0, y0, x1, y1 = (round(side) for side in one.box)
        crop = Image.fromarray(image[max(0, y0) : max(y1, y0 + 1), max(0, x0) : max(x1, x0 + 1)])
        hues = (*PHOTO_COLORS, *pairs)
        texts = text_embeddings(
            [f"a photo of a {hue} {one.noun}" for hue in hues], self.told_by, device_of(self.device)
        )
        likeness = texts @ image_embeddings([crop], self.told_by, device_of(self.device))[0]
        best = hues[int(likeness.argmax())]
        return replace(
            one, color=hues[int(likeness[: len(PHOTO_COLORS)].argmax())], also=(best,) if best in pairs else ()
        )


def _array(image: Image.Image | np.ndarray) -> np.ndarray:
    array = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    if array.ndim != 3 or array.shape[-1] != 3 or array.dtype != np.uint8:
        raise BadInput(
            f"A picture to judge must be RGB in bytes, not an array of shape {array.shape} and {array.dtype}."
        )
    return array
