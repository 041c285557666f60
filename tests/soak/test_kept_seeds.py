"""What kept seeds of the fuzz found once is a result or a sentence now, and the fuzz itself sees what it looks for."""

import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from tests.soak import fuzz  # noqa: E402
from tts_playground.errors import BadInput  # noqa: E402


def test_what_they_found_is_found_no_more(tmp_path):
    runs = fuzz.kept()
    assert sum(run["count"] for run in runs) >= 100_000
    assert {*fuzz.KINDS} <= {kind for run in runs for kind in run["only"]}
    for run in runs:
        for one in run["finds"]:
            assert fuzz.tried(one["kind"], one["number"], run["seed"], tmp_path) == ""


def test_the_fuzz_sees_faults_hangs_and_empty_sentences(monkeypatch, tmp_path):
    def case(ends):
        def tried(chance, folder):
            ends()

        monkeypatch.setitem(fuzz.fuzz_kinds.CASES, "programs", tried)
        return fuzz.tried("programs", 0, 1, tmp_path)

    def refuse(words):
        raise BadInput(words)

    def spin():
        ends = time.process_time() + 0.3
        while time.process_time() < ends:
            pass

    assert case(lambda: None) == case(lambda: refuse("One sentence.")) == ""
    assert "its sentence is" in case(lambda: refuse("")) and "ZeroDivisionError" in case(lambda: 1 / 0)
    monkeypatch.setattr(fuzz, "LONGEST", 0.1)
    assert "it took 0." in case(spin)
    monkeypatch.setattr(fuzz, "WAITING", 0.2)
    assert "had not ended after 0.2 s" in case(lambda: time.sleep(30))


def test_the_fuzz_goes_on_where_an_input_ends_the_process(monkeypatch):
    def deadly(chance, folder):
        if chance.random() == random.Random("1 programs 2").random():
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(fuzz.fuzz_kinds, "CASES", {"programs": deadly})
    *found, grown = fuzz.finds(5, 1, ("programs",))
    assert (
        found == [fuzz.Find("programs", 2, "the process ended with -9")]
        and isinstance(grown, int)
        and grown < fuzz.GROWTH
    )
