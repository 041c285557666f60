"""Named endpoints for ``gradio_client`` and MCP: the command line's options in, the command line's JSON out."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import gradio as gr
from PIL import Image

from tts_playground.core import Sample
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput
from tts_playground.experiments import image_pools
from tts_playground.experiments.generated import as_dict
from tts_playground.models.hub.identity import usual_of
from tts_playground.models.zerogpu import cancellable
from tts_playground.pages.coerce import within
from tts_playground.pages.t2i import image_repository, reward_choice
from tts_playground.pages.t2i.view_settings import LIMITS, MENU, T2iView, default_view, guidance
from tts_playground.tasks.image_rewards import reward_named, rewards_here
from tts_playground.tasks.picture_facts import png
from tts_playground.tasks.reward_worlds import AUTO, rewards_for, warnings
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.ui.error_handling import friendly
from tts_playground.ui.events import GPU, is_local
from tts_playground.ui.gradio_patches import gone
from tts_playground.ui.widgets import PictureInput

MOST = 64
"""images in one call"""


@friendly
def generate(
    prompt: str,
    model: str = "",
    n: int = 4,
    temperature: float = 1.0,
    cfg: float | None = None,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    reward: str = "",
    steps: int | None = None,
    eta: float | None = None,
    request: gr.Request | None = None,
) -> dict[str, Any]:
    """Draw n images of a prompt, score them, and say which is best; what was drawn before is not drawn again.

    Args:
        prompt: what the pictures should show.
        model: one of the app's models, for example "tiny:janus"; empty for its default.
        n: images, 1-64; image i is the same whatever n is.
        temperature: 0.0001 (always the likeliest token) to 5; 1 is the model's own.
        cfg: guidance by the prompt, 1 (none) to 100; null for what the model's own config says.
        top_p: keep the likeliest tokens with this probability, up to 1, which keeps all.
        top_k: keep this many likeliest tokens; 0 keeps all.
        seed: same seed, same images.
        reward: names like "clip,aesthetic" or "0.7*clip+0.3*aesthetic"; the first picks the best; empty for what
            fits the model.
        steps: denoising steps of a pipeline of diffusers; null for what suits it.
        eta: of such a pipeline, the share of the noise that every step draws anew, 0-1; null for 0.

    Returns:
        {"prompt", "model", "seed", "settings", "samples": [{"index", "file", "logprob", "rewards"}], "best", "curve":
        {"n", "best", "low", "high"}, "cost", "warnings": sentences about rewards outside their world}; "file" is the
        PNG as a data: address, its settings inside.
    """
    base = default_view()
    name = MENU.allowed(model or base.model, is_local(request))
    cfg = guidance(name) if cfg is None else cfg
    steps, eta = usual_of(name)[0] if steps is None else steps, eta or 0.0
    given = {
        "steps": steps,
        "eta": eta,
        "n": n,
        "temperature": temperature,
        "cfg": cfg,
        "top_p": top_p,
        "top_k": top_k,
        "seed": seed,
    }
    given = within(given, {**LIMITS, "n": (1, MOST)})
    view = T2iView(prompt or "", model=name, **given)
    reward = rewards_for(name)[0] if reward in ("", AUTO) else reward
    judges = [reward_named(name) for name in reward_choice.several(reward, is_local(request))]
    for _ in cancellable(image_repository.draw, gone(), (view,), view.n, image_pools.CHUNK, 0):
        pass
    pool = image_repository.pool_of(view)
    for judge in judges:
        pool.score(judge, view.n, seed=view.seed)
    result = image_pools.generated(pool, view.prompt, view.settings, judges, view.n, view.seed, view.model)
    pictures = zip(result.images, range(view.n), strict=True)
    return as_dict(result, [_address(png(image, result.facts(place))) for image, place in pictures])


@friendly
def score(file: Image.Image, prompt: str, reward: str = "", request: gr.Request | None = None) -> dict[str, Any]:
    """Score a picture for a prompt.

    Args:
        file: a PNG, JPEG, WEBP, ... of at most 20 MB and 64 million pixels.
        prompt: what it should show.
        reward: names like "clip,aesthetic" or "min(clip,geneval)"; empty for all that this server has.

    Returns:
        {"prompt", "rewards": {name: score}, "warnings"}; higher is better.
    """
    if file is None:
        raise BadInput("Send a picture as file, for example handle_file('cat.png').")
    task, sample = PromptTask(prompt or ""), Sample(file.convert("RGB"), 0)
    if not reward:
        found = _all(task, sample)
    else:
        names = reward_choice.several(reward, is_local(request))
        found = {name: scores_of(reward_named(name), task, [sample])[0] for name in names}
    return {"prompt": prompt, "rewards": found, "warnings": warnings(list(found), "", task.prompt)}


def _all(task: PromptTask, sample: Sample) -> dict[str, float]:
    found = {}
    for name in rewards_here():
        try:
            found[name] = scores_of(reward_named(name), task, [sample])[0]
        except BadInput:  # a check that does not know this prompt's words
            continue
    return found


def _address(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def build() -> None:
    """The endpoints, on components that are not shown."""
    default = replace(default_view(), n=4)
    words = {name: gr.Textbox(value, label=name, visible=False) for name, value in _WORDS.items()}
    numbers = {name: gr.Number(getattr(default, name), label=name, visible=False) for name in LIMITS}
    for name in ("steps", "eta"):  # what is left out is what suits the model
        numbers[name] = gr.Number(None, label=name, visible=False)
    inputs = [words["prompt"], words["model"], *(numbers[name] for name in ("n", "temperature", "cfg"))]
    inputs += [*(numbers[name] for name in ("top_p", "top_k", "seed")), words["reward"]]
    inputs += [numbers["steps"], numbers["eta"]]
    answer = gr.JSON(label="result", visible=False)
    hidden = gr.Button(visible=False)
    hidden.click(generate, inputs, answer, api_name="generate", api_visibility="public", **GPU)
    file = PictureInput(type="pil", label="file", visible=False)
    asked = [file, gr.Textbox("", label="prompt", visible=False), gr.Textbox("", label="reward", visible=False)]
    gr.Button(visible=False).click(score, asked, answer, api_name="score", api_visibility="public", **GPU)


_WORDS = {"prompt": "", "model": "", "reward": ""}
