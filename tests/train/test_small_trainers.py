import json

import numpy as np
import pytest
import torch

from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.common.dense import dense_loss


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def losses(tmp_path, name, part="loss"):
    rows = (tmp_path / "home" / "runs" / name / "losses.jsonl").read_text().splitlines()
    return [json.loads(row)[part] for row in rows if part in json.loads(row)]


def test_clip_learns_and_loads_the_ordinary_way(tmp_path):
    from transformers import CLIPModel, CLIPProcessor

    out = train("tiny-clip", TrainConfig(out=tmp_path / "clip", steps=21, miniature=True, device="cpu"))
    told = losses(tmp_path, "tiny-clip")
    assert told[-1] < told[0]
    model, processor = CLIPModel.from_pretrained(out, dtype=torch.float32), CLIPProcessor.from_pretrained(out)
    picture = np.zeros((64, 64, 3), np.uint8)
    inputs = processor(text=["a cat", "žirafa 漢字"], images=[picture], return_tensors="pt", padding=True)
    assert model(**inputs).logits_per_image.shape == (1, 2)

    worth = train("tiny-aesthetic", TrainConfig(out=tmp_path / "a", steps=31, miniature=True, device="cpu", clip=out))
    told = losses(tmp_path, "tiny-aesthetic")
    assert told[-1] < told[0]
    assert (worth / "README.md").exists()


def test_detector_learns_and_loads_the_ordinary_way(tmp_path):
    from transformers import AutoModelForObjectDetection

    out = train("tiny-detector", TrainConfig(out=tmp_path / "det", steps=41, miniature=True, device="cpu"))
    for part in ("dense", "box"):  # the queries join in after a while
        told = losses(tmp_path, "tiny-detector", part)
        assert told[-1] < told[0]
    model = AutoModelForObjectDetection.from_pretrained(out, dtype=torch.float32)
    assert model.config.id2label[0] == "apple"
    assert model(pixel_values=torch.zeros(1, 3, 64, 64)).pred_boxes.shape == (1, 10, 4)


def test_a_card_tells_what_its_model_started_from(tmp_path):
    first = train("tiny-detector", TrainConfig(out=tmp_path / "first", steps=2, miniature=True, device="cpu"))
    again = TrainConfig(out=tmp_path / "again", steps=2, miniature=True, device="cpu", init=first)
    card = (train("tiny-detector", again) / "README.md").read_text()
    assert "--init first --seed 0 --out again`" in card
    assert "- Started from: `python -m tts_playground.train tiny-detector" in card and "--out first`. Hardware:" in card


def test_every_place_is_asked_for_what_covers_it():
    classes = torch.tensor([[2, 0, -1, -1]])
    boxes = torch.tensor([[[0.5, 0.5, 1.0, 1.0], [0.25, 0.25, 0.5, 0.5], [0.0] * 4, [0.0] * 4]])
    right = torch.tensor([[0, 2], [2, 2]]).flatten()  # the second thing covers the first at the top left
    names = torch.nn.functional.one_hot(right, 4)[None] * 50.0
    places = torch.stack([boxes[0, 1 if name == 0 else 0] for name in right])[None]
    assert dense_loss(names, places, classes, boxes).item() == pytest.approx(0, abs=1e-5)
    wrong = names.clone()
    wrong[0, 0] = names[0, 1]
    assert dense_loss(wrong, places, classes, boxes) > 5
