"""What writes until it is killed, and says what it has written; and what looks afterwards whether all of it is there.

A writer is `writer(folder, life, say)`: it writes for ever and calls `say` with each thing that a caller was told is
written. A check is `check(folder, said)`, with all that was said in all lives.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import tiny_texts
import torch
from store_worker import Brightness, NoiseSampler

from tts_playground import files, journal
from tts_playground.cluster import chunks, places
from tts_playground.cluster.work import Done
from tts_playground.core import Cost, Sample
from tts_playground.experiments.recipes.recipe import Recipe
from tts_playground.experiments.recipes.rows import known_ids
from tts_playground.experiments.recipes.run import run
from tts_playground.models.lm.model import TextModel
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.store import parquet, starters
from tts_playground.store.rows import decode
from tts_playground.store.store import Store
from tts_playground.testing import TextTask

TASK = TextTask("noise")


def noise(key):
    """128 digits that cannot be packed much."""
    return hashlib.sha512(str(key).encode()).hexdigest()


class Numbers:
    """A text that is made from its index and does not get shorter by packing."""

    def fingerprint(self):
        return {"sampler": "numbers"}

    def draw(self, task, indices, *, seed=0):
        for index in indices:
            yield Sample(noise(index), index, seed)


# ---------------------------------------------------------------------------------------------- pools and scores


def pools(folder, life, say):
    """Draws one seed after the other."""
    with Store(folder / "store") as store:
        pool = store.pool(TASK, NoiseSampler())
        for seed in itertools.count(life * 1000):
            for sample in pool.stream(40, seed=seed):
                say((seed, sample.index))


def pools_hold(folder, said):
    with Store(folder / "store") as store:
        with store.database.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        rows = store.pool(TASK, NoiseSampler()).rows(seed=None)
        assert set(said) <= {(row.seed, row.index) for row in rows}
        for row in rows:
            (again,) = NoiseSampler().draw(TASK, [row.index], seed=row.seed)
            assert decode(row).content.tobytes() == again.content.tobytes()


def scores(folder, life, say):
    """Scores the same pictures a few at a time."""
    with Store(folder / "store") as store:
        pool = store.pool(TASK, NoiseSampler())
        for seed in itertools.count(life * 1000):
            pool.draw(24, seed=seed)
            for n in range(2, 25, 2):
                values = pool.score(Brightness(), n, seed=seed, batch=1)
                say((seed, n, values[n - 1]))


def scores_hold(folder, said):
    pools_hold(folder, [(seed, n - 1) for seed, n, _ in said])
    with Store(folder / "store") as store:
        values = store.pool(TASK, NoiseSampler()).values("brightness", "1")
        assert all(values[seed, n - 1] == value for seed, n, value in said)
        assert all(values[seed, index] for seed, n, _ in said for index in range(n))


# ------------------------------------------------------------------------------------------------- whole files


def exports(folder, life, say):
    """Writes a pool over itself, ten rows longer each time."""
    file = folder / "pool.parquet"
    start = len(parquet.read(file)[0]) if file.exists() else 300
    pool = starters.draw(TextTask("exports"), Numbers(), [], start + 400)
    for rows in range(start, start + 400, 10):
        parquet.write([_Beginning(pool, rows)], file)
        say(rows)


class _Beginning:
    """The first rows of a pool."""

    def __init__(self, pool, rows):
        self.pool, self.most = pool, rows

    def rows(self, *, seed=0):
        return self.pool.rows(seed=seed, below=self.most)

    def __getattr__(self, name):
        return getattr(self.pool, name)


def exports_hold(folder, said):
    assert {path.name for path in folder.iterdir() if not path.name.startswith(files.PREFIX)} <= {"pool.parquet"}
    if said or (folder / "pool.parquet").exists():
        (pool,) = parquet.read(folder / "pool.parquet")
        assert len(pool) >= max(said, default=300)
        assert [one.content for one in pool.samples()] == [noise(index) for index in range(len(pool))]


# ---------------------------------------------------------------------------------------------- files that grow


def journals(folder, life, say):
    """Adds rows to a file of lines, as recipes, audits and self-search do."""
    file = folder / "rows.jsonl"
    with journal.growing(file) as append:
        for number in itertools.count(len(journal.read(file))):
            append([{"number": number, "text": "long " * (number % 997)}])
            say(number)


def journals_hold(folder, said):
    if said or (folder / "rows.jsonl").exists():
        numbers = [row["number"] for row in journal.read(folder / "rows.jsonl")]
        assert numbers == list(range(len(numbers))) and len(numbers) > max(said, default=-1)


# ------------------------------------------------------------------------------------------------- cluster chunks


def cluster_chunks(folder, life, say):
    """Writes keys as a worker of a cluster does, over many small files."""
    chunks.ROWS = 24
    writer = chunks.ChunkWriter(places.opened(str(folder / "chunks")), f"w{life:04d}", {"model": "numbers"})
    for number in itertools.count():
        key = f"{life}-{number}"
        writer.add(Done(key, {"key": key, "text": noise(key)}, Cost(samples=1, tokens=number)))
        if number % 5 == 4:
            for done in writer.flush():
                say((done.key, done.cost.tokens))


def cluster_chunks_hold(folder, said):
    found = chunks.read(places.opened(str(folder / "chunks"))).rows
    for key, tokens in said:
        assert found[key].row == {"key": key, "text": noise(key)} and found[key].cost.tokens == tokens
    for times in Path(folder).glob("chunks/*.times.json"):
        json.loads(times.read_text())


# -------------------------------------------------------------------------------------------------- recipe files


class Lengths:
    """Scores steps by their lengths."""

    name, revision, unit_cost = "lengths", "1", Cost(verifier_calls=1)

    def score(self, task, samples):
        raise AssertionError("steps are scored once, and what they come to is made of them")

    def step_scores(self, task, samples):
        return self.step_scores_many([(task, samples)])[0]

    def step_scores_many(self, asked):
        return [[tuple(len(step) % 7 / 7 for step in one.info["steps"]) for one in ones] for _, ones in asked]


def recipe_runs(data, out):
    """Runs a recipe over seven problems on a random model; its reports."""
    torch.set_num_threads(1)
    settings = SolutionSettings(temperature=1.0, max_tokens=12, max_steps=2)
    model = Loaded("x", "lm", Options("cpu", "float32"), "0", TextModel(*tiny_texts.parts()))
    recipe = Recipe(dataset_name=str(data), output_dir=str(out), n=2, seed=0, system_prompt="add")
    yield from run(recipe, sampler=LanguageModelSampler(model, settings), reward=Lengths())


def recipe_files(folder, life, say):
    """Runs a recipe again and again; rows are added, and put in order at the end."""
    problems = [{"problem": f"what is {n} and three?", "answer": str(n + 3)} for n in range(7)]
    files.write_text(folder / "set.jsonl", "".join(json.dumps(one) + "\n" for one in problems))
    for count in itertools.count():
        for report in recipe_runs(folder / "set.jsonl", folder / f"out-{life}-{count}"):
            say((str(report.file), report.done))


def recipe_files_hold(folder, said):
    """Each file has what was said of it, and the one that was cut off is gone on with; then all are equal."""
    told = {file: max(done for other, done in said if other == file) for file, _ in said}
    assert all(len(known_ids(Path(file))) >= done for file, done in told.items() if done)
    outs = sorted(folder.glob("out-*"), key=lambda out: out.stat().st_mtime)
    if not outs:
        return
    *_, last = recipe_runs(folder / "set.jsonl", outs[-1])
    assert last.done == last.of == 7 and last.skipped == ()
    first = folder / "alone"
    if not first.exists():
        list(recipe_runs(folder / "set.jsonl", first))
    assert last.file.read_bytes() == next(first.rglob("*.jsonl")).read_bytes()
