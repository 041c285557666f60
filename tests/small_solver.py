"""The models of a recipe for workers in other processes: a random text model, and a judge that needs none."""

import small_judges
import tiny_texts

from tts_playground.experiments.recipes import clustered
from tts_playground.models.lm.model import TextModel
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings


def load(recipe):
    """A random model in place of the recipe's."""
    model = TextModel(*tiny_texts.parts())
    settings = SolutionSettings(temperature=1.0, max_tokens=24, max_steps=3)
    sampler = LanguageModelSampler(Loaded("x", "lm", Options("cpu", "float32"), "0", model), settings)
    return clustered.RecipeMaker(recipe, sampler, small_judges.Halves())
