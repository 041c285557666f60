"""A mixed crowd in miniature, on the whole app: everything is answered, and what is dropped ends."""

import pytest

from tts_playground.bench import load_week

pytestmark = pytest.mark.timeout(900)


def test_a_crowd_of_two_is_answered(monkeypatch):
    monkeypatch.setattr(load_week, "CACHED", 0.5)
    found = load_week.run(users=2, minutes=0.2)
    rows = {row["what"].split(": ", 1)[1].removesuffix(" [contended]"): row["ours"] for row in found["rows"]}
    assert found["faults"] == [] and found["refused"] == {}
    assert rows["requests answered"] >= 2 and rows["errors and lost answers"] == 0
    assert rows["cached, p50"] > 0 and rows["threads at most"] > 0
