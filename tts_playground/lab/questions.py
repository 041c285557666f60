"""Part 2 of the lab: a vision-language model answers many times, and verifies its own answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tts_playground.answers.measures import contains
from tts_playground.errors import BadInput, plural
from tts_playground.lab.parts import listed, numbers, parts, settled_seed, wrapped
from tts_playground.typed import typed, value_of

if TYPE_CHECKING:
    from PIL import Image

    from tts_playground.models.loading import Loaded

_asked: dict[str, Any] = {}
"""the vision-language model that ``load_vlm`` gave last"""


@typed
def load_vlm(model_id: str = "Qwen/Qwen2-VL-2B-Instruct") -> tuple[Any, Any]:
    """A vision-language model and its processor; ``generate_samples`` and ``verify_samples`` ask it from then on.

    Args:
        model_id: "tiny:vlm", a hub id or a folder.

    Raises:
        ModelUnavailable: it is not here, cannot be reached, or does not fit.
    """
    _asked["parts"] = parts(model_id, "vlm")
    return _asked["parts"]


@typed
def generate_samples(
    image: Any,
    question: str,
    n: int = 1,
    *,
    model: Any = None,
    processor: Any = None,
    temperature: float = 1.0,
    top_p: float = 0.95,
    top_k: int = 50,
    max_new_tokens: int = 96,
    seed: int | None = None,
) -> list[str]:
    """``n`` independent answers to a question about a picture, varied by a high temperature; the picture is read once.

    Args:
        model, processor: None takes those of ``load_vlm``, or this machine's default.
        seed: repeats the answers; None takes torch's own state.

    Raises:
        BadInput: the picture, the question or a setting cannot be used.
    """
    from tts_playground.samplers.vlm import VlmSampler
    from tts_playground.samplers.vlm_settings import AnswerSettings
    from tts_playground.tasks.validation import check_count
    from tts_playground.tasks.vqa import MOST, VqaTask
    from tts_playground.tasks.vqa_replies import template_for

    check_count(n, MOST)
    loaded = _vlm(model, processor)
    settings = AnswerSettings(float(temperature), top_p, top_k, max_new_tokens, template=template_for(loaded.name))
    drawn = VlmSampler(loaded, settings).draw(VqaTask.of(image, question), range(n), seed=settled_seed(seed))
    return [str(sample.info.get("answer", sample.content)) for sample in drawn]


@typed
def verify_samples(
    image: Any, question: str, samples: Sequence[str], *, model: Any = None, processor: Any = None, how: str = "p_yes"
) -> list[float]:
    """The model's score of each candidate answer: all in one forward, behind one look at the picture.

    Args:
        model, processor: as in ``generate_samples``.
        how: "p_yes", its probability of yes to whether the answer is correct, 0 to 1; or "rating", 0 to 10.

    Raises:
        BadInput: another ``how``, samples that are no list of texts, or the picture or the question cannot be used.
    """
    from tts_playground.core import Sample
    from tts_playground.tasks.vqa import VqaTask
    from tts_playground.verifiers.self_verify import PYes, Rating

    kinds = {"p_yes": PYes, "rating": Rating}
    if how not in kinds:
        raise BadInput(f"how is {how!r}, but answers are verified by {' or '.join(kinds)}.")
    answers = [value_of("An answer", one, str) for one in listed("samples", samples, "answers")]
    shown = [Sample(one, place, info={"answer": one}) for place, one in enumerate(answers)]
    return kinds[how](_vlm(model, processor)).score(VqaTask.of(image, question), shown)


@typed
def is_correct(predicted: str, target: str) -> bool:
    """Check if target is in the predicted answer, whatever the case; it over-credits "1" in "2017".

    Raises:
        BadInput: one of them is no text, such as a whole list of answers.
    """
    return contains(predicted, [target])


def accuracy_curves(
    correct: Sequence[Sequence[bool]], scores: Sequence[Sequence[float]], n_values: Sequence[int]
) -> tuple[list[float], list[float]]:
    """(oracle, verifier) accuracy in percent for each N: exact over all choices of N answers to each question.

    Args:
        correct: whether each answer to each question is right. scores: what the verifier says of it.

    Raises:
        BadInput: an N that is not within 1 and the fewest answers, no question, or what is no list of numbers.
    """
    import numpy as np

    from tts_playground.estimators.curves import expected_best, expected_pick

    wanted = numbers("n_values", n_values)
    right, said = (listed(name, one, "lists") for name, one in (("correct", correct), ("scores", scores)))
    if not right or len(right) != len(said):
        raise BadInput("Give the answers' correctness and their scores for at least one question, one list a question.")
    gold = [numbers(f"correct[{place}]", row) for place, row in enumerate(right)]
    by = [numbers(f"scores[{place}]", row) for place, row in enumerate(said)]
    for place, (one, row) in enumerate(zip(gold, by, strict=True)):
        if len(one) != len(row):
            raise BadInput(f"Question {place} has {plural(len(one), 'answer')} and {plural(len(row), 'score')}.")
    oracle = [expected_best(row, wanted) for row in gold]
    picked = [expected_pick(row, one, wanted) for row, one in zip(by, gold, strict=True)]
    return (100 * np.mean(oracle, axis=0)).tolist(), (100 * np.mean(picked, axis=0)).tolist()


@typed
def resize_longest_side(img: Image.Image, max_side: int = 768) -> Image.Image:
    """The picture, scaled down (bicubic) to ``max_side`` pixels on its longer side where it is larger.

    Raises:
        BadInput: ``max_side`` is below one, or it is no picture.
    """
    from PIL import Image

    if max_side < 1:
        raise BadInput(f"max_side is {max_side}, but a side has at least one pixel.")
    if not isinstance(img, Image.Image):
        raise BadInput(f"img must be a PIL image, not a {type(img).__name__}; Image.open reads a file.")
    width, height = img.size
    scale = max_side / max(width, height)
    if scale >= 1:
        return img
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    return img.resize(size, Image.Resampling.BICUBIC)


@typed
def load_infovqa(source: str = "infographics-eval", n: int = 200) -> list[dict[str, Any]]:
    """Questions as the lab keeps them: {"id", "image", "question", "ground_truth"}; others are left out.

    Args:
        source: the charts that ship, "infovqa" (streamed from the hub and shuffled as in the lab), a hub id, a folder
            or a file.

    Raises:
        BadInput: there is no such set. CannotDo: the hub cannot be reached.
    """
    from tts_playground.tasks.vqa import VqaTask
    from tts_playground.tasks.vqa_data import questions

    kept = [task for task in questions(source, n) if isinstance(task, VqaTask) and task.answers]
    return [
        {"id": place, "image": task.image, "question": task.question, "ground_truth": task.answers[0]}
        for place, task in enumerate(kept, 1)
    ]


def _vlm(model: Any, processor: Any) -> Loaded:
    from tts_playground.models import loading

    if (model is None) != (processor is None):
        raise BadInput("Give a model and its processor, or neither.")
    if model is None and "parts" not in _asked:
        load_vlm(loading.default_name("vlm"))
    if model is None:
        model, processor = _asked["parts"]
    return wrapped(model, processor, "vlm")
