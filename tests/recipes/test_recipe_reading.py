"""Recipes are read safely: unknown keys by name, values by their key, strangers' YAML within bounds."""

from pathlib import Path

import pytest

from tts_playground.errors import BadInput, UnknownName
from tts_playground.experiments.recipes.reading import SHIPPED, overrides_of, recipe_of, recipe_of_text, shipped
from tts_playground.experiments.recipes.recipe import PUBLISHED_PROMPT, Recipe
from tts_playground.tasks.reasoning import SYSTEM_PROMPT

ROOT = Path(__file__).parents[2]
PUBLISHED = {
    "best_of_n": {"approach": "best_of_n", "n": 4, "search_batch_size": 25, "sort_completed": True,
                  "filter_duplicates": True, "num_samples": 10, "seed": 0},
    "beam_search": {"approach": "beam_search", "n": 4, "search_batch_size": 1, "filter_duplicates": True,
                    "num_samples": 10, "seed": 0},
    "dvts": {"approach": "dvts", "n": 4, "search_batch_size": 25, "num_samples": 10, "seed": 0},
}  # fmt: skip
"""keys and values of the recipes of search-and-learn for Llama-3.2-1B-Instruct"""
SINCE_PUBLISHED = {"n": 4, "temperature": 0.8, "top_p": 1.0, "prm_batch_size": 4, "search_batch_size": 25, "seed": 42,
                   "max_tokens": 2048, "agg_strategy": "last", "beam_width": 4, "num_iterations": 40, "lookahead": 0,
                   "filter_duplicates": False, "sort_completed": False, "gpu_memory_utilization": 0.5,
                   "dataset_name": "HuggingFaceH4/MATH-500", "dataset_split": "test", "push_to_hub": False,
                   "model_path": "meta-llama/Llama-3.2-1B-Instruct", "apply_voting": True,
                   "prm_path": "RLHFlow/Llama3.1-8B-PRM-Deepseek-Data"}  # fmt: skip


def test_the_root_holds_what_ships():
    named = {path.relative_to(SHIPPED): path.read_text() for path in SHIPPED.rglob("*.yaml")}
    here = ROOT / "recipes"
    assert named == {path.relative_to(here): path.read_text() for path in here.rglob("*.yaml")}
    assert len(named) == len(shipped()) == 8


