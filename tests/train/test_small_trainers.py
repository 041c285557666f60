import json

import numpy as np
import pytest
import torch

from tts_playground.train.matching import corners, match
from tts_playground.train.order import Order, train


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def losses(tmp_path, name):
    rows = (tmp_path / "home" / "runs" / name / "losses.jsonl").read_text().splitlines()
    return [json.loads(row)["loss"] for row in rows]


def test_clip_learns_and_loads_the_ordinary_way(tmp_path):
    from transformers import CLIPModel, CLIPProcessor

    out = train("tiny-clip", Order(out=tmp_path / "clip", steps=41, miniature=True, device="cpu"))
    told = losses(tmp_path, "tiny-clip")
    assert told[-1] < told[0]
    model, processor = CLIPModel.from_pretrained(out, dtype=torch.float32), CLIPProcessor.from_pretrained(out)
    picture = np.zeros((64, 64, 3), np.uint8)
    inputs = processor(text=["a cat", "žirafa 漢字"], images=[picture], return_tensors="pt", padding=True)
    assert model(**inputs).logits_per_image.shape == (1, 2)

    worth = train("tiny-aesthetic", Order(out=tmp_path / "a", steps=60, miniature=True, device="cpu", clip=out))
    told = losses(tmp_path, "tiny-aesthetic")
    assert told[-1] < told[0]
    assert (worth / "README.md").exists()


def test_detector_learns_and_loads_the_ordinary_way(tmp_path):
    from transformers import AutoModelForObjectDetection

    out = train("tiny-detector", Order(out=tmp_path / "det", steps=41, miniature=True, device="cpu"))
    told = losses(tmp_path, "tiny-detector")
    assert told[-1] < told[0]
    model = AutoModelForObjectDetection.from_pretrained(out, dtype=torch.float32)
    assert model.config.id2label[0] == "apple"
    assert model(pixel_values=torch.zeros(1, 3, 64, 64)).pred_boxes.shape == (1, 8, 4)


def test_matching_equals_the_hungarian_method():
    from scipy.optimize import linear_sum_assignment

    from tts_playground.train.matching import BOX, GIOU, generalized_iou

    torch.manual_seed(0)
    logits, boxes, targets = torch.randn(6, 8, 5), torch.rand(6, 8, 4) * 0.4 + 0.2, torch.rand(6, 4, 4) * 0.4 + 0.2
    classes = torch.randint(4, (6, 4))
    queries = match(logits, boxes, classes, targets)
    for row in range(6):
        far = (boxes[row][:, None] - targets[row]).abs().sum(-1)
        apart = -generalized_iou(corners(boxes[row])[:, None], corners(targets[row]))
        cost = BOX * far + GIOU * apart - logits[row].softmax(-1)[:, classes[row]]
        rows, columns = linear_sum_assignment(cost.numpy())
        assert dict(zip(columns, rows, strict=True)) == dict(enumerate(queries[row].tolist()))
