"""Part 1 of the lab: images token by token, best-of-N, two rewards, wordings and failure modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tts_playground.errors import BadInput
from tts_playground.lab.parts import listed, numbers, parts, settled_seed, wrapped
from tts_playground.typed import typed

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from tts_playground.evaluation.failure_modes import FailureModes
    from tts_playground.evaluation.prompt_wordings import Worded, Wording

PUBLISHED_HEAD = "sac+logos+ava1-l14-linearMSE.pth"
"""the aesthetic predictor's file, as the lab downloads it into its working directory"""
JANUS_PRO = {"image_token_num_per_image": 576, "img_size": 384, "patch_size": 16}


@typed
def load_janus(model_path: str = "deepseek-ai/Janus-Pro-1B") -> tuple[Any, Any]:
    """A Janus and its processor: "tiny:janus", a hub id (deepseek-ai's are read in transformers' form) or a folder.

    Raises:
        ModelUnavailable: it is not here, cannot be reached, or does not fit.
    """
    return parts(model_path, "janus")


@typed
def generate_image(
    mmgpt: Any,
    vl_chat_processor: Any,
    user_prompt: str,
    temperature: float = 1,
    num_images_per_prompt: int = 4,
    cfg_weight: float = 5,
    image_token_num_per_image: int = 576,
    img_size: int = 384,
    patch_size: int = 16,
    *,
    negative_prompt: str = "",
    seed: int | None = None,
) -> list[Image.Image]:
    """Images of a prompt, drawn token by token under guidance.

    Args:
        temperature: 0.0001 to 5; 0 is greedy.
        cfg_weight: guidance, 1 (none) to 100.
        image_token_num_per_image, img_size, patch_size: fixed by the model; Janus-Pro's stand for any model's own.
        negative_prompt: what the unconditional row reads in the place of padding.
        seed: repeats the images; None takes torch's own state.

    Raises:
        BadInput: a setting is out of its range, the prompt is empty, or a size is not the model's.
    """
    from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
    from tts_playground.samplers.negative_prompt import NegativePrompt
    from tts_playground.tasks.text_to_image import MOST, PromptTask
    from tts_playground.tasks.validation import check_count

    check_count(num_images_per_prompt, MOST, "num_images_per_prompt")
    loaded = wrapped(mmgpt, vl_chat_processor, "janus")
    try:
        settings = ImageSettings(float(temperature), float(cfg_weight))
    except BadInput as error:  # which says cfg, the notebook's other name for it
        raise BadInput(str(error).replace("cfg is", "cfg_weight is")) from error
    janus = loaded.value
    given = {"image_token_num_per_image": image_token_num_per_image, "img_size": img_size, "patch_size": patch_size}
    own = {
        "image_token_num_per_image": janus.tokens,
        "img_size": janus.side,
        "patch_size": janus.side // janus.grid,
    }
    for name, value in given.items():
        if value not in (JANUS_PRO[name], own[name]):
            raise BadInput(f"{name} is {value}, but this model's is {own[name]}; leave it out.")
    sampler = ImageTokens(loaded, settings)
    if negative_prompt:
        sampler = NegativePrompt(loaded, settings, negative=negative_prompt)
    drawn = sampler.draw(PromptTask(user_prompt), range(num_images_per_prompt), seed=settled_seed(seed))
    return [sample.content for sample in drawn]


class ClipReranker:
    """Best-of-N by CLIP: the cosine of a picture with the prompt.

    Args:
        model_name: "tiny:clip", a hub id or a folder of a CLIP.

    Raises:
        ModelUnavailable: it is not here, cannot be reached, or does not fit.
    """

    def __init__(self, model_name: str = "openai/clip-vit-base-patch32") -> None:
        from tts_playground.models.clip import clip_and_processor
        from tts_playground.models.loading import device_of
        from tts_playground.rewards.clip import ClipReward

        self.reward = ClipReward(model_name)
        self.clip_model, self.clip_proc = clip_and_processor(model_name, device_of(self.reward.device))

    @typed
    def score(self, prompt_text: str, images: Sequence[Image.Image]) -> Tensor:
        """Cosines in [-1, 1], float32 [n], one a picture.

        Raises:
            BadInput: it is no list of pictures (files and arrays are pictures, too), or there is no prompt.
        """
        import torch

        from tts_playground.tasks.text_to_image import PromptTask

        return torch.tensor(self.reward.score(PromptTask(prompt_text), _samples(images)), dtype=torch.float32)

    @typed
    def select_best(self, prompt_text: str, images: Sequence[Image.Image]) -> tuple[int, float, Tensor]:
        """The place of the best picture, its score, and all scores [n]; of equals the first.

        Raises:
            BadInput: no picture, or as ``score`` does.
        """
        images = listed("images", images, "pictures")
        if not images:
            raise BadInput("There is no picture to choose from.")
        scores = self.score(prompt_text, images)
        best = int(scores.argmax())
        return best, float(scores[best]), scores


