"""Real layouts pass the look at their shapes: every family, tied heads, and the older names of tensors."""

import pytest
import tiny_vlms
from safetensors.torch import load_file, save_file

from tts_playground.models.hub import locator, shapes

OLDER = {
    "llava": [("model.language_model.", "language_model.model."), ("lm_head.", "language_model.lm_head.")],
    "qwen2vl": [("model.language_model.", "model."), ("model.visual.", "visual.")],
    "gemma3": [("model.language_model.", "language_model.model."), ("lm_head.", "language_model.lm_head.")],
}
"""kind -> what its tensors' names begin with now, and in files of earlier versions of transformers"""
ALSO = {"llava": ["model.vision_tower.", "model.multi_modal_projector."]}
ALSO["gemma3"] = ALSO["llava"]
"""kind -> names that have lost their "model." """


def renamed(key: str, kind: str) -> str:
    for now, before in OLDER.get(kind, []):
        if key.startswith(now):
            return before + key.removeprefix(now)
    return key.removeprefix("model.") if key.startswith(tuple(ALSO.get(kind, []))) else key


@pytest.mark.parametrize("kind", tiny_vlms.KINDS)
@pytest.mark.parametrize("names", ["as they are saved", "of an earlier version"])
def test_every_family_fits(kind, names, tmp_path):
    folder = tiny_vlms.save(kind, tmp_path)
    model, _ = tiny_vlms.parts(kind)
    if names != "as they are saved":
        held = {key: value.contiguous() for key, value in model.state_dict().items()}
        tied = set(model._tied_weights_keys or {}) if model.config.tie_word_embeddings else set()
        held = {renamed(key, kind): value for key, value in held.items() if key not in tied}
        save_file(held, folder / "model.safetensors", {"format": "pt"})
    assert locator.ready(str(folder), "vlm") == folder
    assert shapes.fit("it", folder, "vlm") >= sum(part.numel() for part in model.parameters())


def test_a_few_tensors_too_many_are_let_be(tmp_path):
    import torch

    folder = tiny_vlms.save("llava", tmp_path)
    held = load_file(folder / "model.safetensors") | {"a.buffer.of.old": torch.zeros(8)}
    save_file(held, folder / "model.safetensors", {"format": "pt"})
    assert locator.ready(str(folder), "vlm") == folder
