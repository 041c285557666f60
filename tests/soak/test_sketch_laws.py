"""More candidates never end with a lower score: thirty drawings; ``tasks/test_sketch_budget.py`` has eleven of them.

And what a person draws in lines looks like itself after 20 s.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "samplers"))
from line_drawings import DRAWINGS, drawn

from tts_playground.bench.wobble import wobbly
from tts_playground.dsl import generate, render
from tts_playground.dsl.scoring import CLOSENESS
from tts_playground.tasks.sketch import SketchTask, sketch

LAWS = [(index, shaky, CLOSENESS) for index in range(10) for shaky in (False, True)]
LAWS += [(index, shaky, 1.0) for index in range(5) for shaky in (False, True)]


@pytest.mark.parametrize(("index", "shaky", "closeness"), LAWS)
def test_more_candidates_never_end_with_a_lower_score(index, shaky, closeness):
    program = generate(17, index)
    task = SketchTask.of(wobbly(program, 17, index, stroke=bool(index % 2)) if shaky else render(program))
    scores = [sketch(task, n=n, seconds=600.0, closeness=closeness).score for n in (1, 2, 4, 8)]
    assert scores == sorted(scores)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_line_drawing_looks_like_itself_in_20_seconds(name):
    found = sketch(drawn(DRAWINGS[name]), seconds=20.0, closeness=1)
    assert found.iou >= 0.85
    assert not any("left out" in note for note in found.notes)
