"""An audit on two nodes: the file of one process, byte for byte."""

import json

import pytest

from tts_playground.auditing import clustered, run
from tts_playground.auditing.settings import AuditSettings
from tts_playground.cli import main
from tts_playground.cluster import chunks, places
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import Done
from tts_playground.errors import CannotDo
from tts_playground.models.loading import Options


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


def test_a_picture_that_nobody_can_answer_costs_its_row_and_no_other(monkeypatch, tmp_path):
    settings = AuditSettings(per_cond=1)
    load = clustered.AuditLoader("scripted:loves-7", Options(), 2)
    *others, bad = settings.pictures()

    def work(job, folder, options, *, cancel):
        maker = job.load()
        place = places.opened(folder)
        chunks.begin(place, job)
        writer = chunks.ChunkWriter(place, "w0", maker.facts())
        for one in maker.run(iter([(key, picture) for key, picture in job.items.items() if key != bad.key]), bool):
            writer.add(one)
        writer.flush()
        chunks.write_failure(place, Done(bad.key, None, why="it was given up after several tries"), "given-up-w0")
        yield from ()

    monkeypatch.setattr(clustered.engine, "run", work)
    told = []
    with pytest.raises(CannotDo) as error:
        list(clustered.recorded(tmp_path, settings, load, ClusterOptions(), found=told.append))
    (file,) = tmp_path.glob("*.jsonl")
    assert f"1 picture could not be answered ({bad.key}: it was given up" in str(error.value) and not told
    assert f"the rows of the {len(others)} others are in {file}" in str(error.value)
    assert [row.picture.key for row in run.read(file)] == [picture.key for picture in others]
