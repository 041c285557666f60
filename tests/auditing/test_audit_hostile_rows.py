"""A row of an audit that makes no sense is one sentence that names its line and its field."""

import json

import pytest

from tts_playground import home
from tts_playground.auditing import run
from tts_playground.errors import BadInput

GOOD = [json.loads(line) for line in (home.STARTERS / "audit.jsonl").read_text().splitlines()][-1]
CHANGES = [
    ({"seed": None}, "its seed is 'None'"),
    ({"n": True}, "its n is 'True'"),
    ({"layout": 2**70}, "its layout is"),
    ({"answers": None}, "its answers are of type NoneType"),
    ({"answers": "0123456789"}, "its answers are of type str"),
    ({"answers": [[1]] * 10}, "its answers hold"),
    ({"answers": [float("nan")] * 10}, "its answers hold nan"),
    ({"unreadable": float("inf")}, "its unreadable hold inf"),
    ({"examples": 3}, "its examples are of type int"),
    ({"cells": None}, "its cells are of type NoneType"),
    ({"cells": [3]}, "a cell is no object"),
    ({"cells": [{**GOOD["cells"][0], "zzz": 1}]}, "unknown field 'zzz'"),
]


@pytest.mark.parametrize(("change", "why"), CHANGES)
def test_a_wrong_field_is_named_with_its_line(tmp_path, change, why):
    file = tmp_path / "audit.jsonl"
    file.write_text(json.dumps(GOOD) + "\n" + json.dumps({**GOOD, **change}) + "\n")
    with pytest.raises(BadInput, match="^Line 2 of ") as caught:
        run.read(file)
    assert why in str(caught.value)


def test_rows_of_another_program_are_named_with_their_fields(tmp_path):
    file = tmp_path / "audit.jsonl"
    file.write_text(json.dumps({"image": "a.png", "condition": "sym", "counts": {"1": 5}}) + "\n")
    with pytest.raises(BadInput, match="its fields are condition, counts, image"):
        run.read(file)


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    from tts_playground.cli import audit

    file = tmp_path / "audit.jsonl"
    file.write_text("\n")
    with pytest.raises(BadInput, match=r"audit\.jsonl is empty"):
        audit.analyze(file)
