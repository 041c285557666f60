"""Every example runs as a script, says its title first, and leaves what it promises."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path):
    title = ast.get_docstring(ast.parse(path.read_text()))
    assert title and title.splitlines()[0].endswith(".")
    assert len(path.read_text().splitlines()) <= 60
    environment = {**os.environ, "TTS_PLAYGROUND_HOME": str(tmp_path / "home")}
    root = str(path.parents[1])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
    done = subprocess.run([sys.executable, path], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
