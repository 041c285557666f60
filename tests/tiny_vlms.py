"""Random vision-language checkpoints of the real classes, made in a second, with the words of tiny:vlm."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from PIL import Image
from transformers import (
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessor,
    Gemma3Processor,
    GenerationConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaImageProcessor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)

from tts_playground.train.vlm import data
from tts_playground.train.vlm.architecture import build_model, build_processor, wrap_tokenizer
from tts_playground.train.vlm.tokens import BOS, EOS, IMAGE, PAD
from tts_playground.train.vlm.trainer import MINIATURE

KINDS = ("tiny", "llava", "qwen2vl", "gemma3")
TEMPLATE = (
    "{% for message in messages %}<user>{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}MARK{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def picture(shade: int = 60, size: tuple[int, int] = (56, 56)) -> Image.Image:
    """A picture with something in it."""
    image = Image.new("RGB", size, (shade, 200, 90))
    image.paste((250, 250 - shade, 10), (5, 8, 30, 40))
    return image


def wrapped(core, **extra: str):
    """A tokenizer of words as transformers keeps one, with the marks of a picture."""
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        extra_special_tokens={"image_token": "<image>", **extra},
        padding_side="left",
    )


def _text(words, **more) -> dict:
    sizes = {"vocab_size": len(words), "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512}
    return sizes | {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD, "initializer_range": 0.3} | more


def _sharp(model, spread: float):
    """Random heads are almost uniform: stretch the logits, as training does, and let the reply end now and then."""
    model = model.eval()
    with torch.no_grad():
        head = model.get_output_embeddings()
        if head.weight is not model.get_input_embeddings().weight:
            head.weight.normal_(0, spread / head.weight.shape[1] ** 0.5)
        else:
            head.weight.normal_(0, 0.4)
            for name, weight in model.get_decoder().named_parameters():
                if name.endswith("proj.weight"):  # or each layer would add next to nothing to the embedding
                    weight.normal_(0, 0.5)
    model.generation_config = GenerationConfig(
        bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD, max_new_tokens=24, do_sample=False
    )
    return model


def tiny():
    """The shape of tiny:vlm."""
    words = wrap_tokenizer(data.tokenizer())
    return _sharp(build_model(MINIATURE, len(words)), 3), build_processor(words, MINIATURE)


def llava():
    """LLaVA with a CLIP eye."""
    words = wrapped(data.tokenizer())
    vision = {"model_type": "clip_vision_model", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    vision |= {"num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    config = LlavaConfig(
        vision_config=vision,
        text_config=_text(words, model_type="llama"),
        image_token_index=IMAGE,
        image_seq_length=16,
        tie_word_embeddings=False,
    )
    images = LlavaImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    processor = LlavaProcessor(
        images,
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE.replace("MARK", "<image>"),
        image_token="<image>",
        num_additional_image_tokens=1,
    )
    return _sharp(LlavaForConditionalGeneration(config), 3), processor


def qwen2vl():
    """Qwen2-VL: pictures of any size, and positions in three dimensions."""
    words = wrapped(
        data.tokenizer(),
        video_token="<video>",
        vision_bos_token="<|vision_start|>",
        vision_eos_token="<|vision_end|>",
    )
    text = _text(words, rope_parameters={"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0})
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14}
    config = Qwen2VLConfig(
        text_config=text,
        vision_config=vision | {"spatial_merge_size": 2, "temporal_patch_size": 2, "in_channels": 3},
        image_token_id=IMAGE,
        video_token_id=words.convert_tokens_to_ids("<video>"),
        vision_start_token_id=words.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=words.convert_tokens_to_ids("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    template = TEMPLATE.replace("MARK", "<|vision_start|><image><|vision_end|>")
    processor = Qwen2VLProcessor(Qwen2VLImageProcessor(), words, Qwen2VLVideoProcessor(), chat_template=template)
    return _sharp(Qwen2VLForConditionalGeneration(config), 3), processor


def gemma(words, *, window: int, chat_template: str, tied: bool = False, **text):
    """A random Gemma 3 over given words: windows in every other layer, and a picture whose tokens see each other."""
    vision = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    kinds = ["sliding_attention", "full_attention"]
    config = Gemma3Config(
        text_config=_text(words, head_dim=8, sliding_window=window, layer_types=kinds, **text),
        vision_config=vision | {"image_size": 32, "patch_size": 8},
        image_token_index=IMAGE,
        boi_token_index=words.convert_tokens_to_ids("<boi>"),
        eoi_token_index=words.convert_tokens_to_ids("<eoi>"),
        mm_tokens_per_image=4,
        tie_word_embeddings=tied,
    )
    images = Gemma3ImageProcessor(size={"height": 32, "width": 32})
    processor = Gemma3Processor(images, words, chat_template="{{ bos_token }}" + chat_template, image_seq_length=4)
    model = Gemma3ForConditionalGeneration(config).eval()
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)  # starts at zero
    return model, processor


def gemma3():
    """Gemma 3 with a window of eight tokens."""
    words = wrapped(data.tokenizer(), boi_token="<boi>", eoi_token="<eoi>")
    model, processor = gemma(words, window=8, chat_template=TEMPLATE.replace("MARK", "<boi>"))
    return _sharp(model, 3), processor


@cache
def parts(kind: str):
    """A random (model, processor) of a kind, the same whenever it is asked for."""
    torch.manual_seed(KINDS.index(kind))
    return {"tiny": tiny, "llava": llava, "qwen2vl": qwen2vl, "gemma3": gemma3}[kind]()


def plain(vlm, image, prompt, tokens=()):
    """float [T + 1, V]: log-probabilities by one forward over everything, with nothing cached."""
    inputs = dict(vlm.inputs([image], [prompt]))
    more = torch.tensor([list(tokens)], dtype=torch.int64)
    length = inputs["input_ids"].shape[1]
    inputs["input_ids"] = torch.cat([inputs["input_ids"], more], 1)
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    for name in ("token_type_ids", "mm_token_type_ids"):
        if name in inputs:
            inputs[name] = torch.cat([inputs[name], torch.zeros_like(more, dtype=inputs[name].dtype)], 1)
    with torch.inference_mode():
        return vlm.model(**inputs).logits[0, length - 1 :].float().log_softmax(-1)


def says_yes(vlm, logprobs: torch.Tensor) -> float:
    """P(yes) against no by its definition, from log-probabilities [V] of a reply's first token."""

    def beginnings(word: str) -> set[int]:
        forms = (word, word.capitalize(), word.upper())
        return {vlm.tokens(space + form)[0] for space in ("", " ") for form in forms} - {vlm.tokenizer.unk_token_id}

    yes, no = beginnings("yes"), beginnings("no")
    chances = logprobs.double().exp()
    mass = [float(chances[sorted(words)].sum()) for words in (yes - no, no - yes)]
    return mass[0] / sum(mass)


def save(kind: str, folder: Path) -> Path:
    """The same as a folder that ``models.loading`` reads."""
    model, processor = parts(kind)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
