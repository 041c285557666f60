"""Strategies on a pipeline: laws, neighbours by closed form, noise given back, and steering on clean predictions."""

import math

import numpy as np
import pytest
import torch
from test_agreement import TASK, finished, sampler_of

from tts_playground import registry
from tts_playground.core import Budget, Cost, NoiseSampler
from tts_playground.errors import BadInput
from tts_playground.models.diffusion import levels
from tts_playground.strategies.path_search import PathSearch
from tts_playground.strategies.zero_order import ZeroOrder
from tts_playground.testing import check_strategy

pytestmark = pytest.mark.timeout(600)


class Redness:
    """Mean red less mean blue of a picture."""

    name, revision, unit_cost = "redness", "1", Cost(verifier_calls=1)

    def score(self, task, samples):
        pixels = [np.asarray(sample.content, float) for sample in samples]
        return [float((one[..., 0] - one[..., 2]).mean()) for one in pixels]


@pytest.fixture(scope="module")
def sampler(pipelines):
    return sampler_of(pipelines("sana"), "sana", steps=6, stride=1)


@pytest.mark.parametrize("name", ["best-of-n", "zero-order", "path-search", "smc", "beam", "suffix", "tournament"])
@pytest.mark.parametrize("budget", [Budget(tokens=100), Budget(samples=5)])
def test_strategies_keep_their_laws_on_a_pipeline(name, budget, sampler):
    rounds = check_strategy(registry.resolve("strategy", name, "t2i"), TASK, sampler, Redness(), budget=budget)
    assert rounds[-1].best is not None and rounds[-1].best.sample.info["complete"]


def test_strategies_that_search_noise_are_for_samplers_that_have_it(sampler):
    fits = {row.name for row in registry.entries("strategy", "t2i") if registry.runs(row, sampler)}
    assert {"zero-order", "path-search", "smc", "best-of-n", "tournament"} <= fits
    assert isinstance(sampler, NoiseSampler)
    with pytest.raises(BadInput, match="a distance up to pi"):
        ZeroOrder(distance=2.0)
    with pytest.raises(BadInput, match="first look"):
        PathSearch(first=1.0)


def test_a_neighbours_noise_stands_at_the_angle_asked_for(sampler):
    (path,) = sampler.start(TASK, [0])
    mine = sampler.model.first_noise(0, 0)
    for distance in (0.0, 0.3, math.pi / 2):
        start = sampler.near(path, 9, distance).start
        cosine = float((start * mine).sum() / start.norm() / mine.norm())
        assert cosine == pytest.approx(math.cos(distance), abs=0.12)  # independent noises are nearly at right angles
    assert torch.equal(sampler.near(path, 9, 0.0).start, mine)
    assert torch.allclose(sampler.near(path, 9, math.pi / 2).start, sampler.model.first_noise(0, 9), atol=1e-6)


def test_noise_given_back_is_as_strong_as_the_schedule_says(sampler):
    path = finished(sampler)[0]
    path = sampler.rewind(path, 4)
    back = sampler.renoised(path, 2, 50)
    assert back.steps == 2 and back.cost == Cost() and not back.done
    told = path.trail[1].level  # of a flow without shift: 6 levels from 1 to 1 / 1000
    assert told[0] + told[1] == pytest.approx(1) and told[1] == pytest.approx(1 - 2 * (1 - 1e-3) / 5, abs=1e-3)
    given = (back.stand.latents - told[0] * path.stand.clean) / told[1]
    assert torch.allclose(given, sampler.model.first_noise(7, 50), atol=1e-4)
    with pytest.raises(BadInput, match="cannot be taken back"):
        sampler.renoised(path, 4, 50)


def test_forks_go_their_own_ways_though_the_sampler_draws_no_noise(sampler):
    (path,) = sampler.step(TASK, sampler.step(TASK, sampler.start(TASK, [0])))
    ends = []
    for index in (100, 101, 100):
        fork = sampler.fork(path, index)
        while not fork.done:
            (fork,) = sampler.step(TASK, [fork])
        ends.append(fork.stand.latents)
        again = sampler.rewind(fork, 2)
        while not again.done:
            (again,) = sampler.step(TASK, [again])
        assert torch.equal(again.stand.latents, fork.stand.latents)
    assert torch.equal(ends[0], ends[2]) and not torch.allclose(ends[0], ends[1], atol=1e-3)


@pytest.mark.parametrize("kind", ["flow", "epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("space", ["ddim", "euler", "dpm"])
def test_the_clean_picture_is_found_whatever_is_predicted(kind, space):
    """A sample made of a known picture and known noise, and what a perfect model would say of it."""
    import diffusers

    if kind == "flow":
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    else:
        made = {"ddim": "DDIM", "euler": "EulerDiscrete", "dpm": "DPMSolverMultistep"}[space]
        scheduler = getattr(diffusers, f"{made}Scheduler")(prediction_type=kind)
    scheduler.set_timesteps(10)
    clean, noise = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8)
    for place in (2, 6):
        if kind == "flow":
            sigma = float(scheduler.sigmas[place])
            sample, output = (1 - sigma) * clean + sigma * noise, noise - clean
        else:
            kept = float(scheduler.alphas_cumprod[scheduler.timesteps[place].round().int()])
            if space == "euler":  # its times may lie between those of the table
                sigma = float(scheduler.sigmas[place])
                kept = 1 / (sigma**2 + 1)
            a, s = kept**0.5, (1 - kept) ** 0.5
            preserved = a * clean + s * noise
            sample = preserved / a if space == "euler" else preserved
            output = {"epsilon": noise, "v_prediction": a * noise - s * clean, "sample": clean}[kind]
        found, rest = levels.parts(scheduler, place, output, sample)
        assert torch.allclose(found, clean, atol=2e-3) and torch.allclose(rest, noise, atol=2e-3)


def test_stirring_keeps_the_amount_of_noise(sampler):
    """With eta 1 and a model that knows the picture, every step ends on fresh noise of the schedule's strength."""
    from dataclasses import replace

    noisy = sampler_of_settings(sampler, eta=1.0)
    paths = noisy.start(TASK, range(3))
    while paths[0].steps < 3:
        paths = noisy.step(TASK, paths)
    signal, amount = paths[0].stand.level
    rest = torch.cat([path.stand.latents - signal * path.stand.clean for path in paths])
    assert float(rest.std()) == pytest.approx(amount, rel=0.15)
    plain = sampler.start(TASK, [0])
    stirred = replace(plain[0], settings=replace(plain[0].settings, eta=1.0))
    ends = [sampler.step(TASK, [one])[0].stand.latents for one in (plain[0], stirred)]
    assert not torch.allclose(*ends)


def sampler_of_settings(sampler, **changed):
    from dataclasses import replace

    return replace(sampler, settings=replace(sampler.settings, **changed))
