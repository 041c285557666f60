"""What the eyes of tiny:vlm and tiny:sketch are taught first: what stands where, and that they learn it."""

from functools import partial

import numpy as np
import pytest
import torch

from tts_playground import dsl
from tts_playground.train.common.loop import TrainPlan
from tts_playground.train.common.vision_targets import UNKNOWN, later
from tts_playground.train.sketch import data
from tts_playground.train.vlm import vision_targets
from tts_playground.train.vlm.architecture import build_model, open_eye, pixels, visual_embeddings
from tts_playground.train.vlm.data import tokenizer
from tts_playground.train.vlm.trainer import MINIATURE
from tts_playground.train.vlm.vision_encoder import teach_eye
from tts_playground.train.vlm.vision_targets import COLOR, KIND, NUMBER, WORD, choice_seen, digits, figure_seen
from tts_playground.worlds import choices, stickers
from tts_playground.worlds.charts import drawn
from tts_playground.worlds.infographics import figure


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


def test_the_first_digit_stands_first():
    assert digits(7) == [8, 0, 0] and digits(40) == [5, 1, 0] and digits(609) == [7, 1, 10]


@pytest.mark.parametrize("kind", ["table", "bar", "column", "pie", "line", "pictogram", "number"])
def test_every_label_knows_its_number_and_every_number_its_label(kind):
    one = next(
        f for f in (figure(1, i) for i in range(500)) if f.kind == kind and len(f.labels) == 2 + (kind != "number")
    )
    seen = figure_seen(drawn(one)).reshape(-1, len(vision_targets.classes()))
    for label, value in zip(one.labels, one.values, strict=True):
        word = vision_targets.words()[label]
        of_label = seen[seen[:, WORD] == word]
        assert len(of_label) == 1 and later(of_label[0, NUMBER]).tolist() == digits(value)
        assert of_label[0, KIND] == vision_targets.A_WORD
        if kind != "pictogram":
            of_value = seen[(seen[:, NUMBER] == digits(value)).all(1)]
            assert later(of_value[0, WORD]) == word and of_value[0, KIND] == vision_targets.A_NUMBER
    title = vision_targets.words().get(one.title, UNKNOWN)  # a title of two words has no token of its own
    assert ((seen[:, WORD] == title) & (seen[:, KIND] == vision_targets.A_WORD)).sum() == 1


def test_targets_stay_within_their_classes():
    images, seen = vision_targets.make(3, seed=0, rows=24)
    assert images.shape == (24, 128, 128, 3) and seen.shape == (24, 64, len(vision_targets.classes()))
    for column, names in enumerate(vision_targets.classes()):
        told = seen[..., column]
        told = np.where(told < UNKNOWN, later(told), told)
        assert told.min() >= UNKNOWN and told.max() <= (names - 1 if isinstance(names, int) else len(names))


def test_classes_are_the_tokens_with_which_the_mouth_would_say_them():
    tokens, (words, first, second, _, colors, _) = tokenizer(), vision_targets.classes()
    assert [tokens.decode([i]).strip() for i in words] == list(vision_targets.words())
    assert tokens.encode("list 37", add_special_tokens=False).ids[-2:] == [first[3], second[7]]
    assert tokens.encode("it is teal", add_special_tokens=False).ids[-1] in colors


def test_things_and_cells_cover_their_places():
    scene = stickers.scenes(4, 0, 1)[0]
    seen = vision_targets.stickers_seen(scene)
    named = {int(i) for i in np.unique(seen[..., WORD])} - {0}
    assert named <= {vision_targets.words()[thing.noun] for thing in scene.things} and named
    pick = choices.choice(0, 1, "sym", 9)
    seen = choice_seen(pick)
    for cell in pick.cells:
        place = seen[(1, 3, 6)[cell.row], (1, 3, 6)[cell.column]]
        assert place[NUMBER].tolist() == digits(cell.digit) and place[COLOR] > 0


def test_shapes_stand_in_the_place_of_their_centre():
    seen = data.places(dsl.parse("(- (Quad 9 4 6 3 45) (+ (Circle 2 0 15) (Circle 1 9 5)))")).reshape(8, 8, 7)
    assert seen[5, 4].tolist() == [2, 1, 2, 1, 7, 4, 2]  # the quad; the circle in the same place comes later
    assert seen[0, 0].tolist() == [1, 2, 1, 2, 3, 0, 1] and (seen[..., 0] > 0).sum() == 2


def test_the_eye_learns_and_the_mouth_does_not():
    torch.manual_seed(0)
    model = build_model(MINIATURE, 60)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    make = partial(data.make_seen, seed=5, rows=16)

    def fixed(index):
        return make(index % 2)

    plan = TrainPlan("tiny", steps=40, lr=3e-3, warmup=5, bf16=False, device="cpu")
    report = teach_eye(model, fixed, data.CLASSES, plan=plan, workers=0)
    assert report.losses[-1]["loss"] < 0.7 * report.losses[0]["loss"]
    assert report.folder.name == "tiny-eye" and all(p.requires_grad for p in model.parameters())
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert any("vision_tower" in name for name in moved) and not any("language_model" in name for name in moved)
    length = visual_embeddings(model.eval(), pixels(torch.from_numpy(fixed(0)[0]))).norm(dim=-1).mean()
    word = model.get_input_embeddings().weight.norm(dim=-1).mean()
    assert 1.5 * word < length < 6 * word


def test_while_the_mouth_learns_the_eye_sees_as_before():
    torch.manual_seed(0)
    model = build_model(MINIATURE, 60)
    images, others = (pixels(torch.randint(0, 256, (4, 128, 128, 3), dtype=torch.uint8)) for _ in range(2))
    with open_eye(model):
        model.train()
        before = visual_embeddings(model, images)
        assert not before.requires_grad
        visual_embeddings(model, others)  # outside, a batch norm in training would take an average of these in
        assert torch.equal(before, visual_embeddings(model, images))
    model.train()
    after = visual_embeddings(model, images)
    assert after.requires_grad and not torch.equal(before, after)
