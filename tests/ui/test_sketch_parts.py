"""The pieces of the sketch tab that hold a decision, without a server."""

import base64
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tts_playground
from tts_playground.core import Cost, Progress, Round
from tts_playground.dsl import Program, parse, render
from tts_playground.dsl.scoring import CLOSENESS, judge
from tts_playground.pages.sketch import editor, examples, results, shapes, strategy_comparison
from tts_playground.pages.sketch.page_state import Candidate, SketchPageState
from tts_playground.pages.sketch.panel import difference, panel
from tts_playground.pages.sketch.render import live, numbers, search
from tts_playground.pages.sketch.view_settings import (
    ORDER,
    from_query,
    offered,
    samplers,
    settings_of,
    to_query,
    values_of,
)
from tts_playground.pages.status import halted, status
from tts_playground.pages.strategy_names import title
from tts_playground.tasks.sketch import SketchSettings, SketchTask


def _query(text):
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text))


def test_a_link_brings_the_settings_back():
    settings = SketchSettings(
        strategy="best-of-n", n=17, temperature=0.25, seed=9, outline="keep", seconds=4.5, reward="iou"
    )
    assert from_query(_query(to_query(settings, program="(Circle 3 8 8)"))) == settings


def test_a_link_names_the_example_on_the_canvas():
    for name in examples.names():
        ink, loaded = examples.load(examples.picture(name))
        assert examples.name_of(examples.task_of(examples.layers(ink), loaded, "auto")) == name
    assert examples.name_of(None) == examples.name_of(SketchTask.of(render("(Circle 1 8 8)"))) == ""


def test_the_menu_of_samplers_says_what_each_is():
    menu = samplers()
    assert [name for _, name in menu] == list(offered("sampler"))
    assert all(words.startswith(name + " — ") for words, name in menu)


@pytest.mark.parametrize(
    "query",
    [{"n": "1e999", "seed": "nan"}, {"strategy": "os:system", "sampler": "x:y"}, {"n": "", "temperature": "hot"}],
)
def test_a_bent_link_falls_back_to_the_defaults(query):
    assert from_query(query) == SketchSettings()


def test_numbers_from_a_page_are_brought_into_range():
    settings = settings_of("refine", 10**9, -3, None, "auto", 1e9, "proposal", "no such reward")
    assert (settings.n, settings.temperature, settings.seed, settings.seconds) == (256, 0, 0, 20)
    assert settings.reward == "fit"
    assert settings_of(*values_of(settings)) == settings
    assert len(values_of(settings)) == len(ORDER)


def test_the_drawings_that_ship_are_offered():
    there = {file.stem for file in Path(tts_playground.__file__).parent.glob("ui/data/drawings/*.png")}
    assert "house" in there and there <= set(examples.names())


def test_examples_reach_the_canvas_and_come_back_as_they_were():
    for name, text in examples.PROGRAMS.items():
        ink, loaded = examples.load(examples.picture(name))
        task = examples.task_of(examples.layers(ink), loaded, "auto")
        assert task == SketchTask.of(render(text, 256)), name


def test_a_hand_drawn_ring_is_filled_unless_told_otherwise():
    turn = np.hypot(*(np.mgrid[0:256, 0:256] - 128))
    ring = (turn < 80) & (turn > 72)
    value = examples.layers(ring)
    filled = examples.task_of(value, None, "auto").ink.sum()
    assert filled > 2 * ring.sum()
    assert examples.task_of(value, None, "keep").ink.sum() == ring.sum()


def test_every_starter_opens_with_a_curve_and_a_gallery():
    opened = examples.starters()
    assert set(opened) == set(examples.PROGRAMS)
    for work in opened.values():
        assert len(work.pool) == 64
        curve = work.curve()
        assert curve is not None
        assert curve.at(64) == pytest.approx(max(work.pool))
        ranked = work.ranked()
        assert [c.reward for c in ranked] == sorted((c.reward for c in ranked), reverse=True)
        assert len(results.gallery(work)) == min(len(ranked), results.SHOWN)
        assert "best of 8 programs scores" in results.reading(work, 8)


def test_a_search_that_ends_before_its_first_candidate_says_so():
    task = SketchTask.of(render("(Circle 4 8 8)"), outline="keep")
    work = SketchPageState(
        SketchTask(task.mask, notes=("two values, taken literally", "closed outlines filled")), "disc"
    )
    for samples, words in ((0, "before the first candidate"), (1, "a longer one may find")):
        _, line = live(work, Round(0, (), None, Cost(samples=samples), "seconds", ""))
        assert words in line
        assert "closed outlines filled" in line and "literally" not in line


