"""Rewards that are typed: with a parameter, and composed; on the page, in links, and at the named endpoints."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from gradio_client import handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from tts_playground.errors import BadInput, UnknownName
from tts_playground.pages import menu
from tts_playground.pages.t2i import image_repository, render, reward_choice, strategy_comparison, view_settings
from tts_playground.pages.t2i.request_queue import DrawRequest
from tts_playground.tasks.image_rewards import share_weights

SUM, LEAST = "0.7*sharpness+0.3*colourfulness", "min(sharpness,colourfulness)"
FOREIGN = ["clip:/any/folder", "open_clip:ViT-H-14/laion2b_s32b_b79k", "aesthetic:/a/head.pth", "geneval:/a/detector"]
FOREIGN += ["pickscore:/a/folder", "vqascore:endpoint:llava@http://127.0.0.1:1/v1", "sharpness+0.5*clip:some/model"]


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("name", ["sharpness", SUM, LEAST, f"2*{LEAST}+sharpness"])
def test_registered_rewards_and_compositions_are_everybodys(image_model, name, local):
    assert reward_choice.chosen(f" {name} ", local) == name


@pytest.mark.parametrize("name", FOREIGN)
def test_a_parameter_is_for_who_is_local_or_as_the_operator_permits(image_model, name, monkeypatch):
    monkeypatch.delenv(menu.MODELS, raising=False)
    assert reward_choice.chosen(name, True) == name
    with pytest.raises(BadInput, match="Visitors of this server choose from"):
        reward_choice.chosen(name, False)
    whole = name.rpartition("*")[2]
    for permitted in (whole, whole.partition(":")[2]):
        monkeypatch.setenv(menu.MODELS, f"another/model,{permitted}")
        assert reward_choice.chosen(name, False) == name


@pytest.mark.parametrize("name", ["os:getcwd", "sharpness+os:getcwd", "tts_playground.rewards.baselines:Sharpness"])
def test_no_module_is_named_on_a_page(image_model, name):
    with pytest.raises(UnknownName):
        reward_choice.chosen(name, True)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sharpnes", "sharpness"),
        ("sharpness+", "at character 11"),
        ("max(sharpness,colourfulness)", "max"),
        ("sharpness,clip", "names 2 rewards"),
        ("p_yes", "not for pictures"),
        ("+".join(["sharpness"] * 9), "at most 8"),
        ("", "0 rewards"),
    ],
)
def test_what_is_wrong_is_one_sentence(image_model, name, says):
    with pytest.raises(BadInput, match=says) as caught:
        reward_choice.chosen(name, False)
    assert "\n" not in str(caught.value)
    assert reward_choice.known(name) is None


def test_a_reward_whose_weights_are_not_here_is_not_fetched_for_a_visitor(image_model):
    with pytest.raises(UnknownName, match="pickscore"):
        reward_choice.chosen("sharpness+pickscore", False)


def test_the_words_of_a_menu_stand_for_the_name(image_model):
    words, name = next(one for one in reward_choice.menu() if one[0] != one[1] or one[1] == "sharpness")
    assert reward_choice.chosen(words.upper(), False) == name


def test_a_composition_orders_the_gallery(view):
    composed = replace(view, reward="3*sharpness + 0.1234567*colourfulness", second=LEAST, seed=11)
    for _ in image_repository.serve(DrawRequest(composed, 4), lambda: False):
        pass
    look = image_repository.look(composed)
    assert image_repository.complete(look, 4)
    plain = image_repository.look(replace(composed, reward="sharpness", second="colourfulness"))
    assert not {composed.reward, LEAST} & set(plain.scores)  # nobody sees what others typed
    for _ in image_repository.serve(DrawRequest(plain.view, 4), lambda: False):
        pass
    sharp, colour = (image_repository.look(plain.view).scores[name] for name in ("sharpness", "colourfulness"))
    assert look.scores[composed.reward] == pytest.approx(
        [3 * a + 0.1234567 * b for a, b in zip(sharp, colour, strict=True)]
    )
    assert look.scores[LEAST] == tuple(map(min, zip(sharp, colour, strict=True)))
    assert composed.reward in render.picks(look) and len(render.gallery(look)) == 4


def test_a_link_carries_what_was_typed_and_old_links_open(view, monkeypatch):
    monkeypatch.delenv(menu.MODELS, raising=False)
    typed = replace(view, reward='aesthetic:"/a head, by hand.pth"', second=SUM)
    assert view_settings.coerce_view(dict(parse_qsl(view_settings.to_query(typed)))) == typed
    assert view_settings.coerce_view({"reward": "beauty"}).reward == view_settings.default_view().reward
    assert reward_choice.linked("clip:openai/clip-vit-base-patch32", False, "sharpness") == "sharpness"
    assert reward_choice.linked(SUM, False, "sharpness") == SUM
    with pytest.raises(BadInput, match="Visitors"):
        reward_choice.linked("clip:/secret", False, "sharpness")


def test_a_composition_cannot_judge_its_own_parts(view):
    assert share_weights(SUM, "sharpness") and not share_weights("2*sharpness", "colourfulness")
    with pytest.raises(BadInput, match="cannot judge"):
        next(strategy_comparison.run(view, SUM, ["parm"]))


def test_generate_takes_compositions(image_client):
    result = image_client.predict("a red apple", n=2, cfg=2, reward=f"{SUM}, sharpness", seed=5, api_name="/generate")
    scores = [sample["rewards"] for sample in result["samples"]]
    assert set(scores[0]) == {SUM, "sharpness"}
    assert scores[result["best"]][SUM] == max(one[SUM] for one in scores)


def test_score_takes_compositions(image_client, tmp_path):
    file = tmp_path / "red.png"
    Image.effect_noise((40, 40), 60).convert("RGB").save(file)
    one = image_client.predict(handle_file(file), "a red apple", f"sharpness,colourfulness,{SUM}", api_name="/score")
    found = one["rewards"]
    assert found[SUM] == pytest.approx(0.7 * found["sharpness"] + 0.3 * found["colourfulness"]) and found[SUM] > 0


WRONG = [
    ("clip:/nowhere", "Visitors of this server"),
    ("os:getcwd", "no reward called"),
    ("sharpness+", "character 11"),
]


@pytest.mark.parametrize(("name", "says"), [*WRONG, ("min(sharpness,)", "character 15")])
def test_an_endpoint_says_what_is_wrong(image_address, name, says, tmp_path):
    from gradio_client import Client

    visitor = Client(image_address, verbose=False, headers={"X-Real-IP": "10.0.0.7"})
    file = tmp_path / "red.png"
    Image.new("RGB", (40, 40), "red").save(file)
    for given in ({"file": handle_file(file), "api_name": "/score"}, {"n": 1, "api_name": "/generate"}):
        with pytest.raises(AppError) as caught:
            visitor.predict(prompt="a red apple", reward=name, **given)
        assert "Traceback" not in str(caught.value) and says in str(caught.value)


def test_the_menus_take_what_is_typed(image_client):
    parts = {part["props"].get("elem_id"): part["props"] for part in image_client.config["components"]}
    assert all(parts[one]["allow_custom_value"] for one in ("t2i-reward", "t2i-second", "t2i-judge"))
