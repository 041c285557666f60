"""The named endpoint for ``gradio_client`` and MCP: the command line's options in, the command line's JSON out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr

from tts_playground.errors import UnknownName
from tts_playground.models.zerogpu import cancellable, on_gpu
from tts_playground.pages.coerce import within
from tts_playground.pages.math.page_state import before, seconds
from tts_playground.pages.math.view_settings import EMBEDDED, LIMITS, MathView, checked, default_view
from tts_playground.rewards.prm import AGGREGATIONS
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.store.spare import open_store
from tts_playground.tasks import solving
from tts_playground.tasks.solving import AUTO
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, is_local
from tts_playground.ui.gradio_patches import gone

log = logging.getLogger(__name__)


@friendly
def solve(
    problem: str,
    model: str = "",
    strategy: str = "best-of-n",
    reward: str = "auto",
    aggregation: str = "last",
    n: int = 16,
    temperature: float = 0.8,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    max_tokens: int = 512,
    truth: str = "",
    request: gr.Request | None = None,
) -> dict[str, Any]:
    """Solve a problem in words n times, or search over the steps of solutions; judge them, and vote.

    Args:
        problem: at most 20,000 characters.
        model: one of the app's models, for example "tiny:math"; empty for its default.
        strategy: "best-of-n", "beam", "dvts", "rebase", "mcts", ...
        reward: what judges steps: "prm"; "auto" is that for tiny:math; empty judges nothing.
        aggregation: what makes one number of the scores of steps: "last", "min", "prod" or "mean".
        n: whole solutions in the end, 1-64.
        temperature: 0 (always the likeliest token) to 5.
        top_p: keep the likeliest tokens with this probability, up to 1, which keeps all.
        top_k: keep this many likeliest tokens; 0 keeps all.
        seed: same seed, same solutions.
        max_tokens: a solution that gets so long is cut, 8-2048.
        truth: the right answer, where it is known; no model sees it.

    Returns:
        {"problem", "answer", "by", "right", "samples": [{"text", "answer", "reward", "step_scores", ...}], "picks",
        "cost"}; the answer is what the selector ``by`` picks: "strategy" where the strategy chooses itself, or a vote

    Raises:
        UnknownName: no such aggregation.
    """
    given = {"n": n, "temperature": temperature, "top_p": top_p, "top_k": top_k, "seed": seed}
    given = within(given | {"max_tokens": max_tokens}, LIMITS)
    if aggregation not in AGGREGATIONS:
        raise UnknownName("aggregation", aggregation, AGGREGATIONS)
    words = {"problem": problem or "", "truth": truth or "", "model": model or default_view().model}
    name = (("prm" if words["model"] == EMBEDDED else "") if reward == AUTO else reward) or ""
    view = MathView(strategy=strategy, reward=name, aggregation=aggregation, **words, **given)
    *_, found = cancellable(solutions_by_model, gone(), checked(view, is_local(request)))
    return found


def _solutions(view: MathView, *, cancel: Cancel = never) -> Iterator[dict[str, Any]]:
    """The result as plain values.

    Raises:
        Cancelled: ``cancel()`` became true.
    """
    facts = {"n": view.n, "seed": view.seed, "max_tokens": view.max_tokens, "truth": view.truth}
    facts |= {"temperature": view.temperature, "top_p": view.top_p, "top_k": view.top_k}
    aggregation = None if view.aggregation == "last" else view.aggregation
    how = {"model": view.model, "strategy": view.strategy, "reward": view.reward, "aggregation": aggregation}
    with open_store(log.warning) as store:
        yield solving.solve(view.problem, store=store, cancel=cancel, **how, **facts).as_dict()


solutions_by_model = on_gpu(seconds, before)(_solutions)


def build() -> None:
    """The endpoint, on components that are not shown."""
    words = {"problem": "", "model": "", "strategy": "best-of-n", "reward": AUTO, "aggregation": "last"}
    numbers = {"n": 16, "temperature": 0.8, "top_p": 1.0, "top_k": 0, "seed": 0, "max_tokens": 512}
    texts = [gr.Textbox(value, label=name, visible=False) for name, value in words.items()]
    given = [gr.Number(value, label=name, visible=False) for name, value in numbers.items()]
    truth = gr.Textbox("", label="truth", visible=False)
    result = gr.JSON(label="result", visible=False)
    hidden = gr.Button(visible=False)
    hidden.click(solve, [*texts, *given, truth], result, api_name="solve", api_visibility="public", **GPU)
