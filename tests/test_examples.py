"""Every example runs as a script, says its title first, and leaves what it promises.

One runs in a process of its own, from another folder; the others share what this one has imported and loaded.
"""

import ast
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
APART = next(path for path in EXAMPLES if path.stem == "draw_to_program")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_is_short_and_has_a_title(path):
    title = ast.get_docstring(ast.parse(path.read_text()))
    assert title and title.splitlines()[0].endswith(".")
    assert len(path.read_text().splitlines()) <= 60


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path != APART], ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    (other := tmp_path / "other").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(other))
    runpy.run_path(str(path), run_name="__main__")
    said = capsys.readouterr().out
    assert said.strip()
    _nothing_unasked(tmp_path, other, said)


def test_one_runs_in_a_process_of_its_own(tmp_path):
    (other := tmp_path / "other").mkdir()
    environment = {**os.environ, "TTS_PLAYGROUND_HOME": str(tmp_path / "home"), "TMPDIR": str(other)}
    root = str(APART.parents[1])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
    done = subprocess.run([sys.executable, APART], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    _nothing_unasked(tmp_path, other, done.stdout)


def _nothing_unasked(folder, other, said):
    """The working folder stays as it was, and files that a person may want are named by their whole path."""
    assert {one.name for one in folder.iterdir()} <= {"home", "other"}
    kept = [one for one in other.rglob("*") if one.is_file() and one.suffix in (".png", ".html")]
    assert all(str(one) in said for one in kept)
