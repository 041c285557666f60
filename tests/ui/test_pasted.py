"""“Copy as Python” and “Copy as a command” of every tab run as pasted in an empty folder."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path):
    """``run(script)`` or ``run(command, shell=True)`` as a person would, where the project is installed."""
    empty = tmp_path / "empty"
    empty.mkdir()
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (bin_ / "python").chmod(0o755)
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "TTS_PLAYGROUND_HOME": str(tmp_path / "home"),
        "HF_HUB_OFFLINE": "1",
    }

    def ran(text, *, shell=False):
        given = ["sh", "-c", text] if shell else [sys.executable, "-"]
        done = subprocess.run(
            given, input=None if shell else text, cwd=empty, env=env, text=True, capture_output=True, timeout=110
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    ran.folder = empty
    return ran


@pytest.mark.parametrize("shell", [False, True])
def test_images(run, shell):
    from tts_playground.pages.t2i import export
    from tts_playground.pages.t2i.view_settings import default_view

    view = replace(default_view(), n=2, prompt='a red apple\'s "twin" & -x')
    out = run(export.as_command(view) if shell else export.script(view), shell=shell)
    assert "clip" in out.lower()
    assert len(list(run.folder.rglob("*.png"))) >= 1


@pytest.mark.parametrize("shell", [False, True])
def test_answers(run, shell):
    from tts_playground.pages.vqa import render
    from tts_playground.pages.vqa.page_state import VqaPageState, ready
    from tts_playground.pages.vqa.view_settings import default_view, examples

    work = ready(examples()[0], default_view())
    if work is None:
        pytest.skip("no starter of this tab is here")
    work = VqaPageState(replace(work.view, n=2), work.task)
    out = run(render.as_command(work) if shell else render.as_python(work), shell=shell)
    assert "majority" in out


def test_a_picture_that_is_too_large_for_a_script_is_named():
    from PIL import Image

    from tts_playground.pages.commands import embedded, writes_picture

    noisy = Image.frombytes("RGB", (300, 300), os.urandom(300 * 300 * 3))
    assert embedded(noisy) == "" and writes_picture("") == ""
    assert embedded(Image.new("RGB", (300, 300)))


@pytest.mark.parametrize("shell", [False, True])
def test_a_drawing(run, shell):
    from tts_playground.dsl import parse, render
    from tts_playground.pages.sketch import editor
    from tts_playground.pages.sketch.page_state import SketchPageState
    from tts_playground.tasks.sketch import SketchSettings, SketchTask

    task, settings = SketchTask.of(render("(Circle 5 8 8)", 128)), SketchSettings(n=4)
    work = SketchPageState(task, "your drawing", parse("(Circle 5 8 8)"), settings=settings)
    out = run(editor.as_command(work) if shell else editor.as_python(task, settings), shell=shell)
    assert "(Circle" in out


@pytest.mark.parametrize("shell", [False, True])
def test_an_audit(run, shell):
    from tts_playground.pages.audit import export
    from tts_playground.pages.audit.page_state import AuditPageState
    from tts_playground.pages.audit.view_settings import AuditView, models

    script = next(name for _, name in models() if name.startswith("script:") or (":" in name and "tiny" not in name))
    work = AuditPageState(AuditView(model=script, per_cond=1, n=20, conditions=("sym", "center")))
    out = run(export.as_command(work) if shell else export.as_python(work), shell=shell)
    assert "digit" in out


@pytest.mark.parametrize("shell", [False, True])
def test_a_problem(run, shell):
    from tts_playground.pages.math import export
    from tts_playground.pages.math.page_state import MathPageState
    from tts_playground.pages.math.view_settings import MENU, default_view

    if not MENU.available():
        pytest.skip("no model of this tab is here")
    state = MathPageState(replace(default_view(), problem="Ann has 3 apples and buys 4 more. How many?", n=2))
    out = run(export.as_command(state) if shell else export.as_python(state), shell=shell)
    assert out.strip()