class AestheticScorer:
    """LAION's aesthetic predictor: how good pictures look, about 1 (bad) to 10 (good), whatever was asked for.

    Args:
        dtype: of the scores that come back; the networks run in float32.
        device: "cpu", "cuda", or "auto".
        head: None takes the published file where it lies in the working directory, else the embedded
            "tiny:aesthetic"; or the path of a head.
        clip: the CLIP that the head was trained on, where its folder does not say.

    Raises:
        ModelUnavailable: the device, the head or its CLIP are not here.
    """

    def __init__(self, dtype: Any, device: Any, head: str | None = None, clip: str = "") -> None:
        from pathlib import Path

        from tts_playground.rewards.aesthetic import AestheticReward

        usual = PUBLISHED_HEAD if Path(PUBLISHED_HEAD).is_file() else "tiny:aesthetic"
        self.dtype, self.device = dtype, str(device)
        self.reward = AestheticReward(head or usual, clip, self.device)
        self([_blank()])  # so that what is missing is said here

    def __call__(self, images: Sequence[Image.Image]) -> Tensor:
        """Scores [n] of pictures, in ``dtype``.

        Raises:
            BadInput: it is no list of pictures.
        """
        import torch

        return torch.tensor(self.reward.score(None, _samples(images)), dtype=self.dtype, device=self.device_of_scores)

    @property
    def device_of_scores(self) -> str:
        """The torch device that scores come back on."""
        from tts_playground.models.loading import device_of

        return device_of(self.device)


def best_of_n_curve(scores: Sequence[Any], n_values: Sequence[int]) -> list[float]:
    """The mean best score among N, over prompts, for each N: exact over all choices of N, where the lab cuts the
    pictures of a prompt into groups of N.

    Args:
        scores: the scores of each prompt's pictures; prompts may have different numbers of them.

    Raises:
        BadInput: an N that is not within 1 and the fewest pictures of a prompt, or scores that are no lists.
    """
    import numpy as np

    from tts_playground.estimators.curves import expected_best

    wanted = numbers("n_values", n_values)
    given = listed("scores", scores, "lists of scores")
    if any(np.ndim(row) != 1 for row in given):
        raise BadInput("scores must hold a list of each prompt's scores; write [...] around those of a single prompt.")
    rows = [expected_best(numbers(f"scores[{place}]", row), wanted) for place, row in enumerate(given)]
    if not rows:
        raise BadInput("There are no scores; give those of at least one prompt.")
    return np.mean(rows, axis=0).tolist()


@typed
def compare_wordings(
    mmgpt: Any,
    vl_chat_processor: Any,
    wish: str,
    wordings: Sequence[Wording],
    *,
    n: int = 16,
    temperature: float = 1,
    cfg_weight: float = 5,
    seed: int = 0,
    reranker: ClipReranker | None = None,
) -> list[Worded]:
    """Adjectives, styles and negative prompts side by side: how well images keep to a wish, and how they differ.

    Args:
        wish: what is wanted, in plain words.
        wordings: prompts, or pairs (prompt, negative prompt).
        reranker: whose CLIP scores; None takes the embedded one.

    Raises:
        BadInput: no wording, an empty one, or a setting out of its range.
    """
    from tts_playground.evaluation.prompt_wordings import compare_wordings as compare
    from tts_playground.samplers.image_tokens import ImageSettings

    loaded, reward = wrapped(mmgpt, vl_chat_processor, "janus"), None if reranker is None else reranker.reward
    settings = ImageSettings(float(temperature), float(cfg_weight))
    return compare(loaded, wish, wordings, n=n, settings=settings, seed=seed, reward=reward)


def failure_modes(
    images: Mapping[str, Sequence[Image.Image]], scores: Mapping[str, Any] | None = None, detector: str = ""
) -> FailureModes:
    """What images get wrong, by what their prompts ask for, and whether scores see it.

    Args:
        images: prompt -> its images. scores: prompt -> their scores, e.g. a ``ClipReranker``'s.
        detector: "tiny:detector", or the name of a detector that knows the prompts' things; "" takes the embedded one.

    Raises:
        BadInput: no picture, a prompt that cannot be checked, or scores that are not one a picture.
    """
    from tts_playground.evaluation.failure_modes import failure_modes as modes
    from tts_playground.verifiers.geneval import GenEval

    plain = None if scores is None else {prompt: [float(one) for one in row] for prompt, row in scores.items()}
    return modes(images, plain, GenEval(detector) if detector else None)


def _samples(images: Sequence[Image.Image]) -> list[Any]:
    from PIL import Image

    from tts_playground.core import Sample
    from tts_playground.images import open_image

    given = listed("images", images, "pictures")
    pictures = (one if isinstance(one, Image.Image) else open_image(one) for one in given)
    return [Sample(picture, place) for place, picture in enumerate(pictures)]


def _blank() -> Image.Image:
    from PIL import Image

    return Image.new("RGB", (64, 64), "white")
