"""Rows on the hub: published names, pushes that are refused and tried again, skips, and chunks joined from there."""

import io
import json
from dataclasses import replace

import hub_server
import huggingface_hub
import pyarrow.parquet
import pytest
from small_judges import Halves

from tts_playground.cli import main
from tts_playground.errors import BadInput, CannotDo
from tts_playground.experiments.recipes import hub, merging
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.run import run

NAME = "somebody/chunks"
PREFIX = "HuggingFaceH4_MATH-500--T-0.8--top_p-1.0--n-4"


@pytest.fixture
def server(monkeypatch):
    with hub_server.running() as (there, address):
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(hub, "_sleep", lambda seconds: waits.append(seconds))
        waits = there.waits = []
        yield there


@pytest.fixture
def pushed(seven):
    return replace(seven, push_to_hub=True, hub_dataset_id=NAME)


def last_of(recipe, sampler):
    *_, last = run(recipe, sampler=sampler, reward=Halves())
    return last


def rows_at(repository, revision, path="data/train-00000-of-00001.parquet"):
    return pyarrow.parquet.read_table(io.BytesIO(repository.tree(revision)[path])).to_pylist()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, f"{PREFIX}--seed-42--agg_strategy-last"),
        ({"seed": 0, "dataset_start": 50, "dataset_end": 100}, f"{PREFIX}--seed-0--agg_strategy-last--chunk-50_100"),
        ({"approach": "dvts"}, f"{PREFIX}--m-4--iters-40--look-0--seed-42--agg_strategy--last"),
        (
            {"approach": "beam_search", "lookahead": 1, "agg_strategy": "prod"},
            f"{PREFIX}--m-4--iters-40--look-1--seed-42--agg_strategy--prod",
        ),
        ({"dataset_name": "/data/my set.jsonl"}, f"{'data_my_set.jsonl'}{PREFIX[22:]}--seed-42--agg_strategy-last"),
    ],
)
def test_revisions_have_their_published_names(changed, name):
    assert hub.revision_of(Recipe(**changed)) == name


def test_a_run_is_a_revision_from_the_first_commit_and_is_not_drawn_twice(pushed, random_solver, server):
    last = last_of(pushed, random_solver)
    revision = hub.revision_of(pushed)
    assert last.note == f"Pushed to {NAME}, revision {revision}"
    repository = server.repositories[NAME]
    assert repository.private is False
    assert set(repository.tree("main")) == {".gitattributes"}
    assert [repository.commits[one][1] for one in repository.log(revision)] == [f"Add {revision}", "initial commit"]
    rows = rows_at(repository, revision)
    assert len(rows) == 7 and rows[3]["completions"] and rows[3]["scores"]
    again = list(run(pushed, sampler=None, reward=Halves()))  # no model is loaded for it
    assert len(again) == 1 and "already" in again[0].note
    overwritten = last_of(replace(pushed, overwrite_hub_revision=True), random_solver)
    assert "Pushed" in overwritten.note and len(list(repository.log(revision))) == 3


def test_a_revision_that_a_cut_off_push_left_empty_is_filled(pushed, random_solver, server):
    hub.make(NAME, True, hub.client())
    repository = server.repositories[NAME]
    repository.branches[hub.revision_of(pushed)] = repository.branches["main"]
    assert repository.private
    assert "Pushed" in last_of(pushed, random_solver).note


def test_a_refused_push_is_tried_again_ever_more_slowly(pushed, random_solver, server):
    server.refusals += [("/commit/", 412), ("/commit/", 429), ("/branch/", 500), ("/commit/", 503)]
    assert "Pushed" in last_of(pushed, random_solver).note and not server.refusals
    waits = [wait for wait in server.waits if wait]
    assert len(waits) >= 3 and waits[-1] > waits[0]
    assert len(rows_at(server.repositories[NAME], hub.revision_of(pushed))) == 7


@pytest.mark.parametrize(("status", "says"), [(403, "log in"), (400, "it answers 400"), (503, "it answers 503")])
def test_what_the_hub_never_takes_is_one_sentence(pushed, random_solver, server, status, says):
    server.refusals += [("/commit/", status)] * 60
    with pytest.raises(CannotDo, match=says):
        last_of(pushed, random_solver)
    assert len(server.waits) == (hub.TRIES - 1 if status == 503 else 0)


