"""``generate`` and ``vqa-curve`` on two nodes: the pools and results of one process; a bad prompt stops nobody."""

import json
from dataclasses import replace

import outside_plugins
import pytest
import stub_pools
from PIL import Image

from tts_playground.cli import main
from tts_playground.cluster import chunks, places
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.core import Cost
from tts_playground.errors import BadInput
from tts_playground.experiments import clustered_images
from tts_playground.store.plain_pools import to_plain
from tts_playground.store.store import Store

PROMPTS = ["a red cat", "a blue dog", "two apples"]
DRAW = ["--model=paintings", "--reward=brightness,0.5*brightness", "--n=20", "--seed=3"]
RAY = ["--engine=ray", "--workers=2"]


@pytest.fixture(autouse=True)
def plug_ins():
    outside_plugins.register()
    yield
    outside_plugins.unregister()


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    def call(home, *words):
        monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / home))
        with pytest.raises(SystemExit) as leaving:
            main([*map(str, words), "--json"])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return leaving.value.code, json.loads(out)

    return call


def kept(folder):
    """(pools of a store as plain values, what drawing them cost)."""
    with Store(folder / "store") as store:
        found = [to_plain(store.open(one.key)) for one in store.pools()]
    return {json.dumps(pool, sort_keys=True) for pool, _ in found}, sum((cost for _, cost in found), Cost())


def without_seconds(result):
    text = json.dumps(result)
    return json.loads(text, object_hook=lambda one: {key: one[key] for key in one if key != "seconds"})


def test_pools_of_many_workers_are_those_of_one_process(nodes, run, tmp_path):
    (tmp_path / "prompts.txt").write_text("\n".join([*PROMPTS, PROMPTS[0]]))
    words = ["generate", f"--prompts={tmp_path / 'prompts.txt'}", *DRAW]
    code, one = run("one", *words)
    assert code == 0
    code, many = run("many", *words, *RAY, f"--chunks={tmp_path / 'chunks'}")
    assert code == 0 and without_seconds(one) == without_seconds(many) and len(many["results"]) == 4
    (ours, cost), (peers, theirs) = kept(tmp_path / "many"), kept(tmp_path / "one")
    assert ours == peers and len(ours) == 3 and replace(cost, seconds=0.0) == replace(theirs, seconds=0.0)
    place = places.opened(str(tmp_path / "chunks"))
    done, _ = chunks.merged(place)
    assert len(done) == 6 and chunks.total(done) == Cost(samples=60, verifier_calls=120)  # blocks of 16 and 4
    # pools like any other: other verbs open them, and one process goes on from there without a draw
    code, listed = run("many", "pools", "list")
    assert code == 0 and [pool["samples"] for pool in listed["pools"]] == [20, 20, 20]
    code, _ = run("many", "pools", "curve", listed["pools"][0]["key"], "brightness-of-pixels")
    assert code in (0, 2)
    assert run("many", *words)[1] == many
    # further indices are further keys
    code, more = run("many", *words, "--n=40", "--engine=ray", "--workers=1", f"--chunks={tmp_path / 'chunks'}")
    assert code == 0 and len(more["results"][0]["samples"]) == 40
    assert more["results"][0]["samples"][:20] == many["results"][0]["samples"]


def test_curves_of_many_workers_are_those_of_one_process(nodes, run, tmp_path):
    rows = [{"image": f"{n}.png", "question": f"Is {n % 4} here?", "answers": ["yes"]} for n in range(7)]
    for n in range(7):
        Image.new("RGB", (40, 30), (20 * (n % 5), 90, 9)).save(tmp_path / f"{n}.png")
    rows[2]["image"] = "nowhere.png"
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    words = ["vqa-curve", f"--data={tmp_path / 'set.jsonl'}", "--model=guesses", "--n=6", "--seed=1"]
    (code, one), (again, many) = run("one", *words), run("many", *words, *RAY)
    assert code == again == 0 and without_seconds(one) == without_seconds(many)
    assert many["questions"] == 6 and len(many["skipped"]) == 1 and "oracle" in many["curves"]
    assert kept(tmp_path / "one")[0] == kept(tmp_path / "many")[0]


def test_a_deadly_prompt_stops_nobody(nodes, tmp_path):
    prompts, request = (
        ["deadly", *PROMPTS, "unspeakable"],
        clustered_images.ImageRequest("paintings", 4, 0, "brightness"),
    )
    found, options = clustered_images.GeneratedByMany(), ClusterOptions(workers=1, chunks=str(tmp_path / "chunks"))
    with Store(tmp_path / "store") as store:
        *_, last = clustered_images.run(prompts, request, options, store, found, load=stub_pools.DeadlyImages)
        assert last.done == 3 and sorted(found.results) == [1, 2, 3] and len(store.pools()) == 3
    assert found.failed[4] == "Nobody can draw this" and "given up after several tries" in found.failed[0]


def test_a_search_is_no_pool(run):
    code, said = run("one", "generate", "a cat", "--model=paintings", "--strategy=two-thirds", *RAY)
    assert code == 2 and "--engine ray" in said["error"]


def test_what_two_workers_drew_otherwise_is_refused(tmp_path):
    folder = places.opened(str(tmp_path))
    for name, mean in (("w0-a", 1), ("w1-b", 2)):
        writer = chunks.ChunkWriter(folder, name, {})
        writer.add(chunks.Done("k", {"mean": mean}))
        writer.flush()
    with pytest.raises(BadInput, match="stands in .* and, otherwise, in"):
        chunks.merged(folder, ["k"], rows=False)


def test_a_writer_begins_another_file_where_one_is_large(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "BYTES", 5000)
    folder = places.opened(str(tmp_path))
    writer = chunks.ChunkWriter(folder, "w0", {})
    for number in range(6):
        text = "".join(chr(97 + (number * 7 + i * i) % 26) for i in range(4000))
        writer.add(chunks.Done(f"k{number}", {"text": text}, Cost(samples=1, seconds=number / 8)))
        writer.flush()
    names = [name for name, _, _ in chunks.each(folder)]
    assert len(names) > 1 and len(chunks.read(folder).rows) == 6
    seconds = [one.cost.seconds for _, _, made in chunks.each(folder, times=True) for one in made]
    assert seconds == [number / 8 for number in range(6)]
    assert all(one.cost.seconds == 0 for one in chunks.read(folder).done.values())
