"""Our steps with the same noise are the pipeline's own call, for every family and kind of scheduler."""

import diffusers
import numpy as np
import pytest
import torch
from tiny_pipelines import FAMILIES, SIDE

from tts_playground.models import loading
from tts_playground.models.diffusion.model import Diffusion
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.diffusion import DiffusionSampler
from tts_playground.samplers.diffusion_paths import DiffusionSettings
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.testing import check_stepped_sampler

pytestmark = pytest.mark.timeout(600)
TASK = PromptTask("a red cat left of a dog")
STEPS, GUIDANCE = 5, 3.0
SCHEDULERS = {
    "ddim": (diffusers.DDIMScheduler, {"clip_sample": False}),
    "ddim-v": (diffusers.DDIMScheduler, {"clip_sample": False, "prediction_type": "v_prediction"}),
    "euler": (diffusers.EulerDiscreteScheduler, {}),
    "euler-v": (diffusers.EulerDiscreteScheduler, {"prediction_type": "v_prediction"}),
    "dpm": (diffusers.DPMSolverMultistepScheduler, {}),
    "heun": (diffusers.HeunDiscreteScheduler, {}),
    "pndm": (diffusers.PNDMScheduler, {"skip_prk_steps": True}),
    "unipc": (diffusers.UniPCMultistepScheduler, {}),
}


def side(family):
    return 64 if family == "sana" else SIDE


def sampler_of(folder, family, **settings):
    loaded = loading.load(str(folder), "diffusion", Options("cpu"))
    given = {"cfg": GUIDANCE, "steps": STEPS, "size": side(family), "stride": 2} | settings
    return DiffusionSampler(loaded, DiffusionSettings(**given))


def finished(sampler, index=3):
    paths = sampler.start(TASK, [index, index + 1], seed=7)
    while not all(path.done for path in paths):
        paths = sampler.step(TASK, paths)
    return paths


def own_call(pipeline, family, noise):
    """The pipeline's own call, as its documentation has it."""
    more = {"sana": {"complex_human_instruction": None, "max_sequence_length": 48}, "pixart": {"clean_caption": False}}
    if family in ("sana", "pixart"):
        more[family]["use_resolution_binning"] = False
    return pipeline(
        TASK.prompt,
        latents=noise,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
        height=side(family),
        width=side(family),
        output_type="latent",
        **more.get(family, {}),
    ).images


def again(folder):
    """The pipeline loaded by diffusers alone."""
    absent = {"text_encoder_3": None, "tokenizer_3": None} if folder.name == "sd3" else {}
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, dtype=torch.float32, **absent)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def differ(path, theirs):
    return float((path.stand.latents - theirs).abs().max() / theirs.abs().max())


@pytest.mark.parametrize("family", FAMILIES)
def test_families_agree_with_their_own_call(family, pipelines):
    folder = pipelines(family)
    sampler = sampler_of(folder, family)
    path = finished(sampler)[0]
    noise = sampler.model.first_noise(7, 3, side(family))
    assert differ(path, own_call(again(folder), family, noise)) < 1e-4


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_schedulers_agree_with_the_pipelines_own_call(kind, pipelines):
    pipeline = again(pipelines("sd"))
    made, config = SCHEDULERS[kind]
    pipeline.scheduler = made(**config)
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 4, 8, 8), dtype="float32"))
    theirs = own_call(pipeline, "sd", noise)
    loaded = Loaded("x", "diffusion", Options("cpu", "float32"), "0", Diffusion(pipeline))
    sampler = DiffusionSampler(loaded, DiffusionSettings(cfg=GUIDANCE, steps=STEPS, stride=2))
    (path,) = sampler.start(TASK, [0])
    from dataclasses import replace

    path = replace(path, start=noise)
    while not path.done:
        (path,) = sampler.step(TASK, [path])
    assert differ(path, theirs) < 1e-4


@pytest.mark.parametrize("family", FAMILIES)
def test_the_laws_hold(family, pipelines):
    check_stepped_sampler(sampler_of(pipelines(family), family), TASK)


@pytest.mark.parametrize(("family", "eta"), [("sd", 0.7), ("sana", 0.5), ("sana", 1.0)])
def test_the_laws_hold_where_every_step_draws_noise(family, eta, pipelines):
    check_stepped_sampler(sampler_of(pipelines(family), family, eta=eta), TASK)


def test_decoding_is_the_pipelines_own(pipelines):
    folder = pipelines("flux")
    sampler = sampler_of(folder, "flux")
    (sample,) = sampler.peek(TASK, finished(sampler)[:1])
    pipeline = again(folder)
    noise = sampler.model.first_noise(7, 3, SIDE)
    theirs = pipeline(
        TASK.prompt, latents=noise, num_inference_steps=STEPS, guidance_scale=GUIDANCE, height=SIDE, width=SIDE
    ).images[0]
    assert np.abs(np.asarray(sample.content, int) - np.asarray(theirs, int)).max() <= 1


def test_evaluations_are_counted_and_guided_ones_twice(pipelines):
    for family, guidance, each in (("sd", 3.0, 2), ("sd", 1.0, 1), ("flux", 3.0, 1), ("sana", 3.0, 2)):
        sampler = sampler_of(pipelines(family), family, cfg=guidance)
        assert [path.cost.tokens for path in finished(sampler)] == [STEPS * each] * 2
