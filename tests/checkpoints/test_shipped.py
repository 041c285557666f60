"""Every checkpoint that ships: what files it has, how big they are, what its card tells, and that it loads.

The rules are tried on a freshly trained miniature as well, so that they are never tried on nothing.
"""

import json
import re
from pathlib import Path

import pytest
from safetensors import safe_open

from tts_playground.home import CHECKPOINTS, PACKAGE
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.train.common.config import TrainConfig, train

LARGEST, TOGETHER = 9.5e6, 75e6
KINDS_OF_FILE = {".safetensors", ".json", ".md", ".txt", ".jinja", ".png", ".model"}
FACTS = (
    r"^- Architecture: `\w+`.*bfloat16 safetensors",
    r"^- Data: \S.+",
    r"^- Command: `python -m tts_playground[. ].+`",
    r"^- Seed: \d+\.",
    r"Hardware: \S.+\.",
    r"Time: [\d.]+ minutes",
    r"licen[cs]e",
)
HERE = sorted(folder for folder in CHECKPOINTS.iterdir() if folder.is_dir()) if CHECKPOINTS.is_dir() else []


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    place = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTS_PLAYGROUND_HOME", str(place / "home"))
        return train("tiny-detector", TrainConfig(out=place / "detector", steps=2, miniature=True, device="cpu"))


@pytest.fixture(params=["a toy", *(folder.name for folder in HERE)])
def folder(request, toy):
    return toy if request.param == "a toy" else CHECKPOINTS / request.param


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_only_safetensors_in_small_files(folder):
    assert folder.name in TINY.values()
    weights = [path for path in files(folder) if path.suffix == ".safetensors"]
    assert weights
    for path in files(folder):
        assert path.suffix in KINDS_OF_FILE or path.name.startswith("LICENSE"), path
        assert path.stat().st_size < LARGEST, path
    for path in weights:
        with safe_open(path, "pt") as stored:
            kinds = {stored.get_slice(name).get_dtype() for name in stored.keys()}  # noqa: SIM118
        assert kinds <= {"BF16", "I64"}, f"{path} is stored in {kinds}"


def test_all_of_them_together_are_small():
    assert sum(path.stat().st_size for path in CHECKPOINTS.rglob("*") if path.is_file()) < TOGETHER


def test_the_card_tells_how_it_was_made_and_what_it_reaches(folder):
    card = (folder / "README.md").read_text(encoding="utf-8")
    for fact in FACTS:
        assert re.search(fact, card, re.MULTILINE), f"{folder.name}: no {fact}"
    assert not re.search(r"(?<![\w.])/(root|work|tmp|home)/", card), (
        "a card names no folder of the machine it was made on"
    )
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results
    for name, result in results.items():
        value = result["value"] if isinstance(result, dict) else result
        assert f"| {name} | {value:.4f} |" in card


def test_the_licences_are_here():
    assert "Apache" in (PACKAGE.parent / "LICENSE").read_text()
    assert "MIT" in (PACKAGE / "worlds" / "data" / "LICENSE-fluent-emoji.txt").read_text()


def test_it_loads_through_the_ordinary_class_and_nothing_is_missing(folder):
    import transformers

    if (folder / "model_index.json").exists():
        _check_pipeline(folder)
        return
    config = json.loads((folder / "config.json").read_text())
    if config["model_type"] == "laion-aesthetic-v2":
        from tts_playground.rewards.aesthetic import load_head

        assert load_head(str(folder))["layers"][0].in_features == config["width"]
        return
    kind = getattr(transformers, config["architectures"][0])
    model, told = kind.from_pretrained(folder, output_loading_info=True, local_files_only=True)
    assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert model.num_parameters() > 0
    with_text = (folder / "tokenizer.json").exists()
    reader = transformers.AutoProcessor if with_text else transformers.AutoImageProcessor
    assert reader.from_pretrained(folder, local_files_only=True)


def _check_pipeline(folder):
    import diffusers

    pipeline = diffusers.DiffusionPipeline.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    for name in ("vae", "transformer"):
        model, told = type(getattr(pipeline, name)).from_pretrained(
            folder / name, output_loading_info=True, local_files_only=True, use_safetensors=True
        )
        assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"))
        assert model.num_parameters() > 0
