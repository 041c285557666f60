"""Run by ``test_fused_step.py`` in its own process: Triton's interpreter is chosen before Triton is imported."""

import functools
import inspect
import json
from dataclasses import replace

import torch
from transformers import LlamaConfig, LlamaModel
from triton.runtime import interpreter

from tts_playground.bench import t2i_models as shapes
from tts_playground.bench.gpu_models import MINIATURE
from tts_playground.models.decode.fused_step import BLOCKS, FusedStep, fits
from tts_playground.models.decode.llama import LlamaSteps
from tts_playground.models.janus.cuda_graph_batch import GraphBatch
from tts_playground.models.janus.decode_batch import DecodeBatch, ImageRow
from tts_playground.models.janus.model import Janus

PLACE = 150


def compared(rows: int, heads: int, kv: int, dtype: torch.dtype, place: int = PLACE) -> dict:
    """How far a fused step is from the ordinary one, as a share of the result, and of the cache that it writes."""
    torch.manual_seed(rows)
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "head_dim": 16, "vocab_size": 50}
    model = LlamaModel(LlamaConfig(**sizes, num_attention_heads=heads, num_key_value_heads=kv)).to(dtype).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(float(weight.ndim == 1), 0.2)
    steps = LlamaSteps(model)
    cache, x = torch.randn(1, 2, rows, kv, 192, 16).to(dtype), torch.randn(rows, 16).to(dtype)
    assert fits(steps, cache)
    ordinary, fused = cache.clone(), cache.clone()
    with torch.inference_mode():
        session = steps.session(ordinary, PLACE)
        expected = session.forward(x, place)
        step = FusedStep(steps)
        found = step(x, fused, session.cos, session.sin, torch.tensor([place]))
        step.blocks = {name: sizes[1] for name, sizes in BLOCKS.items()}
        again = step(x, fused.clone(), session.cos, session.sin, torch.tensor([place]))
    off = [float((a - b).float().norm() / b.float().norm()) for a, b in ((found, expected), (fused, ordinary))]
    untouched = torch.equal(fused[..., place + 1 :, :], cache[..., place + 1 :, :])
    with torch.inference_mode():
        looked = step.attention_off(fused, session.cos, session.sin)
    return {"off": off, "untouched": untouched, "same": torch.equal(found, again), "looked": looked}


def drawn() -> list[list[int]]:
    """The first tokens of an image with guidance, by the plain loop and by the GPU's loop with fused steps."""
    torch.manual_seed(0)
    janus = Janus(shapes.build(replace(MINIATURE.janus, layers=1), "cpu", torch.float32), shapes.Ids(8))
    janus.steps = LlamaSteps(janus.language_model)  # as a GPU holds the weights: not packed for a CPU
    janus._head = janus._lean_head()
    prefix, rows = janus.prefix("a cat"), [ImageRow(0, 0, 1.0, 5.0, 0, 1.0)]
    batches = DecodeBatch(janus, prefix, rows), GraphBatch(janus, prefix, rows)
    batches[1].slot.eager, batches[1].slot.fused = True, FusedStep(janus.steps)
    for batch in batches:
        for _ in batch.run(2):
            pass
    return [batch.tokens[0, :2].tolist() for batch in batches]


def patch_once() -> None:
    """Around every call, of a device function too, the interpreter patches Triton's whole language.

    Here it does so once for the functions of each file, and the language stays so.
    """
    patch, nothing, done = interpreter._patch_lang, interpreter._LangPatchScope, {}

    def patched(function):
        if function.__module__ not in done:
            done[function.__module__] = patch(function)
        return nothing()

    inspect.getmembers = functools.cache(inspect.getmembers)  # what is patched twice is what was there at first
    interpreter._patch_lang = patched


if __name__ == "__main__":
    patch_once()
    exact, rounded = torch.float32, torch.bfloat16
    # rows, heads and their keys in all ways that differ, at both ends of the cache and on both sides of a chunk's edge
    cases = [(1, 2, 2, exact, 0), (2, 4, 2, exact, 63), (2, 2, 1, exact, 64), (4, 2, 2, exact, 191), (3, 4, 1, rounded)]
    print(json.dumps({"steps": [compared(*case) for case in cases], "drawn": drawn()}))
