"""The target of distilling: numbers worked out by hand, and guidance on it is gentler guidance on the teacher."""

import math

import pytest
import torch

from tts_playground.train.janus.softening import divergence, floored, guided, softened

COND, UNCOND = torch.tensor([math.log(0.7), math.log(0.2), math.log(0.1)]), torch.tensor([math.log(1 / 3)] * 3)


def test_the_floor_by_hand():
    """(1 - .3) (.7, .2, .1) + .3 / 3."""
    assert floored(COND, 0.3).exp().tolist() == pytest.approx([0.59, 0.24, 0.17])
    assert floored(COND + 5, 0.0).exp().tolist() == pytest.approx([0.7, 0.2, 0.1])


def test_the_target_by_hand():
    """u + .5 (c - u) of an even u is the square root of c, which sums to sqrt .7 + sqrt .2 + sqrt .1."""
    total = sum(math.sqrt(p) for p in (0.7, 0.2, 0.1))
    wanted = [0.9 * math.sqrt(p) / total + 0.1 / 3 for p in (0.7, 0.2, 0.1)]
    assert softened(COND + 2, UNCOND - 1, 0.5, 0.1).exp().tolist() == pytest.approx(wanted)


@pytest.mark.parametrize("strength", [0.2, 0.3, 1.0])
@pytest.mark.parametrize("scale", [1.0, 3.0, 5.0, 20.0])
def test_without_a_floor_guidance_on_the_target_is_weaker_guidance_on_the_teacher(strength, scale):
    torch.manual_seed(0)
    cond, uncond = 6 * torch.randn(2, 7, 64), 3 * torch.randn(2, 7, 64)
    ours = guided(softened(cond, uncond, strength, 0.0), floored(uncond, 0.0), scale)
    assert torch.allclose(ours, guided(cond, uncond, strength * scale), atol=1e-4)


def test_no_code_falls_under_its_share_of_the_floor():
    torch.manual_seed(0)
    cond, uncond = 30 * torch.randn(5, 1024), 30 * torch.randn(5, 1024)
    target = softened(cond, uncond, 0.3, 0.004).exp()
    assert target.sum(-1).tolist() == pytest.approx([1.0] * 5, abs=1e-5)
    assert float(target.min()) >= 0.004 / 1024 * (1 - 1e-4)


def test_a_scale_for_each_row_is_that_scale():
    torch.manual_seed(0)
    cond, uncond = torch.randn(2, 3, 8), torch.randn(2, 3, 8)
    both = guided(cond, uncond, torch.tensor([2.0, 7.0]).view(2, 1, 1))
    for row, scale in enumerate((2.0, 7.0)):
        assert torch.allclose(both[row], guided(cond[row], uncond[row], scale))


def test_divergence_is_zero_of_itself_and_by_hand_otherwise():
    a, b = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    assert float(divergence(a, a)) == pytest.approx(0)
    assert float(divergence(a, b)) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3))
