"""Whatever somebody typed, a message about it is one short line that moves no terminal and breaks no JSON."""

import json

import pytest

from tts_playground.cli import main
from tts_playground.cli.output import emit, table
from tts_playground.errors import BadInput, UnknownName, clean, printable, shown
from tts_playground.ui.error_handling import said

NASTY = {
    "colour": "\x1b[31mred\x1b[0m",
    "title": "\x1b]0;owned\x07red",
    "open": "\x1b]0;owned red",
    "c1": "\x9b31mred",
    "bell": "red\x07\x08\x00",
    "lines": "red\r\nError: none\u2028red",
    "turned": "\u202edet\u202cred",
    "half": "red\ud800",
    "raw byte": "red\udcff",
    "huge": "r" * 5000 + "red",
}


@pytest.mark.parametrize("name", NASTY)
def test_messages_are_one_short_line(name):
    for error in (BadInput(f"There is no '{NASTY[name]}' here."), UnknownName("model", NASTY[name], ["tiny:vlm"])):
        sentence = str(error)
        assert "red" in sentence
        assert len(sentence) < 400
        assert sentence.isprintable()
        assert said(error).message.encode()


def test_long_names_are_shortened_in_the_middle_and_others_are_not():
    assert clean("a" * 100 + "b" * 100) == "a" * 100 + "b" * 100
    short = clean("x" + "a" * 5000 + "y")
    assert short[0] == "x" and short[-1] == "y" and "..." in short and len(short) <= 200
    words = "one word after another, " * 60
    assert clean(words) == words


def test_what_cannot_be_said_is_described():
    class Broken:
        def __str__(self):
            raise ValueError

    assert shown(Broken()) == "a value of Broken"
    assert shown(10**5000) == "a value of int"
    assert printable("two\nlines\t\x1b[1m.") == "two\nlines\t."


@pytest.mark.parametrize("name", NASTY)
def test_results_move_no_terminal_and_are_json(name, capsys):
    result = {"program": NASTY[name], "rows": [{NASTY[name]: (NASTY[name], 1.5, None)}]}
    emit(result, False, lambda told: print(told["program"]))
    assert printable(NASTY[name]) == capsys.readouterr().out[:-1]
    emit(result, True, print)
    out = capsys.readouterr().out
    assert json.dumps(json.loads(out), ensure_ascii=False).encode()
    table(NASTY[name], ["[bold]a", "b"], [[NASTY[name], "[/red] [x]"]])
    assert "\x1b" not in (shown_table := capsys.readouterr().out)
    assert "[/red] [x]" in shown_table


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("name", ["colour", "half", "lines", "huge", "turned"])
def test_the_command_line_says_what_was_wrong_in_a_line(name, as_json, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    for arguments in (["sketch", NASTY[name]], [NASTY[name]], ["score", NASTY[name], "a cat"]):
        with pytest.raises(SystemExit) as leaving:
            main([*arguments, *(["--json"] if as_json else [])])
        out, err = capsys.readouterr()
        assert leaving.value.code in (1, 2)
        assert err.count("\n") == 1 and err[:-1].isprintable() and len(err) < 1000
        assert not as_json or json.loads(out) == {"error": err[:-1]}


def test_a_file_that_cannot_be_written_is_said_in_a_line(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    picture = tmp_path / "disc.png"
    from tts_playground.dsl import render

    render("(Circle 3 8 8)").save(picture)
    with pytest.raises(SystemExit) as leaving:
        main(["render", "(Circle 3 8 8)", "--out", str(tmp_path / "file" / "a.png")])
    out, err = capsys.readouterr()
    assert (leaving.value.code, err.count("\n"), "Traceback" in out + err) == (1, 1, False)
