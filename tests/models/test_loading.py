"""Loading: names, the cache, and one sentence for whatever cannot be held or reached."""

import json
import shutil
import threading

import pytest

from tts_playground.errors import BadInput, ModelUnavailable, UnknownName
from tts_playground.models import loading
from tts_playground.models.decode import microbatch
from tts_playground.models.hub import locator
from tts_playground.models.janus.model import Janus
from tts_playground.models.loading import Options, check, load

CPU = Options("cpu")


def test_a_folder_is_loaded_once_and_shared_by_threads(random_janus_folder):
    loading.forget()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(load(str(random_janus_folder), "janus", CPU))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(found[0].value, Janus) and all(one is found[0] for one in found)
    assert found[0].fingerprint()["dtype"] == "float32" and len(found[0].revision) == 10


def test_models_that_are_loaded_at_the_same_time_all_have_their_weights():
    """transformers makes parameters without memory while it builds a model, on whatever thread."""
    loading.forget()
    wanted = (("tiny:vlm", "vlm"), ("tiny:math", "lm"), ("tiny:prm", "prm"), ("tiny:prm2", "prm"))
    together, found, failed = threading.Barrier(len(wanted)), {}, []

    def one(name, kind):
        together.wait()
        try:
            found[name] = load(name, kind, CPU)
        except Exception as error:  # whatever it is, the test names it
            failed.append(f"{name}: {error}")

    threads = [threading.Thread(target=one, args=pair) for pair in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert not any(part.is_meta for one in found.values() for part in one.value.model.parameters())


def test_what_does_not_fit_is_said_before_loading(random_janus_folder, monkeypatch):
    monkeypatch.setattr(locator, "free_memory", lambda device: 1000.0)
    sentence = check(str(random_janus_folder), CPU)
    assert "GiB" in sentence and sentence.count(". ") == 0
    loading.forget()
    with pytest.raises(ModelUnavailable, match="needs about"):
        load(str(random_janus_folder), "janus", CPU)


def test_names_that_cannot_be(tmp_path, monkeypatch):
    with pytest.raises(UnknownName, match="tiny:janus"):
        load("tiny:jannus", "janus", CPU)
    with pytest.raises(BadInput, match="no folder"):
        load("/nowhere/at/all", "janus", CPU)
    with pytest.raises(UnknownName, match="kind of model"):
        load("tiny:janus", "painter", CPU)
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        load(str(tmp_path), "janus", CPU)
    with pytest.raises(BadInput, match="device"):
        load("tiny:janus", "janus", Options("toaster"))
    with pytest.raises(BadInput, match="dtype"):
        load("tiny:janus", "janus", Options("cpu", "int3"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "tiny: model" in check("nobody/never-was", CPU)


def test_a_wrong_kind_of_checkpoint_is_one_sentence(random_clip_folder):
    with pytest.raises(ModelUnavailable, match="a CLIP, which compares"):
        load(str(random_clip_folder), "vlm", CPU)


def test_out_of_memory_halves_the_batch(random_janus):
    import torch

    sizes = []

    def work(items):
        sizes.append(len(items))
        if len(items) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return list(items)

    assert list(microbatch.Limit(random_janus).stream(list(range(20)), [2] * 20, work)) == [0, 1, 2]
    assert sizes == [20, 10, 5, 3]
    assert list(microbatch.Limit(random_janus, 4).stream(list(range(20)), [2] * 20, iter)) == [0, 1, 2, 3]


def test_what_ships_loads_without_a_progress_bar(capfd):
    from transformers.utils import logging

    from tts_playground.models.detector import Detector

    before = logging.is_progress_bar_enabled()
    Detector.load("tiny:detector")
    assert "Loading weights" not in capfd.readouterr().err
    assert logging.is_progress_bar_enabled() == before


@pytest.mark.parametrize("spoil", ["without generation_kwargs", "boi at the top", "no generation_config.json"])
def test_a_janus_that_does_not_say_where_pictures_begin_asks_its_tokenizer(spoil, random_janus_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(random_janus_folder, folder)
    path = folder / "generation_config.json"
    told = json.loads(path.read_text())
    boi = told.pop("generation_kwargs")
    path.write_text(json.dumps(told | (boi if spoil == "boi at the top" else {})))
    if spoil == "no generation_config.json":
        path.unlink()
    ids = [load(str(place), "janus", CPU).value.prompt_ids("a cat") for place in (random_janus_folder, folder)]
    assert ids[0].tolist() == ids[1].tolist()
