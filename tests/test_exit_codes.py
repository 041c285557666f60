"""How scripts end: their work done, an error's sentence and its code, and a programmer's error as it is."""

import pytest

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
