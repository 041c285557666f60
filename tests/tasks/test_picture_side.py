"""How large a picture is shown to a model is a setting, and what was scaled is said."""

import io

import pytest
from PIL import Image

from tts_playground.errors import BadInput
from tts_playground.tasks.vqa import VqaTask, read_picture


def page(width=1000, height=5400, kind="PNG", **options):
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("size", "longest", "seen"),
    [
        ((1000, 5400), 768, (142, 768)),
        ((1000, 3000), 2000, (666, 2000)),
        ((1000, 3000), 4096, (1000, 3000)),
        ((3000, 100), 1500, (1500, 50)),
        ((300, 300), 64, (64, 64)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_longer_side_is_what_was_asked_for(size, longest, seen, kind):
    task = VqaTask.of(page(*size, kind), "What?", longest=longest)
    assert task.image.size == seen
    said = f"{size[0]} x {size[1]} pixels was scaled to {seen[0]} x {seen[1]}"
    assert said in task.note if seen != size else not task.note


def test_a_large_photo_keeps_what_was_asked_for():
    assert VqaTask.of(page(4000, 3000, "JPEG"), "What?", longest=2000).image.size == (2000, 1500)
    turned = Image.Exif()
    turned[0x0112] = 6
    task = VqaTask.of(page(3000, 1000, "JPEG", exif=turned), "What?")
    assert task.image.size == (256, 768) and "1000 x 3000 pixels was scaled to 256 x 768" in task.note


def test_the_side_belongs_to_the_picture_and_the_default_stays():
    data = page(900, 900)
    assert VqaTask.of(data, "What?").key() == VqaTask.of(data, "What?", longest=768).key()
    assert VqaTask.of(data, "What?", longest=512).key() != VqaTask.of(data, "What?").key()


@pytest.mark.parametrize("longest", [63, 4097, 0, -1, 768.0, True, "768"])
def test_a_side_out_of_range_is_one_sentence(longest):
    with pytest.raises(BadInput, match="64 to 4096"):
        read_picture(page(9, 9), longest)
