"""How scripts end: their work done, an error's sentence and its code, and a programmer's error as it is."""

import json

import pytest

from tts_playground import cli
from tts_playground.errors import BadInput, StoreError, exit_code


def test_a_script_ends_with_the_code_of_its_error_and_one_sentence(capsys):
    def fails(error):
        def work():
            raise error

        return exit_code(work)

    assert exit_code(lambda: None) == 0 and capsys.readouterr() == ("", "")
    assert fails(BadInput("No such part.")) == 2 and capsys.readouterr() == ("", "No such part.\n")
    assert fails(StoreError("The disk is full.")) == 1 and capsys.readouterr() == ("", "The disk is full.\n")
    with pytest.raises(ZeroDivisionError):
        fails(ZeroDivisionError())


@pytest.mark.parametrize("words", [("recipe", "tiny-math/mcts"), ("solve", "what is 2 + 3?"), ("pools", "list")])
def test_ctrl_c_ends_every_verb_with_one_sentence_and_code_1(words, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tts_playground.experiments.recipes.reading.recipe_of", interrupted)
    monkeypatch.setattr("tts_playground.tasks.solving.solve", interrupted)
    monkeypatch.setattr("tts_playground.store.store.Store.pools", interrupted)
    for more in ((), ("--json",)):
        with pytest.raises(SystemExit) as left:
            cli.main([*words, *more])
        out, err = capsys.readouterr()
        assert left.value.code == 1 and err == "Stopped.\n"
        assert json.loads(out) == {"error": "Stopped."} if more else out == ""
