"""The named endpoints, as a stranger calls them."""

import base64
import io

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tts_playground.dsl import parse, render

DISC = "(Circle 4 8 8)"


@pytest.fixture
def disc(tmp_path):
    file = tmp_path / "disc.png"
    render(DISC).save(file)
    return file


def test_sketch_returns_what_the_command_line_prints(client, disc):
    result = client.predict(handle_file(disc), n=8, seconds=20, api_name="/sketch")
    assert {"program", "iou", "seconds", "cost", "stopped"} <= set(result)
    assert str(parse(result["program"])) == DISC
    assert result["iou"] == 1.0
    assert result["cost"]["samples"] <= 8


def test_another_reward_may_guide(client, disc):
    result = client.predict(handle_file(disc), n=8, seconds=20, reward="iou", api_name="/sketch")
    assert str(parse(result["program"])) == DISC and result["iou"] == 1.0


def test_same_seed_same_program(client, disc):
    options = {"n": 4, "seed": 3, "strategy": "best-of-n", "seconds": 20}
    first, second = (client.predict(handle_file(disc), **options, api_name="/sketch") for _ in range(2))
    assert first["program"] == second["program"]
    assert first["cost"]["renders"] == second["cost"]["renders"]


def test_the_endpoints_and_their_options_are_documented_and_nothing_else(client):
    endpoints = client.view_api(return_format="dict")["named_endpoints"]
    assert {"/sketch", "/render"} <= set(endpoints)
    names = {
        name: [p["parameter_name"] for p in info["parameters"]]
        for name, info in endpoints.items()
        if name in ("/sketch", "/render")
    }
    options = ["file", "sampler", "strategy", "n", "temperature", "outline", "seconds", "seed", "reward"]
    options += ["invert", "crop", "closeness"]
    assert names == {"/sketch": options, "/render": ["program", "size", "mode"]}
    assert client.view_api(return_format="dict")["unnamed_endpoints"] == {}


def test_render_returns_picture_and_counts(client):
    result = client.predict("(Circle  4 8\n8)", 64, "exact", api_name="/render")
    assert (result["program"], result["size"]) == (DISC, 64)
    picture = Image.open(io.BytesIO(base64.b64decode(result["png"].partition(",")[2])))
    assert picture.size == (64, 64)
    assert (
        picture.convert("L").histogram()[0]
        == result["black"]
        == sum(render(DISC, 64, "exact").convert("1").histogram()[:1])
    )
    assert result["svg"].startswith("<svg") and "notes" not in result


def test_render_reads_a_related_spelling(client):
    result = client.predict("c(32,32,16)", 64, "exact", api_name="/render")
    assert result["program"] == DISC and "CSGNet" in result["notes"][0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("(Circle 4 8", 64, "exact"), "column"),
        (("(Circle 4 8 99)", 64, "exact"), "99"),
        ((DISC, 9, "exact"), "16"),
        ((DISC, 64.5, "exact"), "whole number"),
        ((DISC, 64, "fancy"), "fancy"),
        (("<img src=x onerror=alert(1)>", 64, "exact"), "&lt;"),
    ],
)
def test_bad_programs_get_one_sentence(client, arguments, sentence):
    with pytest.raises(AppError) as caught:
        client.predict(*arguments, api_name="/render")
    assert sentence in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strategy": "os:system"}, "no strategy"),
        ({"sampler": "refin"}, "no sampler"),
        ({"n": 0}, "between 1 and"),
        ({"n": 10**9}, "between 1 and"),
        ({"seconds": 1e9}, "between 0 and"),
        ({"outline": "maybe"}, "no outline"),
        ({"reward": "clip"}, "no reward"),
        ({"invert": "maybe"}, "no invert"),
    ],
)
def test_bad_options_get_one_sentence(client, disc, options, sentence):
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(disc), **options, api_name="/sketch")
    assert sentence in str(caught.value)


def _picture(tmp_path, name, size=(8, 8), **options):
    file = tmp_path / name
    Image.new("1", size, 1).save(file, **options)
    return file


def test_huge_pictures_and_strange_formats_are_refused_by_their_header(client, tmp_path):
    huge = _picture(tmp_path, "huge.png", (12000, 12000))
    assert huge.stat().st_size < 200_000
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    cut = tmp_path / "cut.png"
    cut.write_bytes(_picture(tmp_path, "whole.png", (900, 900)).read_bytes()[:90])
    for file, sentence in [
        (huge, "million pixels"),
        (_picture(tmp_path, "thin.png", (1, 65500)), "too thin"),
        (text, "PNG, JPEG, WEBP"),
        (_picture(tmp_path, "page.pdf"), "PNG, JPEG, WEBP"),
        (cut, "damaged"),
    ]:
        with pytest.raises(AppError) as caught:
            client.predict(handle_file(file), api_name="/sketch")
        assert sentence in str(caught.value), file.name


def test_a_blank_drawing_gives_the_empty_program_and_says_so(client, tmp_path):
    result = client.predict(handle_file(_picture(tmp_path, "blank.png", (64, 64))), api_name="/sketch")
    assert (result["program"], result["stopped"]) == ("", "blank")