def test_a_report_between_two_rounds_says_how_many_are_drawn():
    work = SketchPageState(SketchTask.of(render("(Circle 4 8 8)")), "disc")
    _, line = live(work, Round(1, (), None, Cost(samples=4), progress=Progress(done=5, of=64)))
    assert "Searching: 5 of 64 candidates are drawn." in line and "busy" in line


def test_only_a_shipped_pool_is_called_ready_made():
    assert all(work.ready for work in examples.starters().values())
    *_, (work, _) = search(SketchTask.of(render("(Circle 4 8 8)")), "biohazard", SketchSettings(n=2, seconds=30))
    assert not work.ready


def test_work_that_was_stopped_is_not_shown_as_running():
    assert halted(status("Running", busy=True), "Stopped.") == status("Stopped.")
    assert halted(status("Done"), "Stopped.") is None
    assert halted(None, "Stopped.") is None


def test_a_search_shows_its_last_report_and_keeps_independent_draws_apart():
    task = SketchTask.of(render("(Circle 4 8 8)"))
    for strategy, pool in (("best-of-n", 4), ("refine", 0)):
        *_, (work, last) = search(task, "disc", SketchSettings(strategy=strategy, n=4, seconds=30))
        assert last.stopped
        assert str(work.program) == "(Circle 4 8 8)"
        assert len(work.pool) == pool
        assert work.holds("(Circle 4 8 8)")
        assert not work.holds("(Circle 5 8 8)")


def test_the_editor_points_at_the_error_and_scores_what_parses():
    task = SketchTask.of(render("(Circle 4 8 8)"))
    shown, complaint, line = editor.follow("(Circle 4 8\n 88)", task)
    assert shown is None
    assert line is None
    assert "Line 2, column 2" in complaint
    shown, complaint, line = editor.follow("(Circle 4 8 8)", task)
    assert complaint == ""
    assert "1.000" in line
    _, hostile, _ = editor.follow("<script>alert(1)</script>", task)
    assert "<script>" not in hostile


def test_the_editor_reads_related_spellings_and_says_what_it_converted():
    task = SketchTask.of(render("(Circle 4 8 8)"))
    for text in ("c(32,32,16)", "(+ (Circle 4 8 8) (Quad 8 8 2 2 G))"):
        _, note, line = editor.follow(text, task)
        assert "spelling" in note and "y " in note and "1.000" in line
        assert (
            "(Circle 4 8 8)"
            in base64.b64decode(json.loads(editor.download(text, "txt"))["href"].partition(",")[2]).decode()
        )


def test_the_editor_says_where_the_render_modes_differ():
    erased = "(+ (Circle 2 8 8) (- (Circle 6 8 8) (Circle 4 8 8)))"
    assert "render modes differ" in editor.modes(parse(erased))
    assert editor.modes(parse("(Circle 4 8 8)")) == ""


@pytest.mark.parametrize("kind", ["txt", "svg", "png"])
def test_downloads(kind):
    file = json.loads(editor.download("(Circle 4 8 8)", kind))
    assert file["name"].endswith(kind)
    assert file["href"].startswith("data:")


def test_copied_python_runs_as_pasted(tmp_path):
    task = SketchTask.of(render("(Circle 4 8 8)"))
    script = editor.as_python(task, SketchSettings(n=4, seconds=60))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.splitlines()[0] == "(Circle 4 8 8)"


def test_the_difference_has_four_colours():
    both = difference(np.array([[True, True, False, False]]), np.array([[True, False, True, False]]))
    assert both.tolist() == [[1, 2, 3, 0]]
    assert panel(None, None).count("empty") == 3
    assert "<b>" not in status("<b>", [("<b>", "<b>", '"<b>')])


