"""Which checkpoints each kind of model is, by the ``model_type`` of their configuration, and what to use for others."""

from __future__ import annotations

from functools import cache
from typing import Any

from tts_playground.errors import ModelUnavailable
from tts_playground.models.hub.building import building
from tts_playground.models.hub.code_pins import FLAG, REWARD_FLAG

CONVERTED = {
    "deepseek-ai/Janus-Pro-1B": "deepseek-community/Janus-Pro-1B",
    "deepseek-ai/Janus-Pro-7B": "deepseek-community/Janus-Pro-7B",
    "deepseek-ai/Janus-1.3B": "deepseek-community/Janus-Pro-1B",
}
"""repositories in a layout that transformers does not read, and what to use in their place"""
WANTED = {
    "janus": "a Janus, which draws pictures",
    "vlm": "a model that reads pictures",
    "clip": "a CLIP",
    "towers": "a CLIP or another network that compares pictures with texts",
    "detector": "an object detector",
    "vq": "the VQ of a Janus",
    "lm": "a language model",
    "prm": "a process reward model",
}
"""what each kind is, in words"""
TRY = {"janus": "tiny:janus", "vlm": "tiny:vlm", "clip": "tiny:clip", "detector": "tiny:detector", "vq": "tiny:janus"}
TRY |= {"towers": TRY["clip"], "lm": "tiny:math", "prm": "tiny:prm"}
"""what is always there"""
HUB = {
    "janus": "deepseek-community/Janus-Pro-1B",
    "vlm": "Qwen/Qwen2-VL-2B-Instruct",
    "clip": "openai/clip-vit-large-patch14",
    "towers": "openai/clip-vit-large-patch14",
    "detector": "PekingU/rtdetr_r50vd",
    "lm": "meta-llama/Llama-3.2-1B-Instruct",
    "prm": "RLHFlow/Llama3.1-8B-PRM-Deepseek-Data",
}
"""a repository of each kind, as an example of a name"""
TOWERS = frozenset({"clip", "siglip", "siglip2", "altclip", "align", "chinese_clip", "metaclip_2"})
"""whose classes embed pictures and texts by themselves into one space"""
_HALVES = {f"{of}_{part}_model": of for of in TOWERS for part in ("vision", "text")}


@cache
def types(kind: str) -> frozenset[str]:
    """The ``model_type``s that are of a kind."""
    if kind == "towers":
        return TOWERS
    if kind in {"janus", "clip", "vq"}:
        return frozenset({"janus_vqgan" if kind == "vq" else kind})
    if kind == "prm":
        return types("lm") | frozenset(_mapping("TOKEN_CLASSIFICATION"))
    return frozenset(_mapping({"vlm": "IMAGE_TEXT_TO_TEXT", "detector": "OBJECT_DETECTION", "lm": "CAUSAL_LM"}[kind]))


def _mapping(task: str) -> Any:
    with building():  # threads that import parts of transformers at once may each find the other's half done
        from transformers.models.auto import modeling_auto

    return getattr(modeling_auto, f"MODEL_FOR_{task}_MAPPING_NAMES")


def converted(name: str) -> str:
    """The sentence for a repository whose layout transformers does not read; "" for every other."""
    better = CONVERTED.get(name)
    return _layout(name, better) if better else ""


def require(name: str, kind: str, config: dict[str, Any], pin: str = "") -> None:
    """Refuse a checkpoint of another kind.

    Args:
        kind: "janus", "vlm", "clip", "towers", "detector" or "vq".
        pin: of the code that it brings along (``code_pins.pin_of``).

    Raises:
        ModelUnavailable: saying what it is, and what to use.
    """
    found = config.get("model_type")
    if not isinstance(found, str) or not found:
        raise ModelUnavailable(
            f"{name} is not {WANTED[kind]}: its config.json names no model_type; use {TRY[kind]} or another checkpoint."
        )
    if found in types(kind) and not (kind == "lm" and found in types("vlm")):
        if kind == "lm" and not _writes(config):
            raise ModelUnavailable(_no_writer(name, config, found))
        if kind == "prm" and name.startswith("tiny:") and not _labels(config):
            raise ModelUnavailable(
                f"{name} is not {WANTED[kind]}: it writes texts and never learnt to judge; use tiny:prm."
            )
        if kind == "prm" and _own_head(config):
            raise ModelUnavailable(
                f"{name} has a head of its own, for which code from its own repository must run; that happens only "
                f"once you read it and name it (in the command line {REWARD_FLAG} {name}@{pin}); or use {TRY[kind]}."
            )
        return
    if found == "multi_modality":
        raise ModelUnavailable(_layout(name, _by_size(config)))
    raise ModelUnavailable(f"{name} is not {WANTED[kind]}: {_other(found, kind, config, f'{name}@{pin}')}.")


