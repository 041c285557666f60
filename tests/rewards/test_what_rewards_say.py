"""What a reward says is checked in one place, whoever asks it and whichever of several it is."""

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from tts_playground.core import Cost, Sample
from tts_playground.core.scores import as_reward, scores_of
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models import loading
from tts_playground.rewards.compose import Minimum
from tts_playground.store.store import Store
from tts_playground.tasks.scoring import score_picture
from tts_playground.tasks.sketch import sketch
from tts_playground.tasks.text_to_image import generate


@dataclass(frozen=True)
class Says:
    """Scores as it is told."""

    what: str = "fine"
    name = "says"
    revision = "1"
    unit_cost = Cost()

    def score(self, task, samples):
        few = len(samples) - 1
        return {
            "fine": np.arange(len(samples), dtype=np.float32),
            "short": [1.0] * few,
            "nan": [float("nan")] * len(samples),
            "words": ["a"] * len(samples),
            "none": None,
            "none each": [None] * len(samples),
        }[self.what]


class Nameless:
    """Scores, and says nothing else of itself."""

    def score(self, task, samples):
        return [0.0] * len(samples)


SENTENCES = {
    "short": "The reward 'says' gave 2 scores for 3 candidates",
    "nan": "gave nan as a score",
    "words": "a list of numbers is wanted",
    "none": "gave None, where a list of numbers",
    "none each": "a list of numbers is wanted",
}


@pytest.mark.parametrize("what", SENTENCES)
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("further", [False, True])
def test_the_first_and_every_further_reward_of_a_draw_is_checked(random_janus_folder, tmp_path, what, kept, further):
    loading.forget()
    rewards = ["sharpness", Says(what)] if further else [Says(what)]
    store = Store(tmp_path) if kept else None
    with pytest.raises(CannotDo, match=SENTENCES[what]):
        generate("a red apple", model=str(random_janus_folder), n=3, reward=rewards, store=store)


def test_numbers_of_numpy_become_pythons(random_janus_folder):
    loading.forget()
    found = generate("a red apple", model=str(random_janus_folder), n=3, reward=["sharpness", Says()])
    assert found.rewards["says"] == (0.0, 1.0, 2.0)
    assert all(type(score) is float for score in found.rewards["says"])


def test_parts_of_a_composition_and_rewards_of_a_given_picture_are_checked():
    with pytest.raises(CannotDo, match="gave 0 scores for 1 candidate"):
        scores_of(Minimum((Says(), Says("short"))), None, [Sample("x", 0)])
    with pytest.raises(CannotDo, match="a list of numbers is wanted"):
        score_picture(Image.new("RGB", (8, 8)), "a cat", [f"{__name__}:Wordy"])


class Wordy(Says):
    """Says words."""

    def __init__(self):
        super().__init__("words")


def test_what_lacks_a_part_of_a_reward_is_refused():
    for given in (Nameless(), f"{__name__}:Nameless"):
        with pytest.raises(BadInput, match="Nameless has no name and no revision and no unit_cost; see core.Reward"):
            generate("a red apple", reward=given)  # type: ignore[arg-type]
        with pytest.raises(BadInput, match="has no name"):
            sketch(np.eye(16, dtype=bool), reward=given)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="not 5; see core.Reward"):
        generate("a red apple", reward=["clip", 5])  # type: ignore[list-item]
    assert as_reward(Says()) == Says()
