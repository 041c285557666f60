"""Words that are no text, such as halves of characters, end in one sentence before any model reads them."""

import json

import numpy as np
import pytest

import tts_playground
from tts_playground import files
from tts_playground.cli import main
from tts_playground.errors import BadInput
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.models.endpoint.reply import replies_in
from tts_playground.models.endpoint.wire import _whole
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks.problem_sets import KnownProblem, Skipped, problems
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.tasks.scoring import score_picture
from tts_playground.tasks.solving import solve
from tts_playground.typed import checked_text

BLANK = np.full((8, 8), 255, np.uint8)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: tts_playground.generate("a\ud800b"), r"The prompt holds a character at place 2 .* \(U\+D800\)"),
        (lambda: tts_playground.answer(BLANK, "wh\udcff?"), r"The question holds a character at place 3"),
        (lambda: score_picture(BLANK, "\ud800"), "The prompt holds a character at place 1"),
        (lambda: solve("1+\udcff?"), "The problem holds a character at place 3"),
        (lambda: ReasoningTask("1+1?", system_prompt="\ud800"), "The system prompt holds"),
        (lambda: ReasoningTask("1+1?", earlier=(("user", "a"), ("user", "\ud800"))), "Turn 2 of what was said"),
        (lambda: AnswerSettings(template="{question}\ud800"), "The template holds"),
        (lambda: SolutionSettings(chat_template="\ud800"), "The chat template holds"),
        (lambda: Recipe(custom_chat_template="\ud800"), "The recipe's custom_chat_template holds"),
        (lambda: checked_text("It", "a\x00"), "place 2 that no text has"),
    ],
)
def test_no_words_with_halves_of_characters_reach_a_model(call, says):
    with pytest.raises(BadInput, match=says):
        call()


def test_a_row_of_a_set_with_half_a_character_is_reported_and_the_others_are_read(tmp_path):
    rows = [{"question": "what is \ud83d?", "answer": "1"}, {"question": "what is 1+2?", "answer": "3"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    broken, fine = problems(str(tmp_path / "rows.jsonl"))
    assert isinstance(broken, Skipped) and "holds a character at place 9" in broken.why
    assert isinstance(fine, KnownProblem) and fine.problem == "what is 1+2?"


@pytest.mark.parametrize("name", ["a\0b", "q\ud800"])
def test_a_folder_that_can_be_no_path_is_one_sentence(tmp_path, name):
    with pytest.raises(BadInput, match="The folder .* can be no path"):
        files.make_folder(tmp_path / name)


def test_halves_of_characters_in_a_reply_are_replaced():
    body = json.loads('{"choices": [{"message": {"content": "a\\ud800b"}, "finish_reason": "stop"}]}')
    (reply,) = replies_in(_whole(body))
    assert reply.text == "a\ufffdb" and reply.text.encode()


def test_an_undecodable_word_on_the_command_line_leaves_with_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["generate", "a\udcff apple", "--n", "1"])
    assert ended.value.code == 2
    assert "place 2 that no text has (U+DCFF)" in capsys.readouterr().err
