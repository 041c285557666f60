"""Tables that the csv module cannot split are a sentence, in sets of questions and problems and in files of prompts."""

import pytest

from tts_playground.errors import BadInput
from tts_playground.tasks.problem_sets import problems
from tts_playground.tasks.prompt_files import read_prompts
from tts_playground.tasks.vqa_data import questions

LONE_RETURN = b"problem,answer\rprompt\n1,2\n"


@pytest.mark.parametrize("read", [problems, questions])
def test_a_lone_carriage_return_in_the_first_line(read, tmp_path):
    (tmp_path / "set.csv").write_bytes(LONE_RETURN)
    with pytest.raises(BadInput, match="first line of .* cannot be split into columns"):
        list(read(str(tmp_path / "set.csv")))


def test_a_cell_longer_than_any_prompt(tmp_path, monkeypatch):
    import csv

    before = csv.field_size_limit(131072)
    try:
        (tmp_path / "prompts.csv").write_text("prompt\n" + "x" * 200_000 + "\n")
        with pytest.raises(BadInput, match="cannot be split into columns"):
            read_prompts(tmp_path / "prompts.csv")
    finally:
        csv.field_size_limit(before)
