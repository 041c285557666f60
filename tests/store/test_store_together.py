"""Several threads and processes on one store, and processes killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from store_worker import Brightness, NoiseSampler

from tts_playground.store.rows import decode
from tts_playground.store.store import Store
from tts_playground.testing import TextTask

ROOT = Path(__file__).parents[2]
TASK = TextTask("noise")


def start(folder: Path, count: int, seed: int) -> subprocess.Popen:
    worker = Path(__file__).with_name("store_worker.py")
    return subprocess.Popen(
        [sys.executable, str(worker), str(folder), str(count), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def assert_whole(folder: Path) -> None:
    """The file is sound, every row has its picture, and every picture is the one that the sampler draws."""
    with Store(folder) as store:
        with store.database.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        pool = store.pool(TASK, NoiseSampler())
        rows = pool.rows(seed=None)
        for row in rows:
            (again,) = NoiseSampler().draw(TASK, [row.index], seed=row.seed)
            assert decode(row).content.tobytes() == again.content.tobytes()
        places = {(row.seed, row.index) for row in rows}
        assert set(pool.values("brightness", "1")) <= places


def test_processes_drawing_the_same_and_other_samples_agree(tmp_path):
    workers = [start(tmp_path, 24, seed) for seed in (0, 0, 1)]
    for worker in workers:
        output, _ = worker.communicate(timeout=120)
        assert output.endswith("done\n")
    assert_whole(tmp_path)
    with Store(tmp_path) as store:
        pool = store.pool(TASK, NoiseSampler())
        assert len(pool) == 48
        assert len(pool.scores("brightness", seed=0)) == len(pool.scores("brightness", seed=1)) == 24


def test_processes_killed_at_any_moment_leave_a_whole_store(tmp_path):
    chance = random.Random(3)
    for attempt in range(3):
        workers = [start(tmp_path, 400, seed) for seed in (0, attempt)]
        for worker in workers:  # once it has begun to write, let it go on for a moment
            assert worker.stdout is not None
            for _ in range(chance.randrange(1, 60)):
                worker.stdout.readline()
            worker.send_signal(signal.SIGKILL)
        for worker in workers:
            worker.communicate(timeout=60)
            assert worker.returncode == -signal.SIGKILL
        assert_whole(tmp_path)
    with Store(tmp_path) as store:  # and one can go on from there
        pool = store.pool(TASK, NoiseSampler())
        before = len(pool.rows())
        assert 0 < before < 400
        assert len(pool.draw(before + 5)) == before + 5
        assert len(pool.score(Brightness())) == before + 5


def test_threads_share_one_store(tmp_path):
    errors: list[BaseException] = []
    with Store(tmp_path) as store:

        def work(number: int) -> None:
            try:
                pool = store.pool(TASK, NoiseSampler())
                pool.draw(20, seed=number % 2)
                pool.score(Brightness(), seed=number % 2)
                if number == 3:  # deleting while others draw takes nothing half away
                    other = store.pool(TextTask("other"), NoiseSampler())
                    other.draw(5)
                    store.delete(other.key)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(store.pool(TASK, NoiseSampler())) == 40
    assert_whole(tmp_path)


def test_a_picture_swept_between_file_and_row_is_written_again(tmp_path):
    with Store(tmp_path) as store:
        pool = store.pool(TASK, NoiseSampler())
        put, swept = store.blobs.put, []

        def put_then_sweep(data: bytes) -> str:
            digest = put(data)
            if not swept:
                swept.append(digest)
                store.blobs.remove(digest)
            return digest

        object.__setattr__(store.blobs, "put", put_then_sweep)
        pool.draw(1)
        assert swept
    assert_whole(tmp_path)


def test_a_forked_child_opens_its_own_connection(tmp_path):
    with Store(tmp_path) as store:
        pool = store.pool(TASK, NoiseSampler())
        pool.draw(1)
        with store.database.read() as connection:
            parents = connection
        child = os.fork()
        if child == 0:
            code = 1
            try:
                pool.draw(3)
                with store.database.read() as connection:
                    code = 2 if connection is parents else 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(pool) == 3
    assert_whole(tmp_path)


def test_two_stores_in_one_process_lose_nothing_to_another_process(tmp_path):
    """Closing any handle of a file lets go of the process's POSIX locks on it; SQLite must not be led to that.

    Otherwise the other process believes itself alone when it ends, and removes the log that is still written here.
    """
    with Store(tmp_path) as store:
        pool = store.pool(TASK, NoiseSampler())
        pool.draw(2)
        with Store(tmp_path) as second:
            assert len(second.pools()) == 1
        output, _ = start(tmp_path, 3, 1).communicate(timeout=120)
        assert output.endswith("done\n")
        pool.draw(6)
        output, _ = start(tmp_path, 1, 2).communicate(timeout=120)
        code = (
            "from tts_playground.store.store import Store\n"
            f"print([i.samples for i in Store({str(tmp_path)!r}).pools()])"
        )
        seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
        assert seen.stdout.strip() == "[10]"
    assert_whole(tmp_path)


@pytest.mark.timeout(600)
def test_an_import_killed_at_any_moment_leaves_a_whole_store_and_can_be_made_again(tmp_path):
    with Store(tmp_path / "from") as store:
        pool = store.pool(TASK, NoiseSampler())
        pool.draw(240)
        pool.score(Brightness(), 64)
        store.export(pool.key, tmp_path / "pool.parquet")
        expected = pool.snapshot()
    code = (
        "import sys\nfrom tts_playground.store.store import Store\nprint('go', flush=True)\n"
        "Store(sys.argv[1]).import_(sys.argv[2])"
    )
    for wait in (0.1, 0.25, 0.5):
        folder = tmp_path / f"to{wait}"
        command = [sys.executable, "-c", code, str(folder), str(tmp_path / "pool.parquet")]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(wait)
        worker.kill()
        worker.communicate()
        assert_whole(folder)
        with Store(folder) as store:
            (key,) = store.import_(tmp_path / "pool.parquet")
            assert store.open(key).snapshot() == expected