def _writes(config: dict[str, Any]) -> bool:
    """Whether a language model has the head that writes texts, as far as its configuration tells."""
    given = config.get("architectures")
    named = tuple(map(str, given)) if isinstance(given, list) else ()
    if any(one.endswith(("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")) for one in named):
        return True
    if config.get("model_type") in _mapping("MASKED_LM") and not config.get("is_decoder"):
        return False
    return not named or not all(
        one.endswith(("Classification", "ForQuestionAnswering", "ForMaskedLM")) for one in named
    )


def _labels(config: dict[str, Any]) -> bool:
    named = config.get("architectures")
    return isinstance(named, list) and any(str(one).endswith("ForTokenClassification") for one in named)


def _no_writer(name: str, config: dict[str, Any], found: str) -> str:
    """A model of texts where one that writes them is wanted."""
    if _labels(config):
        judge = "prm" if name.startswith("tiny:") else f"prm:{name}"
        return (
            f"{name} is not {WANTED['lm']}: it labels tokens, as a judge of steps does; use it as the reward {judge} "
            f"(in a recipe prm_path), and {TRY['lm']} to write solutions."
        )
    return f"{name} is not {WANTED['lm']}: it is a {found[:40]}, which reads texts and writes none; use {TRY['lm']}."


def _own_head(config: dict[str, Any]) -> bool:
    """Whether a process reward model can be loaded by its repository's code alone."""
    named = config.get("architectures")
    known = [str(one).endswith(("ForCausalLM", "ForTokenClassification")) for one in named or ()]
    own = config.get("auto_map")
    return isinstance(own, dict) and "AutoModel" in own and not any(known)


def _layout(name: str, better: str) -> str:
    return f"{name} is in DeepSeek's own layout, which transformers does not read; use {better}, the same converted."


def _by_size(config: dict[str, Any]) -> str:
    language = config.get("language_config")
    wide = language.get("hidden_size") if isinstance(language, dict) else None
    return f"deepseek-community/Janus-Pro-{'7B' if isinstance(wide, int) and wide > 2048 else '1B'}"


def _other(found: str, kind: str, config: dict[str, Any], code: str) -> str:
    """What a checkpoint of another kind is, and where it can be used."""
    said = found[:40]
    if found == "janus":
        return "it is a Janus, which draws pictures; use it with generate"
    if found == "janus_vqgan":
        return "it is the VQ of a Janus alone; give the folder of the whole model"
    if found == "clip":
        return f"it is a CLIP, which compares pictures with texts, as a reward does; use {TRY[kind]}"
    if found in _HALVES:
        whole = "CLIP" if _HALVES[found] == "clip" else _HALVES[found]
        return f"it is half a {whole} ({said}); give one with both of its halves, such as tiny:clip"
    if found in TOWERS:
        return f"it is a {said}, which compares pictures with texts, as a reward does (clip:...); use {TRY[kind]}"
    if found == "laion-aesthetic-v2":
        return f"it is a head for the aesthetic reward; use {TRY[kind]}"
    if found in types("vlm"):
        return f"it is a {said}, which reads pictures; use it with answer"
    if found in types("detector"):
        return f"it is a {said}, which finds things in pictures; use {TRY[kind]}"
    if found in types("lm"):
        if _writes(config):
            return f"it is a {said}, which knows text alone and solves problems in words; use {TRY[kind]}"
        return f"it is a {said}, which reads texts and writes none; use {TRY[kind]}"
    if "auto_map" in config:
        needs = f"a {said} needs code from its own repository, which is never run"
        if kind not in ("vlm", "lm") or code.endswith("@"):
            return f"{needs}; use {TRY[kind]}"
        return f"{needs} unless you read it and name it (in the command line {FLAG} {code}); or use {TRY[kind]}"
    return f"its config.json says {said!r}; use {TRY[kind]} or another checkpoint"
