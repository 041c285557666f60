"""A random model and a set of problems."""

import json

import pytest
import tiny_texts

from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.models.lm.model import TextModel
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings


@pytest.fixture(scope="session")
def random_solver():
    model = TextModel(*tiny_texts.parts())
    settings = SolutionSettings(temperature=1.0, max_tokens=20, max_steps=3)
    return LanguageModelSampler(Loaded("x", "lm", Options("cpu", "float32"), "0", model), settings)


@pytest.fixture
def seven(tmp_path):
    """A recipe over seven problems."""
    rows = [{"problem": f"what is {n} and three?", "answer": str(n + 3), "level": 1 + n % 5} for n in range(7)]
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    data = str(tmp_path / "set.jsonl")
    return Recipe(dataset_name=data, output_dir=str(tmp_path / "out"), n=2, seed=0, system_prompt="add")
