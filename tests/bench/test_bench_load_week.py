"""What a mixed crowd's numbers are made of; a crowd itself plays in ``tests/soak``."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tts_playground.bench import load, load_week


def test_memory_that_grows_by_a_megabyte_a_minute_is_sixty_an_hour():
    climbing = [(float(second), 500.0 + second / 60, 20) for second in range(0, 600, 2)]
    settled = [(float(second), 300.0 + min(second, 100), 20) for second in range(0, 600, 2)]
    assert load_week.slope(climbing)[0] == pytest.approx(60)
    assert np.abs(load_week.slope(settled)).max() < 1e-6
    assert load_week.slope(climbing[:2]) == (0.0, 0.0, 0.0)


def test_what_comes_and_goes_is_within_the_interval_of_a_slope():
    chance = np.random.default_rng(0)
    for hourly in (0.0, 200.0):
        turns = np.repeat(chance.normal(0, 20, 40), 30)  # of a minute each
        memory = [(2.0 * at, 500.0 + hourly * 2 * at / 3600 + float(turn), 20) for at, turn in enumerate(turns)]
        middle, least, most = load_week.slope(memory)
        assert least < middle < most and least < hourly < most and most - least < 400


@pytest.mark.parametrize(
    ("status", "words", "no"),
    [
        (429, '{"detail":"Your network has 60 requests waiting already: try again in about 2 seconds."}', True),
        (429, "", False),
        (500, "Internal Server Error, and nothing more to say", False),
    ],
)
def test_a_refusal_in_words_is_no_fault(status, words, no):
    found = load.refusal(status, words)
    assert isinstance(found, load.SaidNo) == no
    assert str(found) and (not words or words in str(found))


ENDED = """
import signal, time
from tts_playground.bench import load

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

load._up = lambda address, server: address
with load.started() as (_, process):
    print(process, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_no_app_stays_behind_a_bench_that_was_ended(how):
    with subprocess.Popen([sys.executable, "-c", ENDED], stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        app = int(bench.stdout.readline())
        os.kill(app, 0)  # it is there
        bench.send_signal(how)
        assert bench.wait(40) != 0
    with pytest.raises(ProcessLookupError):
        for _ in range(50):
            os.kill(app, 0)
            time.sleep(0.1)
