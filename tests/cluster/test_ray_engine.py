"""Jobs on a real cluster of two nodes: nothing is lost, hardly anything is done twice, and a bad row stops nobody."""

import os
import signal
import time
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
import ray_nodes
import stub_work

from tts_playground.cluster import chunks, engine, places
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import ClusterJob
from tts_playground.core import Cost
from tts_playground.errors import BadInput, Cancelled, CannotDo

BATCH = 8


@pytest.fixture
def job(tmp_path):
    items = {f"k{number}": number for number in range(60)}
    return ClusterJob("squares", {"power": 2}, items, partial(stub_work.Squares, str(tmp_path / "log")), BATCH)


def watched(job, folder, on_report=None, **more):
    reports = []
    for report in engine.run(job, str(folder), ClusterOptions(), **more):
        reports.append(report)
        if on_report is not None:
            on_report(report)
    return reports


def rows(folder):
    return {one.key: one.row for one in chunks.merged(places.opened(str(folder)))[0]}


def right(job):
    return {key: {"square": n**2, "third": n / 3} for key, n in job.items.items()}


def repeated(job, log):
    return len(stub_work.said(log, "end")) - len({key for key, _ in stub_work.said(log, "end")})


def amid_a_batch(log):
    """A process that has begun a batch and is not about to hand it in; None where there is none."""
    ended = Counter(process for _, process in stub_work.said(log, "end"))
    return next((process for process, count in ended.items() if 0 < count % BATCH < BATCH - 2), None)


def test_workers_share_the_keys_and_their_costs_add_up(nodes, job, tmp_path):
    reports = watched(job, tmp_path / "chunks")
    last = reports[-1]
    assert (last.done, last.of, last.share, last.failed, last.deaths) == (60, 60, 1.0, (), 0)
    assert rows(tmp_path / "chunks") == right(job) and list(rows(tmp_path / "chunks")) == list(job.items)
    assert replace(last.cost, seconds=0.0) == Cost(60, sum(range(60)), 120) and last.cost.seconds > 0
    assert [one.done for one in reports] == sorted(one.done for one in reports) and len(last.workers) == 2
    assert sum(count for _, count in last.workers) == 60 and min(count for _, count in last.workers) > 10
    assert repeated(job, tmp_path / "log") == 0 and len({p for _, p in stub_work.said(tmp_path / "log", "end")}) == 2
    text = b"".join(file.read_bytes() for file in (tmp_path / "chunks").glob("*.parquet"))
    assert b"seconds" not in text  # times stand beside the rows


def test_a_worker_that_is_killed_loses_nothing(nodes, job, tmp_path):
    killed = []

    def kill(report):
        if report.done > 15 and not killed and (worker := amid_a_batch(tmp_path / "log")):
            killed.append(worker)
            os.kill(worker, signal.SIGKILL)

    last = watched(job, tmp_path / "chunks", kill)[-1]
    assert killed and last.deaths == 1 and last.done == 60 and rows(tmp_path / "chunks") == right(job)
    assert repeated(job, tmp_path / "log") < BATCH
    assert replace(last.cost, seconds=0.0) == Cost(60, sum(range(60)), 120)


@pytest.mark.parametrize("poison", ["die", "raise"])
def test_a_poisoned_row_does_not_kill_the_run(nodes, job, tmp_path, poison):
    items = {key: n for key, n in job.items.items() if n < 40}
    last = watched(replace(job, items={**items, "k30": poison}), tmp_path / "chunks")[-1]
    assert last.done == 39 and [one.key for one in last.failed] == ["k30"]
    assert "given up after several tries" in last.failed[0].why
    assert ("ZeroDivisionError: by this row" in last.failed[0].why) == (poison == "raise")
    wanted = {key: row for key, row in right(replace(job, items=items)).items() if key != "k30"}
    assert rows(tmp_path / "chunks") == {**wanted, "k30": None}


def test_a_row_that_cannot_be_made_is_said_and_tried_again_by_the_next_run(nodes, job, tmp_path):
    few = {key: "cannot" if key == "k3" else n for key, n in list(job.items.items())[:6]}
    last = watched(replace(job, items=few), tmp_path / "chunks")[-1]
    assert [(one.key, one.why) for one in last.failed] == [("k3", "it cannot be squared")]
    last = watched(replace(job, items={**few, "k3": 3}), tmp_path / "chunks")[-1]
    assert last.done == 6 and last.cost.samples == 1 and rows(tmp_path / "chunks")["k3"]["square"] == 9
    job = replace(job, facts={"power": 3})
    with pytest.raises(BadInput, match="power differ"):
        watched(job, tmp_path / "chunks")


def test_a_cancel_stops_all_workers_and_keeps_what_is_done(nodes, job, tmp_path):
    seen = []
    with pytest.raises(Cancelled):
        watched(job, tmp_path / "chunks", seen.append, cancel=lambda: bool(seen) and seen[-1].done >= 10)
    workers = {process for _, process in stub_work.said(tmp_path / "log", "end")}
    ends = time.monotonic() + 5
    while any(ray_nodes.alive(one) for one in workers) and time.monotonic() < ends:
        time.sleep(0.1)
    assert not any(ray_nodes.alive(one) for one in workers)
    assert len(chunks.read(places.opened(str(tmp_path / "chunks"))).rows) >= 10
    last = watched(job, tmp_path / "chunks")[-1]
    assert last.done == 60 and rows(tmp_path / "chunks") == right(job) and last.cost.samples <= 50
    assert repeated(job, tmp_path / "log") == 0


def test_a_model_that_is_not_there_ends_the_run_in_its_own_words(nodes, job, tmp_path):
    with pytest.raises(CannotDo, match="no such model on this worker"):
        watched(replace(job, load=stub_work.refuse), tmp_path / "chunks")


def test_a_node_that_is_removed_loses_nothing(nodes, job, tmp_path):
    job = replace(job, load=partial(stub_work.Squares, str(tmp_path / "log"), 0.03))
    (node,) = nodes.worker_nodes
    gone = []

    def remove(report):
        if report.done > 15 and not gone:
            gone.append(node)
            nodes.remove_node(node, allow_graceful=False)

    try:
        last = watched(job, tmp_path / "chunks", remove)[-1]
    finally:
        nodes.add_node(**ray_nodes.NODE)
    assert gone and last.deaths >= 1 and last.done == 60 and rows(tmp_path / "chunks") == right(job)
    assert repeated(job, tmp_path / "log") < BATCH
