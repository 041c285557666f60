"""Questions about pictures: what is let in, and ``answer`` from end to end on a random model."""

import io

import numpy as np
import pytest
import tiny_vlms
from PIL import Image

import tts_playground
from tts_playground.core import Task
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.hub import embedded_models
from tts_playground.tasks.vqa import LONGEST_SIDE, VqaTask, answer, read_picture, vqa_sampler

QUESTION = "what is the value of kiwi?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm")))


def test_a_task_is_its_pixels_and_its_question(tmp_path):
    file = tmp_path / "a.png"
    tiny_vlms.picture().save(file)
    first, second = VqaTask.of(file, QUESTION), VqaTask.of(tiny_vlms.picture(), f" {QUESTION} ", ["7"])
    assert isinstance(first, Task) and first == second and first.key() == second.key()
    assert first != VqaTask.of(tiny_vlms.picture(61), QUESTION) and first != first.blank()
    assert first.right("7") is None and second.right("seven") == 1.0 and second.right("8", "anls") == 0.0
    assert np.asarray(first.blank().image).min() == 255 and first.blank().image.size == first.image.size


def test_pictures_are_made_ready():
    big = read_picture(Image.new("RGB", (2000, 1000), "red"))
    assert big.size == (LONGEST_SIDE, LONGEST_SIDE // 2) and big.mode == "RGB"
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert read_picture(clear).getpixel((3, 3)) == (255, 255, 255)
    jpeg = io.BytesIO()
    Image.new("RGB", (3000, 2000), "red").save(jpeg, "JPEG")
    red = read_picture(jpeg.getvalue()).getpixel((9, 9))
    assert red[0] > 200 and red[2] < 60


def _moving():
    file = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("image", "question", "sentence"),
    [
        (b"not a picture", QUESTION, "picture"),
        ("/nowhere/at/all.png", QUESTION, "no file"),
        (np.zeros((0, 5, 3), np.uint8), QUESTION, "shape"),
        (Image.new("1", (30000, 30000)), QUESTION, "at most"),
        (_moving(), QUESTION, "frames"),
        (Image.new("RGB", (900, 1)), QUESTION, "too thin"),
        (None, QUESTION, "NoneType"),
        (Image.new("RGB", (9, 9)), "", "question is empty"),
        (Image.new("RGB", (9, 9)), " \n", "question is empty"),
        (Image.new("RGB", (9, 9)), "x" * 10_000, "10,000 characters"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(image, question, sentence):
    with pytest.raises(BadInput, match=sentence) as caught:
        VqaTask.of(image, question)
    assert "\n" not in str(caught.value)


def test_answer_from_end_to_end(folder):
    result = tts_playground.answer(tiny_vlms.picture(), QUESTION, model=folder, n=6, seed=3, answers=["7"])
    assert len(result.samples) == 6 and set(result.scores) == {"p_yes", "rating", "logprob"}
    assert set(result.picks) == {"verifier", "majority", "weighted", "rating", "logprob", "single", "oracle"}
    best = max(range(6), key=lambda i: (result.scores["p_yes"][i], -i))
    assert result.picks["verifier"] == best and result.picks["single"] == 0
    said = result.as_dict()
    assert set(said["samples"][0]) == {"text", "answer", "logprob", "p_yes", "steps"}
    assert said["question"] == QUESTION and said["picks"]["verifier"] == result.answers[best]
    assert said["cost"]["samples"] == 6 and said["cost"]["verifier_calls"] == 12
    again = answer(tiny_vlms.picture(), QUESTION, model=folder, n=3, seed=3)
    assert [s.content for s in again.samples] == [s.content for s in result.samples[:3]]
    assert "oracle" not in again.picks
    blank = answer(tiny_vlms.picture(), QUESTION, model=folder, n=3, seed=3, blank=True)
    assert [s.logprob for s in blank.samples] != [s.logprob for s in again.samples]


def test_models_are_named_by_one_string(monkeypatch, folder, tmp_path):
    monkeypatch.setenv("TTS_PLAYGROUND_VLM_MODEL", folder)
    assert vqa_sampler().fingerprint()["model"] == folder
    endpoint = vqa_sampler("endpoint:some/vlm@http://localhost:1/v1")
    assert endpoint.fingerprint()["url"] == "http://localhost:1/v1"
    with pytest.raises(BadInput, match="endpoint:MODEL"):
        vqa_sampler("endpoint:some/vlm")
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    loading.forget()
    with pytest.raises(ModelUnavailable, match="train tiny-vlm"):
        vqa_sampler("tiny:vlm")
    with pytest.raises(BadInput, match="n is 0"):
        answer(tiny_vlms.picture(), QUESTION, model=folder, n=0)


def test_a_date_beyond_the_calendar_is_one_sentence(tmp_path):
    import pyarrow
    import pyarrow.parquet

    from tts_playground.tasks.vqa_data import questions

    late = pyarrow.array([2**62], pyarrow.timestamp("us"))
    pyarrow.parquet.write_table(pyarrow.table({"when": late}), tmp_path / "a.parquet")
    with pytest.raises(BadInput, match="cannot be read as parquet"):
        list(questions(str(tmp_path / "a.parquet")))