def test_without_a_network_nothing_is_drawn(pushed, random_solver, server, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CannotDo, match="HF_HUB_OFFLINE"):
        last_of(pushed, random_solver)


def test_the_default_data_set_is_the_published_one(seven, server):
    named = replace(seven, model_path="meta-llama/Llama-3.2-1B-Instruct", approach="dvts", n=4)
    assert hub.dataset_of(named, hub.client()) == "somebody/Llama-3.2-1B-Instruct-dvts-prm-completions"


def push_chunks(recipe, sampler, spans=((0, 3), (3, 5), (5, 7))):
    for start, end in spans:
        last_of(replace(recipe, dataset_start=start, dataset_end=end), sampler)


def merge(capsys, *words):
    with pytest.raises(SystemExit) as leaving:
        main(["merge", f"--dataset_name={NAME}", *words, "--json"])
    return leaving.value.code, json.loads(capsys.readouterr().out)


def test_chunks_are_joined_into_a_config(pushed, random_solver, server, capsys):
    push_chunks(pushed, random_solver)
    push_chunks(replace(pushed, seed=1, output_dir=f"{pushed.folder}1"), random_solver)
    code, told = merge(capsys)
    assert code == 2 and "2 runs" in told["error"]
    server.refusals.append(("/commit/main", 412))
    for seed in ("0", "1"):
        code, told = merge(capsys, "--filter_strings", "last", "T-0.8", f"seed-{seed}")
        config = hub.revision_of(replace(pushed, seed=int(seed)))
        assert code == 0 and told["merged"][0]["name"] == config and told["merged"][0]["rows"] == 7
    repository = server.repositories[NAME]
    rows = rows_at(repository, "main", f"{config}/train-00000-of-00001.parquet")
    assert [one["unique_id"] for one in rows] == [f"row-{n}" for n in range(7)]
    card = repository.tree("main")["README.md"].decode()
    assert card.count("config_name:") == 2


def test_joined_from_the_hub_are_the_rows_of_one_run(pushed, random_solver, server, capsys, tmp_path):
    push_chunks(pushed, random_solver)
    one = replace(pushed, push_to_hub=False, output_dir=str(tmp_path / "one"))
    last = last_of(one, random_solver)
    code, _ = merge(capsys, f"--out={tmp_path / 'joined.jsonl'}")
    assert code == 0 and (tmp_path / "joined.jsonl").read_bytes() == last.file.read_bytes()


def test_gaps_on_the_hub_are_refused(pushed, random_solver, server, capsys):
    push_chunks(pushed, random_solver, ((0, 3), (5, 7)))
    code, told = merge(capsys)
    assert code == 2 and "Problems 3 to 4 are in no chunk" in told["error"]
    code, told = merge(capsys, "--filter_strings", "seed-9")
    assert code == 2 and "no revision that holds seed-9" in told["error"]


def test_the_datasets_library_reads_what_was_pushed(pushed, random_solver, server, tmp_path):
    import os
    import subprocess
    import sys

    push_chunks(pushed, random_solver)
    merging.push(NAME, merging.of_hub(NAME))
    code = (
        "import sys, datasets\n"
        f"one = datasets.load_dataset('{NAME}', revision=sys.argv[1], split='train')\n"
        f"all = datasets.load_dataset('{NAME}', sys.argv[2], split='train')\n"
        "print(len(one), len(all), all[6]['unique_id'])"
    )
    chunk = replace(pushed, dataset_start=3, dataset_end=5)
    own = {"HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    words = [sys.executable, "-c", code, hub.revision_of(chunk), hub.revision_of(pushed)]
    done = subprocess.run(words, env=os.environ | own, capture_output=True, text=True)
    assert done.stdout.split() == ["2", "7", "row-6"], done.stderr[-2000:]


def test_names_that_can_be_no_data_set(seven):
    for name in ("x", "a/b/c", "a b/c", "../x"):
        with pytest.raises(BadInput):
            hub.dataset_of(replace(seven, hub_dataset_id=name), None)
