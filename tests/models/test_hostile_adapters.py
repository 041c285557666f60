"""Adapters and heads that are broken or another model's: one sentence each, and nothing is unpickled that runs code."""

import json
import pickle
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from tts_playground.errors import PlaygroundError
from tts_playground.models import adapters
from tts_playground.rewards.aesthetic import build_head, load_head, save_head

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def plain(wide: int = 8):
    return torch.nn.Sequential(torch.nn.Linear(wide, wide), torch.nn.ReLU(), torch.nn.Linear(wide, wide))


@pytest.fixture
def folder(tmp_path):
    """A good adapter of ``plain()``."""
    from peft import LoraConfig, get_peft_model

    made = get_peft_model(plain(), LoraConfig(r=2, target_modules=["0", "2"]))
    made.save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def changed(folder, **keys):
    read = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(read | keys))


def pickled(folder):
    (folder / WEIGHTS).unlink()
    with (folder / "adapter_model.bin").open("wb") as file:
        pickle.dump(Bomb(folder / "ran"), file)


def less(folder):
    held = load_file(folder / WEIGHTS)
    held.pop(sorted(held)[0])
    save_file(held, folder / WEIGHTS)


SPOILT = {
    "no config": (lambda f: (f / CONFIG).unlink(), "no adapter_config.json"),
    "config is a list": (lambda f: (f / CONFIG).write_text("[]"), "names no peft_type"),
    "config is cut off": (lambda f: (f / CONFIG).write_text("{"), "is not JSON"),
    "config is deep": (lambda f: (f / CONFIG).write_text("[" * 200_000), "nested too deeply"),
    "of no kind": (lambda f: changed(f, peft_type="BANANA"), "does not fit"),
    "of a kind that is a number": (lambda f: changed(f, peft_type=7), "names no peft_type"),
    "of endless rank": (lambda f: changed(f, r=10**12), "a larger rank"),
    "of endless rank somewhere": (lambda f: changed(f, rank_pattern={"0": 10**12}), "a larger rank"),
    "of another rank": (lambda f: changed(f, r=4), "size mismatch"),
    "for other layers": (lambda f: changed(f, target_modules=["banana"]), "does not fit"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), "no weights"),
    "pickled": (pickled, "only pickled weights"),
    "cut off": (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-20]), "no whole safetensors"),
    "pointer": (lambda f: (f / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\n"), "LFS pointer"),
    "endless header": (lambda f: (f / WEIGHTS).write_bytes(struct.pack("<Q", 2**60)), "no whole safetensors"),
    "a tensor less": (less, "missing adapter keys"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_adapter_is_one_sentence(name, folder):
    spoil, says = SPOILT[name]
    spoil(folder)
    with pytest.raises(PlaygroundError) as refused:
        adapters.attach(plain(), folder)
    said = str(refused.value)
    assert says in said and len(said.splitlines()) == 1, said
    assert not (folder / "ran").exists()


def test_a_good_one_fits_and_another_models_does_not(folder):
    assert adapters.attach(plain(), folder).peft_config
    with pytest.raises(PlaygroundError, match="does not fit on this model: size mismatch"):
        adapters.attach(plain(16), folder)


def test_facts_that_are_none_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    for name, text in {"a": "[1]", "b": "{}", "c": '{"base": 7}', "d": "", "e": '{"base": "tiny:sketch"}'}.items():
        (adapters.root() / name).mkdir(parents=True)
        (adapters.root() / name / adapters.FACTS).write_text(text)
    assert [one.name for one in adapters.listed()] == ["e"]


def _bomb(path):
    with path.open("wb") as file:
        pickle.dump(Bomb(path.parent / "ran"), file)


def _endless(path):
    with path.open("wb") as file:
        file.truncate(5 << 30)


HEADS = {
    "pickled code.pth": _bomb,
    "a list.pth": lambda path: torch.save([1, 2], path),
    "a number.pth": lambda path: torch.save({"layers.0.weight": 7}, path),
    "flat.pth": lambda path: torch.save({"layers.0.weight": torch.zeros(4)}, path),
    "other layers.pth": lambda path: torch.save({"layers.0.weight": torch.zeros(4, 4)}, path),
    "empty.pth": lambda path: path.write_bytes(b""),
    "empty.safetensors": lambda path: path.write_bytes(b""),
    "pointer.safetensors": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n"),
    "other.safetensors": lambda path: save_file({"a": torch.zeros(3)}, path),
    "gigabytes.safetensors": _endless,
    "gigabytes.pth": _endless,
}


@pytest.mark.parametrize("name", HEADS)
def test_a_spoilt_head_is_one_sentence(name, tmp_path):
    HEADS[name](tmp_path / name)
    with pytest.raises(PlaygroundError) as refused:
        load_head(str(tmp_path / name))
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "ran").exists()


def test_a_head_that_is_a_folder_without_weights(tmp_path):
    with pytest.raises(PlaygroundError, match="no aesthetic head"):
        load_head(str(tmp_path))
    save_head(build_head(16), tmp_path, "tiny:clip")
    assert load_head(str(tmp_path) + "/")["layers"][0].in_features == 16
