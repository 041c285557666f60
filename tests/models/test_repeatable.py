"""On a GPU attention is the kind that gives the same bits each time; a CPU is left alone."""

import pytest
import torch

from tts_playground.models.repeatable import same_bits


@pytest.mark.parametrize(("device", "left"), [("cuda", False), ("cpu", True)])
def test_cudnn_attention_is_not_used_where_a_model_is_on_a_gpu(device, left):
    before = torch.backends.cuda.cudnn_sdp_enabled()
    try:
        torch.backends.cuda.enable_cudnn_sdp(True)
        same_bits(torch.device(device))
        assert torch.backends.cuda.cudnn_sdp_enabled() is left
    finally:
        torch.backends.cuda.enable_cudnn_sdp(before)
