"""An audit on two nodes: the file of one process, byte for byte."""

import json

import pytest

from tts_playground.cli import main


@pytest.mark.parametrize("protocol", ["sampled", "exact"])
def test_rows_of_many_workers_are_those_of_one_process(nodes, protocol, capsys, tmp_path):
    found = []
    for name, more in (("one", ()), ("many", ("--engine=ray", "--workers=2"))):
        words = ["--model=scripted:loves-7", f"--protocol={protocol}", "--per-cond=2", "--samples=20", "--batch=2"]
        with pytest.raises(SystemExit):
            main(["audit", "run", *words, f"--out={tmp_path / name}", *more, "--json"])
        found.append(json.loads(capsys.readouterr().out))
    (one,), (many,) = ([*(tmp_path / name).glob("*.jsonl")] for name in ("one", "many"))
    assert one.name == many.name and one.read_bytes() == many.read_bytes()
    assert {**found[0], "files": 0} == {**found[1], "files": 0}
