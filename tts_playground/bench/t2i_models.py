"""What ``bench t2i`` measures on: models of the two shapes, the peers' loops, and the bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

from tts_playground.errors import ModelUnavailable
from tts_playground.models.janus.cuda_graph_batch import GraphSlot
from tts_playground.models.janus.model import Janus
from tts_playground.models.loading import Loaded, Options, load

Made = TypeVar("Made")


@dataclass(frozen=True)
class Prompt:
    """The least that the sampler asks of a task."""

    prompt: str


@dataclass(frozen=True)
class Shape:
    """Sizes of a Janus."""

    width: int
    inner: int
    layers: int
    heads: int
    vocabulary: int
    codes: int
    grid: int
    patch: int
    channels: int
    multiplier: tuple[int, ...]
    blocks: int


TINY = Shape(256, 704, 6, 8, 600, 1024, 8, 8, 32, (1, 1, 2, 4), 1)
PRO_1B = Shape(2048, 5632, 24, 16, 102400, 16384, 24, 16, 128, (1, 1, 2, 2, 4), 2)


def made_on(build: Callable[[], Made], device: str, dtype: Any) -> Made:
    """What ``build`` makes, with random weights of ``dtype`` made on ``device``."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return build()
    finally:
        torch.set_default_dtype(before)


def build(shape: Shape, device: str, dtype: Any) -> Any:
    """A random ``JanusForConditionalGeneration``; its image-reading tower is one small layer, which no loop runs."""
    from transformers import GenerationConfig, JanusConfig, JanusForConditionalGeneration

    text = {"model_type": "llama", "vocab_size": shape.vocabulary, "hidden_size": shape.width}
    text |= {"intermediate_size": shape.inner, "num_hidden_layers": shape.layers, "max_position_embeddings": 2048}
    text |= {"num_attention_heads": shape.heads, "num_key_value_heads": shape.heads, "pad_token_id": None}
    vision = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1, "depth": 1, "mlp_ratio": 1.0}
    vision |= {"image_size": shape.grid * shape.patch, "patch_size": shape.patch, "projection_dim": shape.width}
    vision |= {"num_image_tokens": shape.grid**2}
    vq = {"num_embeddings": shape.codes, "latent_channels": shape.channels * shape.multiplier[-1] // 2, "embed_dim": 8}
    vq |= {"base_channels": shape.channels, "channel_multiplier": list(shape.multiplier)}
    vq |= {"num_res_blocks": shape.blocks, "projection_dim": shape.width, "image_token_embed_dim": shape.width}
    config = JanusConfig(text_config=text, vision_config=vision, vq_config=vq | {"num_patches": shape.grid})
    model: Any = made_on(lambda: JanusForConditionalGeneration(config), device, dtype)
    kwargs = {"boi_token_id": 3}
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "max_length": 64 + shape.grid**2}
    model.generation_config = GenerationConfig(
        **ends, guidance_scale=5.0, do_sample=True, top_k=0, generation_kwargs=kwargs
    )
    return model.eval()


class Ids:
    """A processor that reads every prompt as the same ids: random weights understand nothing anyway."""

    image_processor = SimpleNamespace(image_mean=[0.5] * 3, image_std=[0.5] * 3)
    tokenizer = SimpleNamespace(bos_token_id=1, boi_token_id=3, pad_token_id=0)

    def __init__(self, length: int) -> None:
        self.length = length

    def apply_chat_template(self, messages: Any, **_: Any) -> str:
        """The text as it is."""
        return messages[0]["content"][0]["text"]

    def __call__(self, text: Any, **_: Any) -> dict[str, Any]:
        """A begin token, ``length`` - 2 words, a begin-of-image token."""
        import torch

        return {"input_ids": torch.tensor([[1, *range(10, 8 + self.length), 3]])}


def embedded() -> tuple[Loaded, str]:
    """tiny:janus on CPU, or random weights of its shape where it is not there; and which of the two it is."""
    import torch

    try:
        return load("tiny:janus", "janus", Options("cpu", "float32")), "tiny:janus fp32"
    except ModelUnavailable:
        janus = Janus(build(TINY, "cpu", torch.float32), Ids(16))
        return Loaded("random", "janus", Options("cpu", "float32"), "0", janus), "random tiny fp32"


def random_clip() -> Callable[[Sequence[Any]], Any]:
    """Scores by random weights of the embedded CLIP's shape: reading pictures, the image tower, a product."""
    import torch
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    sizes: dict[str, Any] = {
        "hidden_size": 192,
        "intermediate_size": 768,
        "num_hidden_layers": 5,
        "num_attention_heads": 6,
    }
    config = CLIPVisionConfig(**sizes, image_size=64, patch_size=8, projection_dim=128)
    tower, side = CLIPVisionModelWithProjection(config).eval(), {"height": 64, "width": 64}
    reader, text = CLIPImageProcessor(size=side, crop_size=side), torch.randn(128)

    def scores(samples: Sequence[Any]) -> Any:
        with torch.inference_mode():
            pixels = reader([sample.content for sample in samples], return_tensors="pt")["pixel_values"]
            return (tower(pixel_values=pixels).image_embeds @ text).tolist()

    return scores


