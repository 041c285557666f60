"""The named endpoint for ``gradio_client`` and MCP: the command line's options in, the command line's JSON out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.models.zerogpu import cancellable, on_gpu
from tts_playground.pages.coerce import within
from tts_playground.pages.vqa.page_state import before, seconds
from tts_playground.pages.vqa.view_settings import LIMITS, MENU, VqaView, default_view
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.store.spare import open_store
from tts_playground.tasks.engine import Found
from tts_playground.tasks.vqa import VqaTask, answer_rounds, answered, guide_of, vqa_sampler
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, is_local
from tts_playground.ui.gradio_patches import gone
from tts_playground.ui.widgets import PictureInput

log = logging.getLogger(__name__)


@friendly
def answer(
    image: Image.Image,
    question: str,
    model: str = "",
    n: int = 16,
    temperature: float = 0.8,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    most_tokens: int = 0,
    request: gr.Request | None = None,
) -> dict[str, Any]:
    """Draw n answers to a question about a picture, let the model verify each, and say what each selector picks.

    Args:
        image: a PNG, JPEG, WEBP, ... of at most 20 MB and 64 million pixels.
        question: at most 2,000 characters.
        model: one of the app's models, for example "tiny:vlm"; empty for its default.
        n: answers, 1-64; answer i is the same whatever n is.
        temperature: 0 (always the likeliest word) to 5.
        top_p: keep the likeliest words with this probability, up to 1, which keeps all.
        top_k: keep this many likeliest words; 0 keeps all.
        seed: same seed, same answers.
        most_tokens: a reply that gets so long is cut, up to 2048; 0 takes 512 of an endpoint, else 96.

    Returns:
        {"question", "samples": [{"text", "answer", "logprob", "p_yes", "steps"}], "picks": {selector: answer}, "cost"}
    """
    if image is None:
        raise BadInput("Send a picture as image, for example handle_file('chart.png').")
    given = {"n": n, "temperature": temperature, "top_p": top_p, "top_k": top_k, "seed": seed}
    given = within(given | {"most_tokens": most_tokens}, LIMITS)
    chosen = MENU.allowed(model or default_view().model, is_local(request))
    task = VqaTask.of(image, question or "")
    view = VqaView(task.question, model=chosen, **given)
    *_, found = cancellable(answers_by_model, gone(), task, view)
    return found


def _answers(task: VqaTask, view: VqaView, *, cancel: Cancel = never) -> Iterator[dict[str, Any]]:
    """Nothing after every report of the draw, and in the end the result as plain values.

    Raises:
        Cancelled: ``cancel()`` became true.
    """
    sampler, found = vqa_sampler(view.model, view.settings), Found()
    with open_store(log.warning) as store:
        for round_ in answer_rounds(
            task, sampler, guide_of(sampler), n=view.n, seed=view.seed, store=store, cancel=cancel
        ):
            found.add(round_)
            yield {}
        yield answered(task, sampler, found.whole, view.seed, view.settings, store=store).as_dict()


answers_by_model = on_gpu(seconds, before)(_answers)


def build() -> None:
    """The endpoint, on components that are not shown."""
    numbers = {"n": 16, "temperature": 0.8, "top_p": 1.0, "top_k": 0, "seed": 0, "most_tokens": 0}
    image = PictureInput(type="pil", label="image", visible=False)
    words = [gr.Textbox("", label=name, visible=False) for name in ("question", "model")]
    given = [gr.Number(value, label=name, visible=False) for name, value in numbers.items()]
    result = gr.JSON(label="result", visible=False)
    hidden = gr.Button(visible=False)
    hidden.click(answer, [image, *words, *given], result, api_name="answer", api_visibility="public", **GPU)
