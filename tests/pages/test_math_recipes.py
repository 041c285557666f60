"""Recipes on a page: what may be typed, what is refused by name, and what is taken away."""

import json
from base64 import b64decode

import pytest
import yaml

from tts_playground.errors import BadInput, UnknownName
from tts_playground.experiments.recipes.reading import recipe_of_text
from tts_playground.experiments.recipes.recipe import PAGE_KEYS
from tts_playground.pages.math import recipe_runs
from tts_playground.pages.math.recipe_runs import RecipeRun, recipe_on_page


@pytest.mark.parametrize("name", recipe_runs.names())
def test_what_ships_can_be_run_from_the_page(name):
    text = recipe_runs.typed_text(name)
    found = recipe_on_page(text, 5)
    assert set(yaml.safe_load(text)) <= PAGE_KEYS and found.approach == name
    assert (found.model_path, found.prm_path, found.dataset_name) == ("tiny:math", "tiny:prm", "math-eval")
    assert found.num_samples == 5 and found.output_dir is None


def test_numbers_of_another_recipe_name_their_own(monkeypatch):
    was = recipe_on_page("n: 4\nseed: 3\n", 2)
    shown = RecipeRun(was, 2, 100, 0.0, b"{}\n", accuracy=object())
    assert recipe_runs.stale(shown, recipe_on_page("seed: 3 # the same\nn: 4\n", 2)) == ""
    assert recipe_runs.stale(RecipeRun(was), None) == recipe_runs.stale(None, was) == ""
    for now in (recipe_on_page("n: 8\nseed: 3\n", 2), recipe_on_page("n: 4\nseed: 3\n", 3), None):
        said = recipe_runs.stale(shown, now)
        assert "Recipe changed; these numbers are from best_of_n, n = 4, T = 0.8, seed 3, last, 2 problems" in said
        assert 'data-press="math-recipe-run"' in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        *((f"{key}: x", key) for key in ("model_path", "prm_path", "output_dir", "hub_dataset_id", "trust_code")),
        ("custom_chat_template: '{{ 7 * 7 }}'", "custom_chat_template"),
        ("dataset_name: /etc/passwd", "dataset_name"),
        ("n: 65", "n must lie between 1 and 64"),
        ("n: 0", "n"),
        ("max_tokens: 4096", "max_tokens must lie"),
        ("max_tokens: 100000", "max_tokens"),
        ("approach: dvts\nn: 6\nbeam_width: 4", "multiple of beam_width"),
        ("n: [1]", "plain value"),
        ("n: !!python/object/apply:os.system ['id']", "recipe"),
        ("n: 4\nn: 8", "twice"),
        ("- 4", "no keys"),
        ("n: " + "[" * 3000, "recipe"),
        ("#" * 5000, "at most 4,000 characters"),
        ("temperature: .nan", "temperature"),
    ],
)
def test_what_a_page_does_not_take_is_refused_by_name(text, says):
    with pytest.raises(BadInput, match=says) as error:
        recipe_on_page(text, 5)
    assert "\n" not in str(error.value)


def test_an_unknown_key_is_refused_with_the_near_miss():
    with pytest.raises(UnknownName, match="temperature"):
        recipe_on_page("temperatur: 1", 5)


@pytest.mark.parametrize("problems", [0, 21, 2.5, "many", None])
def test_a_page_runs_a_few_problems(problems):
    with pytest.raises(BadInput, match="problems"):
        recipe_on_page("n: 4", problems)


def test_a_recipe_needs_a_process_reward_and_takes_the_page_s():
    assert recipe_on_page("n: 4", 2, reward="prm:tiny:prm2").prm_path == "tiny:prm2"
    with pytest.raises(BadInput, match="process reward"):
        recipe_on_page("n: 4", 2, reward="")


def test_the_saved_recipe_is_the_one_that_ran():
    recipe = recipe_on_page("approach: dvts\nn: 8\ntemperature: 0.5", 3)
    told = json.loads(recipe_runs.download(RecipeRun(recipe), "yaml"))
    text = b64decode(told["href"].split(",")[1]).decode()
    assert told["name"] == "dvts-n8-t0.5-seed42.yaml" and recipe_of_text(text) == recipe
    assert told["name"] in recipe_runs.said_command(recipe)


def test_nothing_has_run_yet():
    with pytest.raises(BadInput, match="press Run"):
        recipe_runs.download(None, "rows")
    assert "stands here" in recipe_runs.table(None)
