"""Folders that are no model: broken, hostile or of another kind; each is a good one that was spoilt in one place."""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
CODE = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"
"""leaves a file behind when it is run"""
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 4157315640\n"


@dataclass(frozen=True)
class Case:
    kind: str
    says: str
    """what the sentence must have in it"""
    spoil: Callable[[Path], None]
    good: bool = True
    """whether the folder starts as a good one of its kind; else it starts empty"""


CASES: dict[str, Case] = {}


def case(kind: str, says: str, *, good: bool = True):
    def keep(spoil):
        CASES[spoil.__name__] = Case(kind, says, spoil, good)
        return spoil

    return keep


def made(name: str, folder: Path, good: dict[str, Path]) -> Path:
    """The spoilt folder of a case; ``good`` has a folder for each kind."""
    one = CASES[name]
    if one.good:
        shutil.copytree(good[one.kind], folder)
    else:
        folder.mkdir()
    one.spoil(folder)
    return folder


def config(folder: Path, **changes: Any) -> None:
    """Write ``config.json``, or change some of what is in it; None takes a key out."""
    path = folder / "config.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({key: value for key, value in (before | changes).items() if value is not None}))


def weights(folder: Path, shapes: dict[str, list[int]] | None = None, name: str = WEIGHTS) -> None:
    """A safetensors file of zeros."""
    import torch
    from safetensors.torch import save_file

    save_file({key: torch.zeros(shape) for key, shape in (shapes or {"a.weight": [4, 4]}).items()}, folder / name)


def header(folder: Path, length: int, body: bytes) -> None:
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", length) + body)


def tensors(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the tensors of a folder's one file."""
    from safetensors.torch import load_file, save_file

    held = load_file(folder / WEIGHTS)
    change(held)
    save_file(held, folder / WEIGHTS, {"format": "pt"})


# -------------------------------------------------------------------------------------------- another kind of model


def _other(name: str, kind: str, says: str, **keys: Any) -> None:
    def spoil(folder: Path) -> None:
        config(folder, **keys)
        weights(folder)

    CASES[name] = Case(kind, says, spoil, good=False)


_DEEPSEEK = {"model_type": "multi_modality", "architectures": ["MultiModalityCausalLM"]}
_other("deepseek_1b", "janus", "deepseek-community/Janus-Pro-1B", **_DEEPSEEK, language_config={"hidden_size": 2048})
_other("deepseek_7b", "janus", "deepseek-community/Janus-Pro-7B", **_DEEPSEEK, language_config={"hidden_size": 4096})
_other("deepseek_odd", "vlm", "deepseek-community/Janus-Pro-1B", **_DEEPSEEK, language_config=[])
_other("qwen2_vl", "janus", "use it with answer", model_type="qwen2_vl")
_other("gemma_3", "janus", "use it with answer", model_type="gemma3")
_other("text_only", "vlm", "knows text alone", model_type="llama")
_other("text_only_janus", "janus", "knows text alone", model_type="qwen2")
_other("detector_as_clip", "clip", "finds things in pictures", model_type="rt_detr")
_other("janus_as_detector", "detector", "use it with generate", model_type="janus")
_other("vq_as_janus", "janus", "the VQ of a Janus alone", model_type="janus_vqgan")
_other("head_as_clip", "clip", "a head for the aesthetic reward", model_type="laion-aesthetic-v2")
_other("half_a_clip", "clip", "half a CLIP", model_type="clip_vision_model")
_other(
    "own_code", "vlm", "never run", model_type="mine", auto_map={"AutoConfig": "code.Mine", "AutoModel": "code.Mine"}
)
_other("kernel_from_the_hub", "janus", "never run", model_type="janus", attn_implementation="someone/kernel")
_other("unheard_of", "janus", "'banana'", model_type="banana")
_other("type_is_a_list", "janus", "names no model_type", model_type=["janus"])
_other("empty_object", "janus", "names no model_type")
_other("nothing_but_its_type", "janus", "far larger model", model_type="janus")
_other("vlm_of_nothing", "vlm", "far larger model", model_type="llava")
_other("clip_of_nothing", "clip", "far larger model", model_type="clip")


@case("janus", "is an adapter, not a model", good=False)
def adapter(folder):
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "nobody/none"}')
    weights(folder, name="adapter_model.safetensors")


