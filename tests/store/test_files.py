"""Files appear whole, whoever else writes to their name and whenever the writer is killed; nothing is left behind."""

import ast
import errno
import os
import random
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import export_worker
import pytest

from tts_playground import files
from tts_playground.errors import NoSpace, ReadOnly, StoreError
from tts_playground.store import parquet

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tts_playground"


def start(file: Path, rows: int, times: int) -> subprocess.Popen:
    command = [sys.executable, export_worker.__file__, str(file), str(rows), str(times)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(files.ENDING)]


def test_exports_to_one_name_are_whole_at_every_moment(tmp_path):
    file = tmp_path / "pool.parquet"
    parquet.write([export_worker.pool(1)], file)
    workers = [start(file, rows, 20) for rows in (5, 50, 500)]
    reads = 0
    while any(worker.poll() is None for worker in workers):
        (pool,) = parquet.read(file)
        assert len(pool) in (1, 5, 50, 500)
        reads += 1
    for worker in workers:
        out, err = worker.communicate()
        assert (worker.returncode, out.count("ok")) == (0, 20), err
    assert reads > 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pool.parquet"]


def test_a_killed_export_leaves_the_file_whole_and_what_it_left_is_swept_once_old(tmp_path):
    file, chance = tmp_path / "pool.parquet", random.Random(5)
    parquet.write([export_worker.pool(3)], file)
    for _ in range(4):
        worker = start(file, 5_000, 100)
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(chance.random() / 10)
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
        assert len(parquet.read(file)[0]) == 5_000  # it had been told that it was written
    left = tmp_path / f"{files.PREFIX}0123456789abcdef{files.ENDING}"
    left.write_bytes(b"half")
    for path in leftovers(tmp_path):
        os.utime(path, (0, 0))
    files.sweep(tmp_path)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("shift", [-2 * files.STALE, 2 * files.STALE])  # also after a clock that was put back
def test_nobody_sweeps_what_a_living_writer_works_on(tmp_path, shift):
    target, then = tmp_path / "a", time.time() + shift
    with files.whole(target) as partial:
        partial.write_text("long work")
        os.utime(partial, (then, then))
        files.sweep(tmp_path)
        assert partial.exists()
    with files.filling(tmp_path / "folder") as partial:
        (partial / "weights").write_text("longer work")
        for path in (partial, partial / "weights"):
            os.utime(path, (then, then))
        files.sweep(tmp_path)
        assert (partial / "weights").exists()
    young, old = (tmp_path / f"{files.PREFIX}{n}{files.ENDING}" for n in "12")
    for path in (young, old):
        path.mkdir()
        (path / "weights").write_text("left behind")
    for path in (old, old / "weights"):
        os.utime(path, (then, then))
    files.sweep(tmp_path)
    assert young.exists() and not old.exists()
    assert (tmp_path / "folder" / "weights").read_text() == "longer work" and target.read_text() == "long work"


@pytest.mark.parametrize("number, kind", [(errno.ENOSPC, NoSpace), (errno.EROFS, ReadOnly), (errno.EIO, StoreError)])
def test_a_write_that_fails_changes_nothing_and_says_why(tmp_path, monkeypatch, number, kind):
    target = tmp_path / "a.txt"
    files.write_text(target, "before")

    def fails(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(kind, match=f"The note cannot be written to .*a.txt: {os.strerror(number)}"):
        files.write_text(target, "after", "The note")
    assert target.read_text() == "before" and leftovers(tmp_path) == []


def test_links_permissions_and_strange_targets(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("1")
    real.chmod(0o640)
    link.symlink_to(real)
    files.write_text(link, "2")
    assert link.is_symlink() and real.read_text() == "2" and stat.S_IMODE(real.stat().st_mode) == 0o640
    os.mkfifo(tmp_path / "pipe")
    for strange in (tmp_path, tmp_path / "pipe", tmp_path / "none" / "a", real / "a"):
        with pytest.raises(StoreError, match="cannot be written"):
            files.write_text(strange, "3")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_fresh_folder_appears_at_once_or_not_at_all(tmp_path):
    with pytest.raises(RuntimeError), files.filling(tmp_path / "new", fresh=True) as partial:
        (partial / "a").write_text("a")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with files.filling(tmp_path / "new", fresh=True) as partial:
        (partial / "a").write_text("a")
        assert not (tmp_path / "new").exists()
    with pytest.raises(StoreError), files.filling(tmp_path / "new", fresh=True) as partial:
        (partial / "a").write_text("b")
    assert (tmp_path / "new" / "a").read_text() == "a"
    with files.filling(tmp_path / "new") as partial:
        (partial / "b").write_text("b")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a", "b"]


WRITERS = {"write_text", "write_bytes", "to_parquet", "save_pretrained", "save_file", "savez", "write_table"}
OPENING = re.compile(r"""\bopen\(.*["'][wax]""")
MEMORY = ("sink", "stream")
"""names of what is no file on disk, or a part of one that ``files`` gave"""


def written_in_part(text: str) -> list[str]:
    """The calls of a module that write to a path of their own choosing."""
    found: list[str] = []
    if "open(" not in text and not any(writer in text for writer in WRITERS):
        return found
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if name.split(".")[-1] not in WRITERS and not name.endswith("open"):
            continue
        line = ast.get_source_segment(text, node) or ""
        writes = name.split(".")[-1] in WRITERS or OPENING.search(line)
        ours = name.startswith("files.") or name in ("write_bytes", "write_text")
        if writes and not ours and not any(word in line for word in ("partial", *MEMORY)):
            found.append(f"{node.lineno}: {line}")
    return found


@pytest.mark.parametrize(
    "line",
    ['open(path, "w")', 'path.open("ab")', "path.write_text(x)", "np.savez(path, a=1)", 'run(lambda: open(p, "x"))'],
)
def test_a_write_to_any_path_is_seen(line):
    assert written_in_part(f"import os\n\ndef f(path):\n    {line}\n")
    assert not written_in_part(line.replace("path", "partial").replace("p,", "partial,"))


def test_every_file_is_written_whole():
    """What writes to a path writes to a ``partial`` of ``files``; only ``files`` and ``journal`` know better."""
    others = [path for path in PACKAGE.rglob("*.py") if path.name not in ("files.py", "journal.py")]
    found = {str(path): written_in_part(path.read_text()) for path in others}
    assert len(found) > 500 and not {path: lines for path, lines in found.items() if lines}


KILLED = """
import os
from tts_playground import files
print(files.own_folder("x"), flush=True)
os.kill(os.getpid(), 9)
"""


def test_folders_of_dead_processes_are_swept(tmp_path, monkeypatch):
    def killed() -> Path:
        env = {**os.environ, "TMPDIR": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, cwd=ROOT, env=env)
        return Path(done.stdout.strip())

    dead = killed()
    assert dead.parent == tmp_path and dead.exists()
    os.utime(dead, (0, 0))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files.own_folder.cache_clear()
    mine = files.own_folder("x")
    assert mine.exists() and not dead.exists()
    os.utime(mine, (0, 0))
    killed()
    assert mine.exists()  # its process lives
    files.own_folder.cache_clear()