@pytest.mark.parametrize("name", ["best_of_n", "beam_search", "dvts", "rebase", "mcts"])
def test_a_tiny_recipe_runs_the_embedded_models(name):
    recipe = recipe_of(f"tiny-math/{name}")
    assert (recipe.approach, recipe.model_path, recipe.prm_path) == (name, "tiny:math", "tiny:prm")
    assert recipe.dataset_name == "math-eval" and recipe.prompt == SYSTEM_PROMPT and recipe.folder == "data/tiny-math"
    assert recipe_of(str(ROOT / "recipes" / "tiny-math" / f"{name}.yaml")) == recipe


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_recipes_of_llama_are_those_published(name):
    recipe = recipe_of(f"Llama-3.2-1B-Instruct/{name}")
    assert recipe == Recipe(**PUBLISHED[name]) and recipe.prompt == PUBLISHED_PROMPT
    assert {key: getattr(recipe, key) for key in SINCE_PUBLISHED if key not in PUBLISHED[name]} == {
        key: value for key, value in SINCE_PUBLISHED.items() if key not in PUBLISHED[name]
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("beam_widht: 3", "did you mean 'beam_width'"),
        ("n: 0", "n must be 1 to 1024, not 0"),
        ("n: yes", "n must be a whole number"),
        ("n: [1]", "n must be a plain value"),
        ("n: {a: 1}", "n must be a plain value"),
        ("n: 1\nn: 2", "the key n twice"),
        ("n: 1.5", "n must be a whole number"),
        ("n: .nan", "n must be a whole number"),
        ("n:", "n must be a whole number, not None"),
        ("temperature: 7", "temperature must be"),
        ("approach: dvt", "best_of_n, beam_search, dvts"),
        ("approach: dvts\nn: 6", "multiple of beam_width"),
        ("agg_strategy: max", "last, min, prod, mean"),
        ("apply_voting: maybe", "True or False"),
        ("dataset_start: 5\ndataset_end: 5", "more than dataset_start"),
        ("model_path: ''", "model_path is empty"),
        ("model_path:", "model_path must be a text"),
        ("custom_chat_template: " + "x" * 20_001, "longer than"),
        ("- n", "holds no keys"),
        ("a: b: c", "no YAML, line 1"),
        ("n: !!python/object/apply:os.getcwd []", "plain value"),
        ("output_dir: !!python/name:os.getcwd ''", "no YAML"),
        ("? [n]\n: 1", "a list or an object"),
        ("[" * 30_000, "no YAML"),
        ("n: " + "9" * 5000, "no YAML"),
        ("a: &a [x]\nb: *a", "plain value"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(text, says):
    with pytest.raises(BadInput) as caught:
        recipe_of_text(text, "x.yaml")
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_values_are_read_by_their_key():
    recipe = recipe_of_text("temperature: 1e-1\nn: '16'\noutput_dir: 2024\nsystem_prompt: none\nnum_samples: none")
    assert (recipe.temperature, recipe.n, recipe.output_dir) == (0.1, 16, "2024")
    assert recipe.system_prompt is None and recipe.num_samples is None
    assert recipe_of_text("") == Recipe()


@pytest.mark.parametrize("word", ["007", "on", "2024_11", "1.10", "2024-01-02", "1e3"])
def test_a_text_stands_as_it_was_written(word):
    found = recipe_of_text(f"output_dir: {word}\ndataset_config: {word}\n")
    assert found.output_dir == found.dataset_config == word


def test_any_key_is_an_option():
    found = overrides_of(["--n=16", "--model_path", "a/b", "--push-to-hub", "--system_prompt=a=b", "--seed", "3"])
    recipe = recipe_of("tiny-math/dvts", found)
    assert (recipe.n, recipe.model_path, recipe.seed, recipe.push_to_hub) == (16, "a/b", 3, True)
    assert recipe.system_prompt == "a=b" and recipe.prompt == "a=b"
    assert recipe_of("tiny-math/dvts", {"num_samples": "None"}).num_samples is None


@pytest.mark.parametrize("words", [["n=3"], ["--n=3", "--n=4"], ["--"], ["--n", "3", "4"]])
def test_words_that_are_no_keys_are_refused(words):
    with pytest.raises(BadInput):
        overrides_of(words)


@pytest.mark.parametrize("words", [["--n"], ["--n", "--seed=1"], ["--push_to_hub", "--system-prompt"]])
def test_a_key_without_its_value_is_named(words):
    with pytest.raises(BadInput, match="The key (n|system_prompt) has no value; write --(n|system_prompt)=VALUE"):
        overrides_of(words)


@pytest.mark.parametrize("name", ["tiny-math/dvts", "tiny-math/dvts.yaml", "recipes/tiny-math/dvts.yaml"])
def test_what_ships_is_found_by_its_name_at_the_root_from_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert recipe_of(name).approach == "dvts"


def test_keys_that_there_are_not_are_refused_as_options():
    with pytest.raises(UnknownName, match="'prm_path'"):
        recipe_of("tiny-math/dvts", {"prm_pth": "x"})


@pytest.mark.parametrize("name", ["tiny-math/dvt", "nowhere", "nowhere.yaml", ".", ""])
def test_a_recipe_that_is_not_there(name):
    with pytest.raises(BadInput):
        recipe_of(name)


def test_a_large_or_binary_file_is_refused(tmp_path):
    for data in (b"#" * (1 << 16) + b"\n", b"\xff\xfe\x00n"):
        (tmp_path / "x.yaml").write_bytes(data)
        with pytest.raises(BadInput):
            recipe_of(str(tmp_path / "x.yaml"))


@pytest.mark.parametrize(
    "key", ["output_dir", "model_path", "prm_path", "hub_dataset_id", "push_to_hub", "custom_chat_template", "device"]
)
def test_a_page_takes_keys_of_sampling_and_strategy_alone(key):
    assert recipe_of_text("n: 8\napproach: dvts", page=True).n == 8
    with pytest.raises(BadInput, match=f"no {key} in a recipe"):
        recipe_of_text(f"n: 8\n{key}: x", page=True)


@pytest.mark.parametrize(("text", "says"), [("n: 1:30", "1:30"), ("temperature: 1:30.5", "1:30.5")])
def test_a_time_of_day_is_no_number(text, says):
    """YAML 1.1 reads 1:30 as 90."""
    with pytest.raises(BadInput, match=says):
        recipe_of_text(text)


def test_a_number_with_a_zero_before_it_is_what_it_says():
    assert recipe_of_text("n: 010").n == 10  # YAML 1.1 reads 8


def test_a_key_in_capitals_is_a_near_miss():
    with pytest.raises(UnknownName, match="did you mean 'n'"):
        recipe_of_text("N: 4")