@case("janus", "is an adapter, not a model", good=False)
def adapter_in_a_loop(folder):
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(folder)}))


@case("janus", "a pipeline of diffusers", good=False)
def diffusers(folder):
    (folder / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')


@case("lm", "merge it into some/base with peft", good=False)
def adapter_of_peft(folder):
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "base_model_name_or_path": "some/base"}')
    weights(folder, name="adapter_model.safetensors")


@case("vlm", "it is adapter:model", good=False)
def adapter_of_ours(folder):
    adapter(folder)
    (folder / "tuning.json").write_text('{"base": "tiny:vlm"}')


@case("vlm", "is empty", good=False)
def nothing_at_all(folder):
    pass


@case("vlm", "snapshots/abc", good=False)
def hub_cache(folder):
    (folder / "snapshots" / "abc").mkdir(parents=True)
    config(folder / "snapshots" / "abc", model_type="llava")


@case("lm", "perhaps", good=False)
def one_folder_too_high(folder):
    (folder / "final").mkdir()
    config(folder / "final", model_type="llama")


@case("lm", "serve the file with llama.cpp", good=False)
def gguf_alone(folder):
    (folder / "m-Q4.gguf").write_bytes(b"GGUF")


_other("encoder", "vlm", "reads texts and writes none", model_type="bert", architectures=["BertModel"])
_other("encoder_as_lm", "lm", "reads texts and writes none", model_type="bert", architectures=["BertModel"])
_other("judge", "lm", "labels tokens", model_type="llama", architectures=["LlamaForTokenClassification"])
_other(
    "labels", "lm", "reads texts and writes none", model_type="llama", architectures=["LlamaForSequenceClassification"]
)


# ------------------------------------------------------------------------------------------------------ config.json


def _text(name: str, says: str, text: str | bytes, kind: str = "janus") -> None:
    def spoil(folder: Path) -> None:
        (folder / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())

    CASES[name] = Case(kind, says, spoil)


_text("config_list", "holds a list", "[1, 2]")
_text("config_number", "holds a int", "7")
_text("config_null", "holds a NoneType", "null")
_text("config_empty", "is not JSON", "")
_text("config_words", "is not JSON", "hello")
_text("config_cut", "is not JSON", '{"model_type": "jan')
_text("config_bytes", "is not JSON", b"\xff\xfe\x00\x01")
_text("config_pointer", "Git LFS pointer", POINTER)
_text("config_deep", "nested too deeply", "[" * 200_000)
_text("config_nested", "nested more than", '{"a":' * 40 + "1" + "}" * 40)
_text("config_nested_deeper", "nested too deeply", '{"a":' * 200 + "1" + "}" * 200)
_text("config_long_number", "is not JSON", '{"model_type": "janus", "a": ' + "9" * 6000 + "}")


def _changed(name: str, says: str, kind: str = "janus", **changes: Any) -> None:
    CASES[name] = Case(kind, says, lambda folder: config(folder, **changes))


_changed("many_layers", "more than any has", text_config={"model_type": "llama", "num_hidden_layers": 10**10})
_changed("many_labels", "more than any has", kind="clip", num_labels=10**10)
_changed("huge_number", "more than any has", image_token_id=10**30)
_changed("far_wider", "far larger model", text_config={"model_type": "llama", "num_hidden_layers": 4000})
_changed("wider", "of another shape", kind="clip", projection_dim=1_000_000_000)
_changed("text_config_number", "no model can be made", text_config=7)
_changed("text_config_unheard_of", "no model can be made", kind="vlm", text_config={"model_type": "banana"})
_changed("negative", "no model can be made", kind="clip", projection_dim=-5)
_changed("names_its_weights", "transformers_weights", transformers_weights="../other.safetensors")


