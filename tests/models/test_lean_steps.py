"""The three ways to decode against transformers' whole forward, on Llamas with every part that a Llama may have."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaModel, MistralConfig, MistralModel
from transformers.cache_utils import LinearAttentionLayer

from tts_playground.errors import ModelUnavailable
from tts_playground.models.decode.decoder import ModuleSteps, prefill
from tts_playground.models.decode.linear import can_pack
from tts_playground.models.decode.llama import LlamaSteps, is_plain
from tts_playground.models.decode.packed_llama import PackedLlama

PACKS = pytest.mark.skipif(not can_pack(torch.empty(0), 0), reason="no oneDNN here")
SHAPES = {
    "plain": {},
    "grouped": {"num_key_value_heads": 2},
    "biased": {"attention_bias": True, "mlp_bias": True},
    "wide heads": {"head_dim": 16},
    "a large epsilon": {"rms_norm_eps": 0.7},
}


def model(kind=LlamaModel, config=LlamaConfig, **more):
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    sizes |= {"vocab_size": 11, "num_key_value_heads": 4, "max_position_embeddings": 64, "initializer_range": 0.3}
    made = kind(config(**sizes | more)).eval()
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if "norm" in name or "bias" in name:  # which begin as ones and zeros
                weight.uniform_(0.5, 1.5)
    return made


@pytest.mark.parametrize("kind", [LlamaSteps, pytest.param(PackedLlama, marks=PACKS), ModuleSteps])
@pytest.mark.parametrize("shape", SHAPES)
@torch.inference_mode()
def test_token_by_token_is_the_whole_forward_and_so_is_going_on_from_a_cache(kind, shape):
    llama = model(**SHAPES[shape])
    embeds = torch.randn(3, 9, 32, generator=torch.Generator().manual_seed(1))
    whole = llama(inputs_embeds=embeds).last_hidden_state  # before steps share or move any weight
    steps, given = kind(llama), 4
    last, cache = prefill(llama, embeds[:, :given])
    assert torch.allclose(last, whole[:, given - 1], atol=1e-4)
    known = steps.own(cache)
    assert known.shape == (steps.layers, 2, 3, steps.kv_heads, given, steps.head_dim)
    room = torch.zeros(*known.shape[:4], 9, steps.head_dim)
    room[..., :given, :] = known
    session = steps.session(room, given)
    for place in range(given, 9):
        if place == 7:  # a row's keys and values are all that it needs
            session = steps.session(room.clone(), place)
        hidden = session.forward(embeds[:, place].clone(), place)
        assert torch.allclose(hidden, whole[:, place], atol=1e-4), place
    assert torch.allclose(llama(inputs_embeds=embeds).last_hidden_state, whole, atol=1e-5), "the model stays itself"


def test_layers_that_keep_no_keys_and_values_are_refused():
    def recurrent(inputs_embeds, past_key_values, use_cache):
        past_key_values.layers[:] = [LinearAttentionLayer()]
        return SimpleNamespace(last_hidden_state=inputs_embeds)

    recurrent.config = LlamaConfig(num_hidden_layers=1)
    with pytest.raises(ModelUnavailable, match="keep no keys and values; use one with ordinary attention"):
        prefill(recurrent, torch.zeros(1, 2, 8))


def doubled(module, inputs, *output):
    return None


class Subclass(LlamaModel):
    """What a quantiser or an adapter may put in a Llama's place."""


def test_only_a_plain_llama_takes_the_lean_steps():
    assert is_plain(model())
    for hook in ("register_forward_hook", "register_forward_pre_hook"):
        hooked = model()
        handle = getattr(hooked.layers[1].mlp.up_proj, hook)(doubled)
        assert not is_plain(hooked)
        handle.remove()
        assert is_plain(hooked)
    assert not is_plain(model(Subclass)) and not is_plain(model(MistralModel, MistralConfig))
    assert not is_plain(model().layers[0]), "a part of one is none"
    foreign = model()
    foreign.layers[0].mlp.act_fn = nn.GELU()
    assert not is_plain(foreign)
    wrapped = model()
    wrapped.layers[0].mlp._hf_hook = object()  # as accelerate's device maps do
    assert not is_plain(wrapped)
    apart = model()
    apart.layers[1].to("meta")
    assert not is_plain(apart)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@torch.inference_mode()
def test_half_precision_on_a_cpu_decodes_as_the_whole_forward(dtype):
    llama = model().to(dtype)
    embeds = torch.randn(2, 6, 32, generator=torch.Generator().manual_seed(1)).to(dtype)
    whole = llama(inputs_embeds=embeds).last_hidden_state
    steps, given = LlamaSteps(llama), 3
    _, cache = prefill(llama, embeds[:, :given])
    known = steps.own(cache)
    room = torch.zeros(*known.shape[:4], 6, steps.head_dim, dtype=dtype)
    room[..., :given, :] = known
    session = steps.session(room, given)
    for place in range(given, 6):
        hidden = session.forward(embeds[:, place].clone(), place)
        assert torch.allclose(hidden.float(), whole[:, place].float(), atol=0.1), place
