"""The cache of the hub: whole snapshots are used as they are, downloads that broke off are finished or told of."""

import json
import shutil

import pytest

from tts_playground.errors import ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.hub import locator
from tts_playground.models.hub.identity import named

NAME, COMMIT = "nobody/janus", "0123456789" * 4
CPU = loading.Options("cpu")
FIRST, SECOND = (f"model-0000{n}-of-00002.safetensors" for n in (1, 2))


@pytest.fixture
def snapshot(tmp_path, random_janus_folder, monkeypatch):
    """A repository as the hub's library keeps it: files are links to blobs."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    repository = tmp_path / "models--nobody--janus"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    folder, blobs = repository / "snapshots" / COMMIT, repository / "blobs"
    folder.mkdir(parents=True)
    shutil.copytree(random_janus_folder, blobs)
    for blob in blobs.iterdir():
        (folder / blob.name).symlink_to(f"../../blobs/{blob.name}")
    return folder


def in_two(folder):
    """The weights in two files with an index, as large models have them."""
    from safetensors.torch import load_file, save_file

    held = load_file(folder / "model.safetensors")
    names = sorted(held)
    files = {key: FIRST if place < len(names) // 2 else SECOND for place, key in enumerate(names)}
    for file in (FIRST, SECOND):
        save_file({key: held[key] for key in names if files[key] == file}, folder / file, {"format": "pt"})
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))


def dangling(folder):
    (folder / ".." / ".." / "blobs" / "model.safetensors").unlink()


def second_missing(folder):
    in_two(folder)
    (folder / SECOND).unlink()


BROKEN_OFF = {
    "no weights yet": (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors"),
    "a link to nothing": (dangling, "model.safetensors"),
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "config.json"),
    "one file of two": (second_missing, SECOND),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json"),
    "no image processor": (lambda folder: (folder / "processor_config.json").unlink(), "preprocessor_config.json"),
}


@pytest.mark.parametrize("name", BROKEN_OFF)
def test_a_download_that_broke_off_is_told_of_and_is_not_stuck(name, snapshot, monkeypatch):
    spoil, gone = BROKEN_OFF[name]
    spoil(snapshot)
    assert locator.cached(NAME, "janus") is None
    with pytest.raises(ModelUnavailable, match=rf"broke off \(not here: {gone}\).*go online"):
        locator.find(NAME, "janus")
    with pytest.raises(ModelUnavailable, match="not on this machine yet"):
        named(NAME, "janus", CPU)

    class Online:
        def model_info(self, name, **_):
            from types import SimpleNamespace

            file = SimpleNamespace(rfilename="model.safetensors", size=1000)
            return SimpleNamespace(config={"model_type": "janus"}, siblings=[file], sha=COMMIT)

    monkeypatch.setattr("huggingface_hub.HfApi", Online)
    assert locator.find(NAME, "janus").folder is None  # so that it is fetched, which goes on from what is there


def test_a_whole_one_is_used_without_the_network(snapshot):
    assert locator.find(NAME, "janus").folder == snapshot == locator.cached(NAME)
    in_two(snapshot)
    assert locator.find(NAME, "janus").folder == snapshot
    assert loading.fresh(NAME, "janus", CPU).revision == COMMIT[:10] == named(NAME, "janus", CPU).revision


def test_another_kind_is_refused_before_it_is_downloaded(snapshot, monkeypatch):
    class Online:
        def model_info(self, name, **_):
            from types import SimpleNamespace

            return SimpleNamespace(config={"model_type": "qwen2_vl"}, siblings=[], sha=COMMIT)

    monkeypatch.setattr("huggingface_hub.HfApi", Online)
    with pytest.raises(ModelUnavailable, match="use it with answer"):
        locator.ready("somebody/Qwen2-VL", "janus")


def test_the_other_file_formats_of_a_repository_are_not_downloaded():
    from huggingface_hub.utils import filter_repo_objects

    files = [FIRST, "model.safetensors", "open_clip_model.safetensors", "consolidated.safetensors", "pytorch_model.bin"]
    assert list(filter_repo_objects(files, allow_patterns=locator.PATTERNS)) == files[:2]