@case("janus", "no config.json")
def config_missing(folder):
    (folder / "config.json").unlink()


@case("janus", "no config.json")
def config_is_a_folder(folder):
    (folder / "config.json").unlink()
    (folder / "config.json").mkdir()


@case("janus", "no config.json")
def config_in_a_loop(folder):
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("config.json")


@case("janus", "no config.json")
def config_is_a_pipe(folder):
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


@case("janus", "which no configuration has")
def config_of_gigabytes(folder):
    with (folder / "config.json").open("r+b") as file:
        file.truncate(4 << 30)


# ---------------------------------------------------------------------------------------------------------- weights


@case("janus", "Git LFS pointer")
def pointer(folder):
    (folder / WEIGHTS).write_text(POINTER)


@case("vlm", "no whole safetensors file (0 bytes")
def empty_weights(folder):
    (folder / WEIGHTS).write_bytes(b"")


@case("janus", "no whole safetensors file")
def cut_off(folder):
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])


@case("janus", "no whole safetensors file")
def cut_off_header(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:100])


@case("janus", "no whole safetensors file")
def endless_header(folder):
    header(folder, 2**60, b"{}")


@case("clip", "no whole safetensors file")
def header_is_no_json(folder):
    header(folder, 6, b"banana")


@case("janus", "no whole safetensors file")
def offsets_beyond_the_file(folder):
    body = b'{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'
    header(folder, len(body), body + b"\0" * 64)


@case("janus", "no whole safetensors file")
def a_shape_that_overflows(folder):
    body = b'{"a":{"dtype":"F32","shape":[4294967296,4294967296,16],"data_offsets":[0,64]}}'
    header(folder, len(body), body + b"\0" * 64)


