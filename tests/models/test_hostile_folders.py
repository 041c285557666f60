"""Broken, hostile and wrong folders: one sentence each, before anything is allocated, and no code of theirs is run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import hostile_folders
import pytest
import tiny_checkpoints
from hostile_folders import CASES, NAMES

from tts_playground.cli import main
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.models import loading
from tts_playground.models.clip import clip_and_processor
from tts_playground.models.detector import Detector
from tts_playground.models.hub import locator
from tts_playground.models.hub.identity import unknown_words

CPU = loading.Options("cpu")


@pytest.fixture(scope="module")
def good(tmp_path_factory, random_janus_folder, random_clip_folder):
    return {
        "janus": random_janus_folder,
        "clip": random_clip_folder,
        "vlm": tiny_checkpoints.save_vlm(tmp_path_factory.mktemp("vlm")),
    }


def opened(name, kind):
    """Load by the way that a kind is loaded."""
    if kind == "clip":
        return clip_and_processor(name, "cpu")
    return Detector.load(name) if kind == "detector" else loading.fresh(name, kind, CPU)


def is_a_sentence(said: str) -> bool:
    return len(said.splitlines()) == 1 and 20 < len(said) < 1200 and "Traceback" not in said


@pytest.mark.parametrize("name", CASES)
def test_a_spoilt_folder_is_one_sentence(name, good, tmp_path):
    folder = hostile_folders.made(name, tmp_path / "model", good)
    with pytest.raises(PlaygroundError) as refused:
        opened(str(folder), CASES[name].kind)
    said = str(refused.value)
    assert CASES[name].says in said
    assert is_a_sentence(said), said
    assert not list(folder.rglob("ran"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["janus", "vlm", "clip", "detector"])
def test_a_name_that_cannot_be_is_one_sentence(name, kind):
    with pytest.raises(PlaygroundError) as refused:
        opened(NAMES[name][0], kind)
    assert NAMES[name][1] in str(refused.value)
    assert is_a_sentence(str(refused.value)), str(refused.value)


@pytest.mark.parametrize("kind", ["lm", "vlm"])
def test_a_file_of_llama_cpp_says_what_to_give_instead(kind, tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(BadInput, match="llama-server and give endpoint:"):
        loading.load(str(tmp_path / "m.gguf"), kind)


def test_a_file_where_a_folder_is_wanted(good):
    with pytest.raises(PlaygroundError, match="is a file; give the folder"):
        opened(str(good["janus"] / "config.json"), "janus")


def test_what_may_not_be_read_is_one_sentence(good, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(PlaygroundError, match=r"config\.json cannot be read: Permission denied"):
        opened(str(good["janus"]), "janus")
    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(PlaygroundError, match="cannot be looked at: Permission denied"):
        opened(str(good["janus"]), "janus")


@pytest.mark.parametrize("kind", ["janus", "vlm", "clip"])
def test_the_good_ones_load_and_are_as_large_as_they_are(kind, good):
    opened(str(good[kind]), kind)
    model = opened(str(good[kind]), kind)
    module = model[0] if kind == "clip" else model.value.model
    from tts_playground.models.hub import shapes

    parts = [*module.parameters(), *module.buffers()]
    assert shapes.fit("it", good[kind], kind) == sum(part.numel() for part in parts)
    assert locator.find(str(good[kind]), kind).weights >= sum(part.numel() for part in module.parameters())


def test_code_beside_a_model_is_not_run(good, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(good["janus"], folder)
    hostile_folders.config(folder, auto_map={"AutoConfig": "code.Mine", "AutoModel": "code.Mine"})
    (folder / "custom_generate").mkdir()
    for file in ("code.py", "custom_generate/generate.py"):
        (folder / file).write_text(hostile_folders.CODE + "class Mine: pass\ndef generate(**_): pass\n")
    assert opened(str(folder), "janus").value.prompt_ids("a cat").shape[0] == 2
    assert not list(folder.rglob("ran"))


def test_a_folder_that_changes_is_looked_at_again(good, tmp_path):
    folder = hostile_folders.made("tokenizer_of_nothing", tmp_path / "model", good)
    locator.ready(str(folder), "vlm")
    hostile_folders.tensors(folder, lambda held: held.pop(next(iter(held))))
    with pytest.raises(PlaygroundError, match="missing"):
        locator.ready(str(folder), "vlm")


@pytest.mark.parametrize(
    "name", ["qwen2_vl", "deepseek_1b", "empty_object", "a_tensor_less", "own_code", "no_tokenizer"]
)
@pytest.mark.parametrize("verb", ["generate", "answer"])
def test_the_command_line_says_it_and_no_more(verb, name, good, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.stdin", open("/dev/null"))  # noqa: SIM115, PTH123
    folder = hostile_folders.made(name, tmp_path / "model", good)
    picture = tmp_path / "a.png"
    from PIL import Image

    Image.new("RGB", (32, 32)).save(picture)
    words = ["a cat"] if verb == "generate" else [str(picture), "What is it?"]
    capfd.readouterr()
    with pytest.raises(SystemExit) as leaving:
        main([verb, *words, "--model", str(folder), "--n", "1"])
    out, err = capfd.readouterr()
    assert leaving.value.code in (1, 2)
    assert out == "" and len(err.splitlines()) == 1, err


WORKER = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
import torch, transformers
from transformers import AutoModelForImageTextToText, AutoProcessor, CLIPModel, CLIPProcessor, JanusProcessor
from transformers.models.auto import modeling_auto
import hostile_folders
from tts_playground.errors import PlaygroundError
from tts_playground.models import loading
from tts_playground.models.clip import clip_and_processor
from tts_playground.models.hub.identity import unknown_words
taken = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (taken + (1 << 30),) * 2)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
said = {}
for name, (kind, folder) in json.load(sys.stdin).items():
    try:
        clip_and_processor(folder, "cpu") if kind == "clip" else loading.fresh(folder, kind, loading.Options("cpu"))
    except PlaygroundError as error:
        said[name] = str(error)
    except BaseException as error:
        said[name] = f"!{error!r}"
print(json.dumps([said, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10]))
"""
WORST = [
    *(
        "qwen2_vl",
        "deepseek_7b",
        "empty_object",
        "nothing_but_its_type",
        "vlm_of_nothing",
        "clip_of_nothing",
        "many_layers",
    ),
    *("many_labels", "far_wider", "wider", "config_deep", "config_of_gigabytes", "endless_header"),
    *("offsets_beyond_the_file", "a_shape_that_overflows", "text_config_number"),
]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc and limits the address space")
def test_the_worst_ones_allocate_nothing(good, tmp_path):
    given = {name: (CASES[name].kind, str(hostile_folders.made(name, tmp_path / name, good))) for name in WORST}
    tests = str(Path(hostile_folders.__file__).parent)
    command = [sys.executable, "-c", WORKER, tests]
    done = subprocess.run(
        command, input=json.dumps(given), capture_output=True, text=True, check=False, env=os.environ, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said, mebibytes = json.loads(done.stdout.splitlines()[-1])
    assert {name: CASES[name].says in said[name] for name in WORST} == dict.fromkeys(WORST, True), said
    assert mebibytes < 400


@pytest.mark.parametrize("name", ["tokenizer_of_nothing", "tokenizer_is_a_pointer", "no_tokenizer"])
def test_a_damaged_tokenizer_knows_of_no_unknown_words(name, good, tmp_path):
    folder = hostile_folders.made(name, tmp_path / "model", good)
    assert unknown_words(str(folder), "a cat") == []
