"""The window of ``bench cluster`` by hand, and its simulation against what a book of calls can carry."""

import pytest

from tts_playground.bench import cluster


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(cluster.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(cluster, "_cpu_seconds", lambda: (now[0] / 2, now[0] / 10))
    return now


def reports(clock, *steps):
    for at, done, is_open in steps:
        clock[0] = at
        yield done, is_open


def test_a_window_lies_between_two_rows(clock):
    steps = [(1, 3, False), (2, 8, True), (3, 8, True), (5, 10, True), (6, 14, True), (9, 14, True), (10, 15, False)]
    found = cluster.steady(reports(clock, *steps), 60.0)
    assert (found.rows, found.seconds, found.cpu) == (6, 4, 2) and found.around == pytest.approx(0.4)
    assert found.rate == 1.5 and found.cpu_a_row == pytest.approx(1 / 3)


def test_a_window_ends_in_time(clock):
    found = cluster.steady(reports(clock, *((at, at, True) for at in range(100))), 10.0)
    assert found.rows == 11
    for never in ([(at, 0, False) for at in range(100)], []):
        clock[0] = 0.0
        found = cluster.steady(reports(clock, *never), 10.0)
        assert (found.rows, found.rate, found.cpu_a_row) == (0, 0.0, 0.0) and clock[0] < 30


@pytest.mark.parametrize(("workers", "call"), [(1, 1e-3), (8, 1e-3), (8, 0.5)])
def test_simulated_workers_never_do_more_than_they_or_the_book_can(workers, call):
    rate, most = cluster.simulated(workers, call, keys_each=10)
    assert most == workers * cluster.BATCH and 0 < rate <= most
    assert rate <= 2 * cluster.BATCH / call  # a call hands out no more keys than a worker may hold
    assert (rate > 0.8 * most) == (call < 0.1)