@case("janus", "pytorch_model.bin, which is not loaded")
def pickled(folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


@case("vlm", "model-Q4_K_M.gguf in llama.cpp's format, which is not loaded")
def gguf(folder):
    (folder / WEIGHTS).unlink()
    (folder / "model-Q4_K_M.gguf").write_bytes(b"GGUF")


@case("janus", "other.safetensors, which is not loaded")
def another_name(folder):
    (folder / WEIGHTS).rename(folder / "other.safetensors")


@case("clip", "has no model.safetensors")
def no_weights(folder):
    (folder / WEIGHTS).unlink()


@case("janus", "has no model.safetensors")
def weights_are_a_folder(folder):
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()


@case("janus", "has no model.safetensors")
def weights_in_a_loop(folder):
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to(WEIGHTS)


def _index(name: str, says: str, read: Any) -> None:
    def spoil(folder: Path) -> None:
        (folder / WEIGHTS).rename(folder / "model-00001-of-00002.safetensors")
        (folder / INDEX).write_text(json.dumps(read))

    CASES[name] = Case("janus", says, spoil)


_FIRST = "model-00001-of-00002.safetensors"
_index("half_downloaded", "1 of its 2 weight files", {"weight_map": {"a": _FIRST, "b": _FIRST.replace("01-", "02-")}})
_index("index_list", "no index of weights", [1])
_index("index_of_nothing", "no index of weights", {"weight_map": {}})
_index("index_of_numbers", "no index of weights", {"weight_map": {"a": 7}})
_index("index_leads_out", "no .safetensors file of this folder", {"weight_map": {"a": "../../secret.safetensors"}})
_index("index_of_pickles", "no .safetensors file of this folder", {"weight_map": {"a": "pytorch_model.bin"}})


@case("janus", "1 tensor is missing (model.aligner.fc1.weight)")
def a_tensor_less(folder):
    tensors(folder, lambda held: held.pop("model.aligner.fc1.weight"))


@case("janus", "is [3, 5] and not")
def a_tensor_of_another_shape(folder):
    import torch

    tensors(folder, lambda held: held.update({"model.aligner.fc1.weight": torch.zeros(3, 5)}))


@case("clip", "tensors are missing")
def anothers_tensors(folder):
    weights(folder, {f"layers.{place}.weight": [2, 2] for place in range(200)})


@case("janus", "without a place in the model")
def fewer_layers(folder):
    text = json.loads((folder / "config.json").read_text())["text_config"]
    config(folder, text_config=text | {"num_hidden_layers": 1})


# -------------------------------------------------------------------------------------------- tokenizer, processor


def _gone(name: str, kind: str, *files: str, says: str = "could not be loaded") -> None:
    def spoil(folder: Path) -> None:
        for file in files:
            (folder / file).unlink(missing_ok=True)

    CASES[name] = Case(kind, says, spoil)


_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
_PROCESSOR = ("processor_config.json", "preprocessor_config.json")
_gone("no_tokenizer", "janus", *_TOKENIZER)
_gone("no_tokenizer_vlm", "vlm", *_TOKENIZER)
_gone("no_processor", "janus", *_PROCESSOR)
_gone("no_processor_vlm", "vlm", *_PROCESSOR)
_gone("no_tokenizer_clip", "clip", *_TOKENIZER)


@case("janus", "could not be loaded")
def tokenizer_is_a_pointer(folder):
    (folder / "tokenizer.json").write_text(POINTER)


@case("vlm", "could not be loaded")
def tokenizer_of_nothing(folder):
    (folder / "tokenizer.json").write_text("{}")


@case("janus", "could not be loaded")
def processor_is_a_list(folder):
    (folder / "processor_config.json").write_text("[]")


@case("vlm", "could not be loaded")
def processor_with_code(folder):
    """The code would leave a file behind."""
    path = folder / "processor_config.json"
    path.write_text(json.dumps({"processor_class": "Mine", "auto_map": {"AutoProcessor": "code.Mine"}}))
    (folder / "code.py").write_text(
        "from pathlib import Path\nPath(__file__).with_name('ran').touch()\nclass Mine: pass\n"
    )


@case("janus", "generation_config.json is not JSON")
def generation_config_cut_off(folder):
    (folder / "generation_config.json").write_text("{")


@case("vlm", "holds no settings for generation")
def generation_config_is_a_list(folder):
    (folder / "generation_config.json").write_text("[1]")


NAMES = {
    "long": ("a" * 5000, "5000 characters"),
    "long_path": ("/" + "a/" * 600, "1201 characters"),
    "long_part": ("/tmp/" + "a" * 300, ""),
    "nobody": ("~nouser/x", "no home folder"),
    "nul": ("a\0b", "NUL"),
    "empty": ("", "no folder"),
    "newline": ("a\nb/c", "no folder"),
    "up": ("../..//", "no config.json"),
    "original": ("deepseek-ai/Janus-Pro-7B", "deepseek-community/Janus-Pro-7B"),
}
"""names that are no model's -> what the sentence must have in it"""


# ------------------------------------------------------------------------------------- what to do, and not only what


@case("vlm", "pickled weights can run code; give a repository with safetensors")
def pickled_alone(folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


@case("vlm", "no model.safetensors.index.json, which says what is in which; download that")
def parts_without_an_index(folder):
    (folder / WEIGHTS).rename(folder / "model-00001-of-00002.safetensors")


@case("vlm", "copy that of the model that it was made from")
def no_settings_for_pictures(folder):
    for name in ("processor_config.json", "preprocessor_config.json"):
        (folder / name).unlink(missing_ok=True)


@case("vlm", "it has no tokenizer (tokenizer.json); copy that of the model")
def no_vocabulary(folder):
    for path in folder.glob("tokenizer*"):
        path.unlink()


@case("vlm", "download it again, or give another checkpoint")
def one_tensor_less(folder):
    tensors(folder, lambda held: held.pop(sorted(held)[0]))


@case("vlm", "download it again, or write it anew")
def damaged_configuration(folder):
    (folder / "config.json").write_text('{"model_type": ')
