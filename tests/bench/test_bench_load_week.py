"""A mixed crowd in miniature, on the whole app: everything is answered, and what is dropped ends."""

import pytest

from tts_playground.bench import load_week

pytestmark = pytest.mark.timeout(900)


def test_memory_that_grows_by_a_megabyte_a_minute_is_sixty_an_hour():
    climbing = [(float(second), 500.0 + second / 60, 20) for second in range(0, 600, 2)]
    settled = [(float(second), 300.0 + min(second, 100), 20) for second in range(0, 600, 2)]
    assert load_week.slope(climbing) == pytest.approx(60)
    assert abs(load_week.slope(settled)) < 1e-6
    assert load_week.slope(climbing[:2]) == 0.0


def test_a_crowd_of_two_is_answered(monkeypatch):
    monkeypatch.setattr(load_week, "CACHED", 0.5)
    found = load_week.run(users=2, minutes=0.2)
    rows = {row["what"].split(": ", 1)[1].removesuffix(" [contended]"): row["ours"] for row in found["rows"]}
    assert found["faults"] == [] and found["refused"] == {}
    assert rows["requests answered"] >= 2 and rows["errors and lost answers"] == 0
    assert rows["cached, p50"] > 0 and rows["threads at most"] > 0
