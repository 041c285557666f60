"""GenEval-style checks: a detector finds, colours are judged inside its boxes, rules decide, and the reason is told.

For the sticker world colour is the hue of the pixels, so that a CLIP reward and this judge share nothing. For photos
colour is CLIP's zero-shot choice on the crop, as GenEval does it. A colour is judged on the surest things of its noun,
as many as were asked for. "GenEval-style": neither the detector nor the prompts are GenEval's.
"""

from __future__ import annotations

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
from tts_playground.models.hub.embedded_models import revision_of, where
from tts_playground.verifiers.checks import check
from tts_playground.verifiers.colors import background_name, color_of
from tts_playground.verifiers.english import Request, parse
from tts_playground.worlds.vocabulary import TINTS

PHOTO_COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white")
"""GenEval's colours"""
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
    """"tiny:detector", "tiny:detector2", a folder, or a hub id of any AutoModelForObjectDetection"""
    colors: str = "hue"
    """"hue" (the sticker world), or the name of a CLIP that chooses a colour for each crop (photographs)"""
    threshold: float | None = None
    """least score of a box, in [0, 1]; None takes 0.5 for our detectors and GenEval's 0.3 for others"""
    device: str = "cpu"
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
        return (self.detector,) if self.colors == "hue" else (self.detector, self.colors)

    @property
    def revision(self) -> str:
        """Changes with the detector, the colour judge, the thresholds or the rules."""
        thresholds = "-".join(f"{least:g}" for least in self.least)
        return f"{revision_of(where(self.detector))}-{self.colors}-{thresholds}-{RULES}"

    def request(self, prompt: str) -> Request:
        """What ``prompt`` asks for, in words that this judge can check.

        Raises:
            BadInput: it holds something else; the message says what.
        """
        seen = _detector(self.detector, self.device, min(self.least))
        return parse(prompt, seen.nouns, tuple(TINTS) if self.colors == "hue" else PHOTO_COLORS)

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
        found = _detector(self.detector, self.device, min(self.least)).detect(arrays)
        return [self._verdict(requests[p], a, things) for p, a, things in zip(prompts, arrays, found, strict=True)]

    def _verdict(self, request: Request, image: np.ndarray, found: list[Detection]) -> Verdict:
        plain, counting = self.least
        counted = {want.noun for want in request.wants if want.exact}
        found = [one for one in found if one.score >= (counting if one.noun in counted else plain)]
        asked = {want.noun for want in request.wants if want.color}
        seen = [replace(one, color=self._color(image, one)) if one.noun in asked else one for one in found]
        return check(request, seen, background_name(image) if self.colors == "hue" else "")

    def _color(self, image: np.ndarray, one: Detection) -> str:
        if self.colors == "hue":
            return color_of(image, one.box)
        x0, y0, x1, y1 = (round(side) for side in one.box)
        crop = Image.fromarray(image[max(0, y0) : max(y1, y0 + 1), max(0, x0) : max(x1, x0 + 1)])
        texts = text_embeddings(
            [f"a photo of a {color} {one.noun}" for color in PHOTO_COLORS], self.colors, self.device
        )
        likeness = texts @ image_embeddings([crop], self.colors, self.device)[0]
        return PHOTO_COLORS[int(likeness.argmax())]


def _array(image: Image.Image | np.ndarray) -> np.ndarray:
    array = np.asarray(image.convert("RGB") if isinstance(image, Image.Image) else image)
    if array.ndim != 3 or array.shape[-1] != 3 or array.dtype != np.uint8:
        raise BadInput(
            f"A picture to judge must be RGB in bytes, not an array of shape {array.shape} and {array.dtype}."
        )
    return array