def generate(janus: Janus, prompt: str, n: int, guidance: float) -> Callable[[], Any]:
    """transformers' own generate with its static cache, which 5.17 must be handed for images."""
    import torch
    from transformers import StaticCache

    ids = janus.prompt_ids(prompt)[:1]

    def call() -> Any:
        text = janus.model.config.text_config
        cache = StaticCache(
            config=text, max_cache_len=ids.shape[1] + janus.model.model.vision_model.config.num_image_tokens
        )
        return janus.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            generation_mode="image",
            do_sample=True,
            guidance_scale=guidance,
            num_return_sequences=n,
            past_key_values=cache,
        )

    return call


def lab_loop(janus: Janus, prompt: str, n: int, guidance: float) -> Callable[[], Any]:
    """The lab's loop: 2N rows from the start, the prompt's prefill repeated for each, softmax and multinomial."""
    import torch
    from transformers import DynamicCache

    model, ids = janus.model, janus.prompt_ids(prompt)

    @torch.inference_mode()
    def call() -> Any:
        embeds = model.get_input_embeddings()(ids.repeat(n, 1))
        cache, drawn = DynamicCache(config=model.config.text_config), []
        for _ in range(janus.tokens):
            out = model.model.language_model(inputs_embeds=embeds, past_key_values=cache, use_cache=True)
            logits = model.model.generation_head(out.last_hidden_state[:, -1])
            cond, uncond = logits[0::2], logits[1::2]
            probs = (uncond + guidance * (cond - uncond)).softmax(-1)
            drawn.append(torch.multinomial(probs, 1))
            embeds = model.prepare_embeddings_for_image_generation(drawn[-1].repeat_interleave(2, 0))
        return torch.cat(drawn, 1)

    return call


def products_only(janus: Janus, rows: int) -> Callable[[], Any]:
    """Nothing but the matrix products of the loop, with the fastest weights we have: no loop can beat them."""
    import torch

    steps: Any = janus.steps
    products = []
    for block in steps.blocks:
        middle = block.gate(torch.zeros(2, steps.norm.numel(), device=janus.device, dtype=janus.dtype)).shape[-1]
        narrow, inner = steps.norm.numel(), steps.heads * steps.head_dim
        products += [(block.qkv, narrow), (block.out, inner), (block.gate, narrow), (block.up, narrow)]
        products.append((block.down, middle))
    head: Any = janus._head
    first, last = head
    hidden = first(torch.zeros(2, steps.norm.numel(), device=janus.device, dtype=janus.dtype)).shape[-1]
    products += [(first, steps.norm.numel()), (last, hidden)]
    inputs = {width: torch.randn(rows, width, device=janus.device, dtype=janus.dtype) for _, width in products}

    @torch.inference_mode()
    def call() -> None:
        for _ in range(janus.tokens - 1):
            for layer, width in products:
                layer(inputs[width])

    return call


@contextmanager
def fewer_tokens(janus: Janus, tokens: int) -> Iterator[None]:
    """generate draws only this many tokens meanwhile: enough to warm up."""
    config = janus.model.model.vision_model.config
    before, config.num_image_tokens = config.num_image_tokens, tokens
    try:
        yield
    finally:
        config.num_image_tokens = before


def bytes_a_token(janus: Janus, rows: int) -> float:
    """Bytes that one position of all rows must read: weights once, and keys and values of half the way on average."""
    head = janus.model.model.generation_head
    table = janus.language_model.get_input_embeddings().weight.numel()
    weights = (
        sum(w.numel() for w in janus.language_model.parameters()) - table + sum(w.numel() for w in head.parameters())
    )
    each = 2 * janus.steps.layers * janus.steps.kv_heads * janus.steps.head_dim
    length = janus.prompt_ids("any").shape[1] + janus.tokens / 2
    return janus.table.element_size() * (weights + rows * each * length)


def bandwidth(device: str) -> float:
    """Bytes a second that this GPU moves when it copies 2 GiB: read and write counted."""
    import torch

    source = torch.empty(2 << 30, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(5):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        target.copy_(source)
        end.record()
        end.synchronize()
        best = min(best, start.elapsed_time(end) / 1e3)
    return 2 * source.numel() / best


def last_slot(janus: Janus) -> GraphSlot | None:
    """The working memory of the last batch on a GPU, if it is still there."""
    last = janus.slots._free[-1][1] if janus.slots._free else None
    return last if isinstance(last, GraphSlot) else None
