"""What the tab of answers says when a question is refused, and what a search over steps leaves to copy."""

from dataclasses import replace

from PIL import Image

from tts_playground.core import Sample
from tts_playground.errors import BadInput
from tts_playground.pages.vqa import sentences
from tts_playground.pages.vqa.page_state import VqaPageState
from tts_playground.pages.vqa.view_settings import VqaView
from tts_playground.tasks.vqa import VqaTask


def test_a_refusal_says_why_and_whose_answers_are_below():
    task = VqaTask.of(Image.new("RGB", (8, 8)), "which?", ())
    before = VqaPageState(VqaView("which?"), task, samples=(Sample("a", 0, 0),))
    why = BadInput("The question is empty; ask something about the picture.")
    assert sentences.not_asked(why, None) == "Not asked: the question is empty; ask something about the picture."
    assert sentences.not_asked(why, before).endswith("Below is the previous answer.")
    assert "below" not in sentences.not_asked(why, replace(before, samples=())).lower()
    assert sentences.not_asked(BadInput("GLM is not here."), None) == "Not asked: GLM is not here."