@pytest.mark.parametrize("reward", ["fit", "iou"])
def test_a_comparison_reruns_every_strategy_at_every_budget(reward):
    task = SketchTask.of(render("(Circle 4 8 8)"))
    *_, last = strategy_comparison.run(task, SketchSettings(n=2, seconds=30, seed=5, reward=reward))
    assert last.curve is not None and last.curve.measure == "score" and last.curve.n[-1] == 2
    assert last.doing == ""
    line = strategy_comparison.line(last)
    assert line.startswith("Done") and "cut short" not in line
    assert {point.label for point in last.points} == {"refine", "smc", "beam"}
    for point in last.points:
        assert 0 < point.where("n") <= point.budget
        assert point.result.n == strategy_comparison.SEEDS
    for run in last.runs:
        assert run.seed in (6, 7, 8) and not run.late
        assert run.gold == pytest.approx(
            judge(task, run.rounds[-1].best.sample.content, 1.0 if reward == "iou" else CLOSENESS).score
        )
    names = {trace.name for trace in strategy_comparison.figure(last, "renders").data if trace.name}
    assert names >= {"best-of-n", *map(title, ("refine", "smc", "beam"))}


def test_a_comparison_says_how_many_searches_the_time_limit_cut():
    task = SketchTask.of(render(examples.PROGRAMS["biohazard"]))
    *_, last = strategy_comparison.run(task, SketchSettings(n=2, seconds=1e-6))
    late = sum(run.late for run in last.runs)
    assert late == len(last.runs) == 3 * strategy_comparison.SEEDS
    assert f"{late} searches were cut short by the time limit" in strategy_comparison.line(last)
    assert last.curve is not None and last.curve.n[-1] == 2  # the time limit does not shorten the pool


def test_a_comparison_can_be_stopped_between_two_candidates_of_its_pool():
    task = SketchTask.of(render(examples.PROGRAMS["biohazard"]))
    reports = strategy_comparison.run(task, SketchSettings(n=8, seconds=30))
    assert [next(reports).doing for _ in range(8)] == ["candidate 1 of 8"] * 8
    assert strategy_comparison.line(next(reports)) == "Running candidate 1 of 8…"
    reports.close()


def test_an_empty_page_says_what_to_do():
    assert "press “find the program”" in results.reading(None, 8).lower()
    assert results.gallery(None) == []
    blank = SketchPageState(SketchTask.of(np.zeros((256, 256), bool)), "nothing", Program())
    assert blank.curve() is None


def test_a_picture_is_read_again_from_where_it_came_and_ink_that_was_drawn_on_as_it_is():
    from PIL import Image, ImageDraw

    board = Image.new("L", (300, 300), 20)
    ImageDraw.Draw(board).rectangle((150, 60, 209, 119), fill=230)
    board.putpixel((0, 0), 25)
    ink, loaded = examples.load(board)
    assert loaded.turned and ink.sum() < ink.size / 10
    dark, kept = examples.again(examples.layers(ink), loaded, False, False, True)
    assert kept is not None and not kept.turned and dark.sum() > dark.size / 2
    back, _ = examples.again(examples.layers(dark), kept, True, False, True)
    assert np.array_equal(back, ink)
    large, _ = examples.again(examples.layers(ink), loaded, None, True, False)
    assert large.sum() > ink.size / 2
    touched = ink.copy()
    touched[:30, :30] = True
    turned, forgotten = examples.again(examples.layers(touched), loaded, True, False, True)
    assert forgotten is None and np.array_equal(turned, ~touched)


def test_a_link_brings_the_reading_back():
    settings = SketchSettings(invert=True, crop=True)
    assert from_query(_query(to_query(settings))) == settings
    assert from_query(_query(to_query(SketchSettings(invert=False)))).invert is False
    assert "invert" not in to_query(SketchSettings()) and "crop" not in to_query(SketchSettings())


def test_a_program_shape_by_shape_is_the_program_as_one_writes_it():
    program = parse("(- (+ (Circle 5 8 8) (Quad 4 4 2 2 0)) (Circle 2 8 8))")
    assert html.unescape(re.sub(r"<[^>]+>", "", shapes.text(program))) == str(program)


def test_a_headline_tells_how_many_programs_were_scored_and_how_many_differ():
    task = SketchTask.of(render("(Circle 4 8 8)"))
    one, other = (Candidate(parse(f"(Circle {r} 8 8)"), 0.99, 0.99, 0.9899) for r in (4, 3))
    work = SketchPageState(task, "it", one.program, candidates=(one, other, one))
    told = re.sub(r"<[^>]+>", "", results.reading(work, 64))
    assert "the best of 3 programs (2 different) scores 0.990" in told
    assert "N allows 64; this search scored 3." in told
    strip = {name: value for name, value, _ in numbers(0.98951, 0.98951, one.program, score=0.98951)}
    assert strip["score"] == strip["IoU"] == strip["F1"] == "0.990"
