"""LLaVA's folders of 2023 say nothing of patches and feature tokens: the model's configuration is asked."""

import json

import pytest
import tiny_vlms
import torch

from tts_playground.models import loading
from tts_playground.models.loading import Options

LATER = ("patch_size", "num_additional_image_tokens", "vision_feature_select_strategy")
CPU = Options("cpu", "float32")


def without(folder, names):
    """The folder with these taken out of its processor's files."""
    path = folder / "processor_config.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({name: value for name, value in said.items() if name not in names}))
    return folder


@pytest.mark.parametrize("names", [LATER, *[(name,) for name in LATER]], ids=lambda names: "+".join(names))
def test_what_is_missing_comes_from_the_model(names, tmp_path):
    whole = loading.load(str(tiny_vlms.save("llava", tmp_path / "whole")), "vlm", CPU).value
    older = loading.load(str(without(tiny_vlms.save("llava", tmp_path / "older"), names)), "vlm", CPU).value
    for name in LATER:
        assert getattr(older.processor, name) == getattr(whole.processor, name)
    picture = tiny_vlms.picture()
    one, other = (vlm.prefix(picture, "what is it?") for vlm in (whole, older))
    assert one.ids == other.ids and torch.equal(one.logits, other.logits)


def test_the_layout_of_2023(tmp_path):
    """preprocessor_config.json alone, as the image processor wrote it; the template stands with the tokenizer."""
    folder = tiny_vlms.save("llava", tmp_path)
    whole = tiny_vlms.parts("llava")[1]
    said = json.loads((folder / "processor_config.json").read_text())
    (folder / "processor_config.json").unlink()
    images = said["image_processor"] | {
        "image_processor_type": "CLIPImageProcessor",
        "processor_class": "LlavaProcessor",
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(images))
    vlm = loading.load(str(folder), "vlm", CPU).value
    assert [getattr(vlm.processor, name) for name in LATER] == [8, 1, "default"]
    wanted = whole(text=["<image>which?"], images=[tiny_vlms.picture()], return_tensors="pt")["input_ids"]
    got = vlm.processor(text=["<image>which?"], images=[tiny_vlms.picture()], return_tensors="pt")["input_ids"]
    assert torch.equal(wanted, got)
    assert vlm.prefix(tiny_vlms.picture(), "what is it?").logits.isfinite().all()


def test_what_the_files_say_is_kept(tmp_path):
    folder = tiny_vlms.save("llava", tmp_path)
    path = folder / "processor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_additional_image_tokens": 0}))
    assert loading.load(str(folder), "vlm", CPU).value.processor.num_additional_image_tokens == 0
