"""The parts of ``bench gpu`` that need packages which are not everywhere: adapters, 4 bits, and unsloth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tts_playground import files
from tts_playground.bench import vqa
from tts_playground.bench.gpu_card import Late, in_turn
from tts_playground.bench.gpu_models import Lab
from tts_playground.bench.gpu_qwen import task
from tts_playground.bench.timing import row, summary
from tts_playground.models import adapters, finetune_loading, loading
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings

Rows = Iterator[dict[str, Any]]


def lora(lab: Lab) -> Rows:
    """An adapter on the big model: attached as the app does it, and merged, which must not change what it says."""
    _need("peft")
    lab.alone("vlm")
    from peft import LoraConfig, get_peft_model

    vlm, asked = lab.vlm.value, task(lab.sizes.side)
    inputs = vlm.inputs([asked.image], [asked.question])
    with TemporaryDirectory() as folder:
        wanted = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        made = get_peft_model(vlm.model, wanted)
        with files.filling(Path(folder), "The adapter") as partial:
            made.save_pretrained(str(partial))
        plain = made.unload()
        held: dict[str, Any] = {"before": _logits(plain, inputs)}
        took = lab.card.seconds(lambda: held.update(hung=adapters.attach(plain, Path(folder))))
        held["with"] = _logits(held["hung"], inputs)
        merging = lab.card.seconds(lambda: held.update(merged=held["hung"].merge_and_unload()))
        held["after"] = _logits(held["merged"], inputs)
    lab.reset()  # the base has the adapter in it now
    yield row("an adapter of rank 8 on the VLM: attached", took, None, "s")
    yield row("and merged into its weights", merging, None, "s")
    spread = float((held["with"] - held["before"]).abs().max())
    apart = float((held["after"] - held["with"]).abs().max())
    yield row("largest change of a logit by merging: what the adapter itself changes as peer", apart, spread, "")


def _logits(model: Any, inputs: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model(**inputs, logits_to_keep=1).logits[0, -1].float()


def four_bit(lab: Lab) -> Rows:
    """The big model in 4 bits through the app's loader: memory, and the time of answers, against bfloat16."""
    _need("bitsandbytes")
    lab.alone("vlm")
    asked = task(lab.sizes.side)
    settings = AnswerSettings(vqa.TEMPERATURE, most_tokens=lab.sizes.longest)
    with _saved(lab) as folder:
        small = loading.fresh(folder, "vlm", loading.Options(lab.card.device, "bfloat16", four_bit=True))
    sides = [VlmSampler(loaded, settings) for loaded in (small, lab.vlm)]
    held = [float(side.vlm.model.get_memory_footprint()) / 2**30 for side in sides]
    yield row("weights of the VLM in 4 bits: in bfloat16 as peer", held[0], held[1], "GiB")
    n = lab.sizes.answers
    mine, theirs = (vqa.drawing(side, asked, n) for side in sides)
    for call in (mine, theirs):
        call()
    ours, peer = map(summary, in_turn(lab.card, lab.clock, mine, theirs))
    yield row(f"{n} answers in 4 bits: in bfloat16 as peer", ours.median, peer.median, "s", spread=(ours, peer))


def unsloth(lab: Lab) -> Rows:
    """The big model through unsloth, which patches transformers for good: so it comes late."""
    _need("unsloth")
    lab.alone("vlm")
    held: dict[str, Any] = {}
    with _saved(lab) as folder:
        lab.reset()
        took = lab.card.seconds(lambda: held.update(tunable=finetune_loading.open_model(folder, "unsloth")))
    yield row("the VLM in 4 bits, opened through unsloth", took, None, "s")
    yield row("its weights", float(held["tunable"].model.get_memory_footprint()) / 2**30, None, "GiB")


@contextmanager
def _saved(lab: Lab) -> Iterator[str]:
    """A folder that holds the big model while it is loaded from there."""
    with TemporaryDirectory() as folder:
        with files.filling(Path(folder), "The model") as partial:
            lab.vlm.value.model.save_pretrained(partial)
            lab.vlm.value.processor.save_pretrained(partial)
        yield folder


def _need(package: str) -> None:
    """Raises Late, which is no failure, where a package is not there."""
    if find_spec(package) is None:
        raise Late(f"left out, because the package {package} is not installed here")
