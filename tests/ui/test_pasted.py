"""“Copy as Python” and “Copy as a command” of every tab run as pasted in an empty folder.

A command (of drawings) and a script (of audits) run in processes of their own. The others share what this process has
imported and loaded: a shell reads their commands and says what words ``python`` would get, and scripts find nothing but
what they import.
"""

import contextlib
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tts_playground.cli import main

ROOT = Path(__file__).parents[2]
PYTHON = f"""#!/bin/sh
if [ "$1" = -m ] && [ "$WORDS" ]; then printf '%s\\0' "$@" >> "$WORDS"; else exec "{sys.executable}" "$@"; fi
"""
"""stands where a command says ``python``; what a module is called with goes to the file ``WORDS``, if that is set"""


class Terminal:
    """An empty folder with a home and a ``python`` of its own."""

    def __init__(self, place: Path):
        self.folder, bin_ = place / "empty", place / "bin"
        self.words = place / "words"
        for folder in (self.folder, bin_):
            folder.mkdir()
        (bin_ / "python").write_text(PYTHON)
        (bin_ / "python").chmod(0o755)
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{bin_}:{os.environ['PATH']}",
            "TTS_PLAYGROUND_HOME": str(place / "home"),
            "HF_HUB_OFFLINE": "1",
        }

    def run(self, text: str, *, shell: bool = False) -> str:
        """What a script or a command says, in a process of its own."""
        return self._process(["sh", "-c", text] if shell else [sys.executable, "-"], None if shell else text)

    def said(self, text: str, *, shell: bool = False) -> str:
        """The same, with Python's part in this process."""
        if not shell:
            return self._here(lambda: exec(compile(text, "pasted", "exec"), {"__name__": "__main__"}))
        self._process(["sh", "-c", text], None, WORDS=str(self.words))
        flag, module, *words = self.words.read_text().removesuffix("\0").split("\0")
        assert (flag, module) == ("-m", "tts_playground")
        return self._here(lambda: main(words))

    def _process(self, given: list[str], text: str | None, **more: str) -> str:
        done = subprocess.run(
            given, input=text, cwd=self.folder, env=self.env | more, text=True, capture_output=True, timeout=110
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def _here(self, work) -> str:
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
            patch.chdir(self.folder)
            patch.setenv("TTS_PLAYGROUND_HOME", self.env["TTS_PLAYGROUND_HOME"])
            try:
                work()
            except SystemExit as leaving:
                assert not leaving.code
        return said.getvalue()


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


@pytest.mark.parametrize("shell", [False, True])
def test_images(terminal, shell):
    from tts_playground.pages.t2i import export
    from tts_playground.pages.t2i.view_settings import default_view

    view = replace(default_view(), n=2, prompt='a red apple\'s "twin" & -x')
    out = terminal.said(export.as_command(view) if shell else export.script(view), shell=shell)
    assert "clip" in out.lower()
    assert len(list(terminal.folder.rglob("*.png"))) >= 1


@pytest.mark.parametrize("shell", [False, True])
def test_answers(terminal, shell):
    from tts_playground.pages.vqa import render
    from tts_playground.pages.vqa.page_state import VqaPageState, ready
    from tts_playground.pages.vqa.view_settings import default_view, examples

    work = ready(examples()[0], default_view())
    if work is None:
        pytest.skip("no starter of this tab is here")
    work = VqaPageState(replace(work.view, n=2), work.task)
    out = terminal.said(render.as_command(work) if shell else render.as_python(work), shell=shell)
    assert "majority" in out


@pytest.mark.parametrize("shell", [False, True])
def test_a_search_over_steps(terminal, shell):
    from tts_playground.pages.vqa import step_search
    from tts_playground.pages.vqa.view_settings import default_view, examples
    from tts_playground.samplers.vlm_settings import AnswerSettings
    from tts_playground.tasks.vqa import VqaTask
    from tts_playground.tasks.vqa_search import Searched, StepSearch

    one, view = examples()[0], replace(default_view(), question=examples()[0].question, truth=examples()[0].answer)
    task = VqaTask.of(one.picture, view.question, view.truths)
    found = Searched(task, view.model, view.seed, AnswerSettings(), StepSearch("beam", "p_yes", 2), ())
    out = terminal.said((step_search.as_command if shell else step_search.as_python)(found, view), shell=shell)
    assert ("beam picks" if shell else "Cost(") in out


def test_a_picture_that_is_too_large_for_a_script_is_named():
    from PIL import Image

    from tts_playground.pages.commands import embedded, writes_picture

    noisy = Image.frombytes("RGB", (300, 300), os.urandom(300 * 300 * 3))
    assert embedded(noisy) == "" and writes_picture("") == ""
    assert embedded(Image.new("RGB", (300, 300)))


@pytest.mark.parametrize("shell", [False, True])
def test_a_drawing(terminal, shell):
    from tts_playground.dsl import parse, render
    from tts_playground.pages.sketch import editor
    from tts_playground.pages.sketch.page_state import SketchPageState
    from tts_playground.tasks.sketch import SketchSettings, SketchTask

    task, settings = SketchTask.of(render("(Circle 5 8 8)", 128)), SketchSettings(n=4)
    work = SketchPageState(task, "your drawing", parse("(Circle 5 8 8)"), settings=settings)
    copied = editor.as_command(work) if shell else editor.as_python(task, settings)
    out = terminal.run(copied, shell=True) if shell else terminal.said(copied)
    assert "(Circle" in out


@pytest.mark.parametrize("shell", [False, True])
def test_an_audit(terminal, shell):
    from tts_playground.pages.audit import export
    from tts_playground.pages.audit.page_state import AuditPageState
    from tts_playground.pages.audit.view_settings import AuditView, models

    script = next(name for _, name in models() if name.startswith("script:") or (":" in name and "tiny" not in name))
    work = AuditPageState(AuditView(model=script, per_cond=1, n=20, conditions=("sym", "center")))
    out = terminal.said(export.as_command(work), shell=True) if shell else terminal.run(export.as_python(work))
    assert "digit" in out


@pytest.mark.parametrize("shell", [False, True])
def test_a_problem(terminal, shell):
    from tts_playground.pages.math import export
    from tts_playground.pages.math.page_state import MathPageState
    from tts_playground.pages.math.view_settings import MENU, default_view

    if not MENU.available():
        pytest.skip("no model of this tab is here")
    state = MathPageState(replace(default_view(), problem="Ann has 3 apples and buys 4 more. How many?", n=2))
    out = terminal.said(export.as_command(state) if shell else export.as_python(state), shell=shell)
    assert out.strip()
