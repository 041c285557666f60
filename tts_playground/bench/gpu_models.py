"""The models of ``bench gpu``: random weights of the shapes of Janus-Pro-1B and Qwen2-VL-2B, or miniatures of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tts_playground.bench import t2i_models as shapes
from tts_playground.bench.gpu_card import Card, Clock
from tts_playground.models.janus.model import Janus
from tts_playground.models.loading import Loaded, Options
from tts_playground.worlds.wording import verify_prompt

QUESTION = "which item is the largest?"


@dataclass(frozen=True)
class VlmShape:
    """Sizes of a Qwen2-VL."""

    width: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    depth: int
    eye: int
    eye_heads: int
    turns: tuple[int, int, int]
    """how many pairs of a head's dimensions turn with time, height and width"""


@dataclass(frozen=True)
class Sizes:
    """How big everything is."""

    janus: shapes.Shape
    prompt: int
    """tokens of the prompt"""
    counts: tuple[int, ...]
    """images drawn at once"""
    together: int
    """images of the run that is short of memory, and of the comparison of graphs"""
    steps: int
    """tokens an image in that comparison"""
    vlm: VlmShape
    side: int
    """pixels a side of the picture that is asked about"""
    answers: int
    longest: int
    """tokens of an answer"""


QWEN_2B = VlmShape(1536, 8960, 28, 12, 2, 151936, 32, 1280, 16, (16, 24, 24))
FULL = Sizes(shapes.PRO_1B, 32, (1, 16, 64), 16, 192, QWEN_2B, 448, 32, 32)
MINIATURE = Sizes(
    shapes.Shape(64, 96, 2, 4, 200, 64, 4, 8, 32, (1, 1, 2, 4), 1), 8, (1, 3), 4, 16,
    VlmShape(64, 128, 2, 4, 2, 400, 2, 64, 2, (2, 3, 3)), 56, 3, 5,
)  # fmt: skip


@dataclass
class Lab:
    """Where the parts work: the device, the clock of the part at work, and the models, made once."""

    card: Card
    sizes: Sizes
    clock: Clock = field(default_factory=lambda: Clock(60.0))

    @property
    def options(self) -> Options:
        """As a model of the app would be loaded here."""
        return Options(self.card.device, "bfloat16")

    @cached_property
    def janus(self) -> Loaded:
        """Draws images."""
        model = shapes.build(self.sizes.janus, self.card.device, self.card.dtype)
        return Loaded("random-janus", "janus", self.options, "0", Janus(model, shapes.Ids(self.sizes.prompt)))

    @cached_property
    def vlm(self) -> Loaded:
        """Answers questions."""
        from tts_playground.models.vlm.model import Vlm

        processor = qwen_processor()
        model = qwen(self.sizes.vlm, processor.tokenizer, self.card.device, self.card.dtype)
        return Loaded("random-qwen", "vlm", self.options, "0", Vlm(model, processor))

    @cached_property
    def bandwidth(self) -> float:
        """Bytes a second, read and written, measured by a copy."""
        return shapes.bandwidth(self.card.device) if self.card.cuda else self.card.copying()

    def reset(self) -> None:
        """Let go of the models, e.g. where one of them may have been left half way."""
        self.__dict__.pop("janus", None)
        self.__dict__.pop("vlm", None)
        self.card.tidy()

    def alone(self, kind: str) -> None:
        """Let go of the other model, so that this one ("janus" or "vlm") has the memory."""
        self.__dict__.pop({"janus": "vlm", "vlm": "janus"}[kind], None)
        self.card.tidy()


def remark(what: str, part: str = "") -> dict[str, Any]:
    """A row that only says something."""
    return {"what": what, "ours": None, "peer": None, "ratio": None, "unit": "", "goal": "", "part": part}


def qwen_processor() -> Any:
    """Qwen2-VL's own processor with a tokenizer that knows the words of the bench."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2VLImageProcessor, Qwen2VLProcessor
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

    marks = ["<pad>", "<bos>", "<eos>", "<unk>", "<image>", "<video>", "<|vision_start|>", "<|vision_end|>"]
    split = pre_tokenizers.Whitespace()
    said = " ".join([QUESTION, verify_prompt(QUESTION, "x"), "yes Yes YES no No NO", *map(str, range(64))])
    words = dict.fromkeys([*marks, *(word for word, _ in split.pre_tokenize_str(said))])
    core = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = split
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        extra_special_tokens={
            "image_token": "<image>",
            "video_token": "<video>",
            "vision_bos_token": "<|vision_start|>",
            "vision_eos_token": "<|vision_end|>",
        },
        padding_side="left",
    )
    template = (
        "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == 'image' %}"
        "<|vision_start|><image><|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    )
    return Qwen2VLProcessor(Qwen2VLImageProcessor(), tokenizer, Qwen2VLVideoProcessor(), chat_template=template)


def qwen(shape: VlmShape, tokenizer: Any, device: str, dtype: Any) -> Any:
    """A random ``Qwen2VLForConditionalGeneration`` whose special tokens are those of ``tokenizer``."""
    from transformers import GenerationConfig, Qwen2VLConfig, Qwen2VLForConditionalGeneration

    number = tokenizer.convert_tokens_to_ids
    ids = {"bos_token_id": number("<bos>"), "eos_token_id": number("<eos>"), "pad_token_id": number("<pad>")}
    turning = {"rope_type": "default", "mrope_section": list(shape.turns), "rope_theta": 1000000.0}
    text = {"vocab_size": shape.vocabulary, "hidden_size": shape.width, "intermediate_size": shape.inner}
    text |= {"num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "rope_parameters": turning}
    text |= {"num_key_value_heads": shape.kv_heads, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, **ids}
    eye = {"depth": shape.depth, "embed_dim": shape.eye, "hidden_size": shape.width, "num_heads": shape.eye_heads}
    config = Qwen2VLConfig(
        text_config=text,
        vision_config=eye | {"mlp_ratio": 4, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2},
        image_token_id=number("<image>"),
        video_token_id=number("<video>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    model = shapes.made_on(lambda: Qwen2VLForConditionalGeneration(config), device, dtype)
    model.generation_config = GenerationConfig(**ids, do_sample=True)
    return model.eval()
