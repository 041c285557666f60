"""Pieces of the audit tab: settings of strangers, the histogram, looking at exact chances anew, one's own picture."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest
import tiny_vlms
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from tts_playground.auditing.report import Bar
from tts_playground.auditing.scripted import SCRIPTS
from tts_playground.auditing.settings import LIMITS, PROTOCOLS, TASKS
from tts_playground.cli.audit import app
from tts_playground.errors import BadInput, UnknownName
from tts_playground.pages.audit import export, own_picture, page_state, render, tour, view_settings
from tts_playground.pages.audit.histogram import histogram
from tts_playground.pages.audit.view_settings import (
    ORDER,
    AuditView,
    coerce_view,
    from_query,
    to_query,
    values_of,
    view_of,
)
from tts_playground.ui import shell
from tts_playground.ui.audit import TAB, callbacks
from tts_playground.worlds.choices import CONDITIONS

SMALL = AuditView("scripted:planted", conditions=("sym", "size"), per_cond=2)
junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.lists(st.text(max_size=5))


@pytest.fixture(autouse=True)
def no_model_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("TTS_PLAYGROUND_AUDIT_MODEL", raising=False)
    monkeypatch.setattr("tts_playground.models.hub.embedded_models.CHECKPOINTS", tmp_path)


def finished(view=SMALL):
    *_, last = page_state.audit(view)
    return last


@given(st.tuples(*[junk] * len(ORDER)))
@settings(deadline=None, max_examples=60)
def test_whatever_a_browser_sends_becomes_settings(values):
    asked = view_of(*values).settings()
    for name, (low, high) in LIMITS.items():
        assert low <= getattr(asked, name) <= high
    assert asked.protocol in PROTOCOLS and asked.task in TASKS and set(asked.conditions) <= set(CONDITIONS)


def test_views_survive_components_and_links():
    view = AuditView("scripted:fair", "color", "sampled", ("sym", "blur"), 3, 5, True, 40, 0.5, 7)
    assert view_of(*values_of(view)) == view
    query = dict(part.split("=", 1) for part in to_query(view).replace("%3A", ":").replace("%2C", ",").split("&"))
    assert from_query(query) == view
    assert from_query({}) == view_settings.default_view() == AuditView()


def test_numbers_are_put_into_their_range():
    view = coerce_view({"n": 10**9, "k": 0, "temperature": -1, "per_cond": "12", "seed": float("nan")})
    assert (view.n, view.k, view.temperature, view.per_cond, view.seed) == (2000, 2, 0.05, 12, 0)


def test_the_menu_has_scripts_always_and_models_when_they_are_here(monkeypatch):
    assert {name for _, name in view_settings.models(local=True)} == {*SCRIPTS, "llava-hf/llava-1.5-7b-hf"}
    assert {name for _, name in view_settings.models()} == set(SCRIPTS)
    assert all(words.startswith("script:") for words, name in view_settings.models() if name in SCRIPTS)
    monkeypatch.setenv("TTS_PLAYGROUND_AUDIT_MODEL", "/somewhere/else")
    assert view_settings.models()[0][1] == view_settings.default_view().model == "/somewhere/else"


def test_strangers_choose_from_the_menu():
    assert view_settings.allowed("scripted:fair", local=False) == "scripted:fair"
    assert view_settings.allowed("/etc", local=True) == "/etc"
    with pytest.raises(BadInput, match="choose from"):
        view_settings.allowed("/etc", local=False)


def test_exact_chances_are_looked_at_anew_and_draws_are_not():
    exact = finished()
    cold, hot = (exact.looked_at(100, t).report().summary["mean_total_variation"] for t in (0.2, 5.0))
    assert cold > exact.report().summary["mean_total_variation"] > hot
    assert exact.looked_at(20, 1.0).report().samples == 20
    drawn = finished(replace(SMALL, protocol="sampled", n=50))
    assert drawn.drawn == 50 and drawn.looked_at(900, 3.0) == drawn


def test_everything_on_the_page_follows_a_finished_audit():
    found = finished(replace(SMALL, task="color", per_cond=8))
    shown = callbacks.everything(found, render.Focus("digit", "7"))
    assert "scripted:planted: 16 pictures" in shown[0] and "digit + colour right" in shown[0]
    assert "<li>" in shown[1] and 'data-level="7"' in shown[2]
    assert all(caption.endswith("%") for _, caption in shown[4])
    assert all(figure.to_dict() for figure in shown[5:10])
    assert "tts_playground.audit" in shown[10]


def test_running_is_reported_bit_by_bit_and_ends_whole(monkeypatch):
    monkeypatch.setattr(page_state, "PACE", 0)
    states = list(page_state.audit(replace(SMALL, per_cond=6)))
    assert len(states) == 2 and len(states[0].rows) == 8 and len(states[-1].rows) == 13
    assert "8 of 13" in render.running(states[0])


def test_a_bar_is_a_button_that_says_what_it_is():
    bars = [Bar("digit", "7", 0.4, 0.25, 0.2, 0.3, 9), Bar("digit", "<b>", 0.1, 0.25, 0.2, 0.3, 9)]
    text = histogram(bars, "7", {("digit", "7"): 1, ("digit", "<b>"): -1})
    assert text.count("<button") == 2 and 'aria-pressed="true"' in text
    assert "column above chosen" in text and "column below" in text
    assert "fair choosers lie between 20 % and 30 %" in text
    assert "<b><b>" not in text and "&lt;b&gt;" in text
    assert "while an audit runs" in histogram([])


def test_bars_have_the_colour_of_the_verdict_and_not_of_their_raw_height():
    far = [Bar("digit", "7", 0.9, 0.25, 0.2, 0.3, 9)]
    assert "above" not in histogram(far) and "column above" in histogram(far, loud={("digit", "7"): 1})
    found = finished(replace(SMALL, per_cond=10))
    report = found.report()
    assert report.loud == {("digit", "7"): 1, ("condition", "size"): 1}
    for factor in ("digit", "condition", "place"):
        text = render.bars_of(found, render.Focus(factor), report)
        loud = {level for name, level in report.loud if name == factor}
        assert text.count("column above") == len(loud) and "column below" not in text


def test_a_fair_chooser_stands_beside_every_number_and_in_every_plot():
    found = finished(replace(SMALL, per_cond=8))
    report = found.report()
    told = render.summary(found, report)
    assert told.count(" · fair ") == told.count("<dd>")
    effects, heat, draws, calibrations, _ = render.pictures_of(report)
    for figure in (effects, draws, calibrations):
        assert any("fair chooser" in (trace.name or "") for trace in figure.data)
    assert "fair choosers" in heat.data[0].hovertemplate


def test_too_few_pictures_are_a_verdict_with_a_button():
    few, enough = (finished(AuditView("scripted:planted", per_cond=n)) for n in (1, 20))
    assert "few pictures" in " ".join(few.report().verdict)
    assert render.too_few(few, few.report()) and not render.too_few(enough, enough.report())


def test_a_quiz_does_not_tell_its_script_before_a_guess():
    found = page_state.quiz(AuditView(), "scripted:fair")
    assert found.view.model in SCRIPTS and found.view.model != "scripted:fair"
    shown = callbacks.everything(found, render.Focus())
    assert found.view.model not in shown[0] + shown[10] + export.as_command(found)
    words = {text: name for name, (text, _) in SCRIPTS.items()}
    stop = tour.named("script")
    assert set(stop.guesses) == set(words)
    assert SCRIPTS[found.view.model][0] in stop.answer(found, found.report())


@pytest.mark.parametrize("stop", tour.STOPS, ids=lambda stop: stop.key)
@pytest.mark.parametrize("model", ["scripted:planted", "scripted:fair", "scripted:hasty"])
def test_every_question_of_the_tour_is_answered_with_numbers_of_the_run(stop, model):
    for protocol in ("exact", "sampled"):
        found = finished(AuditView(model, protocol=protocol, per_cond=2, n=20))
        answer = stop.answer(found, found.report())
        assert answer.endswith(".") and "nan" not in answer and "None" not in answer


def test_a_clicked_bar_shows_its_pictures():
    found = finished(replace(SMALL, per_cond=8))
    files = render.gallery(found, render.Focus("digit", "7"))
    assert files and all("7: " in caption for _, caption in files[:1])
    assert len(files) == sum(7 in row.shown for row in found.pictures)
    assert len(render.gallery(found, render.Focus())) == len(found.pictures)
    assert Image.open(files[0][0]).width == render.SIDE


def test_downloads():
    found = finished()
    for kind in ("csv", "jsonl"):
        file = json.loads(export.download(found, kind))
        assert file["name"] == f"audit.{kind}" and file["href"].startswith("data:")


def test_copied_python_runs_as_pasted():
    text = export.as_python(finished(replace(SMALL, n=20)))
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=300)
    assert "off even" in done.stdout


COPIED = (
    AuditView("scripted:loves-7", per_cond=4, n=10, temperature=0.3),
    AuditView("scripted:planted", "color", conditions=("sym", "size"), per_cond=5, n=2000, temperature=0.05, seed=3),
    AuditView("scripted:hasty", protocol="sampled", conditions=("sym",), per_cond=3, n=40, temperature=0.3),
    AuditView("scripted:top-first", protocol="list", conditions=("sym", "blur"), per_cond=3, n=500, temperature=2.0),
)


@pytest.mark.parametrize("view", COPIED, ids=lambda view: f"{view.protocol}-{view.temperature}")
def test_copied_python_and_the_copied_command_say_what_the_page_says(view, tmp_path, capsys, monkeypatch):
    found = finished(replace(view, n=100, temperature=1.0) if view.live else view)
    page = found.looked_at(view.n, view.temperature)
    verdict = list(page.report().verdict)
    exec(export.as_python(page), {})
    assert capsys.readouterr().out.splitlines()[: len(verdict)] == verdict
    words = shlex.split(export.as_command_at(found, view.n, view.temperature))[3:]
    told = CliRunner().invoke(app, [*words[1:], "--json", "--out", str(tmp_path)], catch_exceptions=False)
    assert json.loads(told.stdout)["verdict"] == verdict


def test_an_audit_that_costs_nothing_follows_the_controls():
    found = finished(AuditView("scripted:loves-7"))
    other = replace(found.view, model="scripted:fair")
    assert page_state.at_once(found, other).view == other and page_state.at_once(found, other).rows != found.rows
    assert page_state.at_once(found, found.view) is None
    assert page_state.at_once(found, replace(found.view, n=50, temperature=0.2)) is None, "it is looked at anew"
    sampled = finished(replace(found.view, protocol="sampled", n=20, per_cond=2))
    assert page_state.at_once(sampled, replace(sampled.view, n=30)).drawn == 30
    for dear in (
        replace(found.view, model="tiny:vlm"),
        replace(found.view, protocol="sampled", n=2000, per_cond=20),
        replace(found.view, per_cond=20, k=9, permute=True),
    ):
        assert page_state.at_once(found, dear) is None


def test_a_riddle_stays_while_it_is_looked_at_and_goes_when_a_script_is_chosen():
    page = AuditView("scripted:fair")
    riddle = page_state.quiz(page)
    assert page_state.at_once(riddle, replace(page, n=50, temperature=0.2)) is None
    chosen = page_state.at_once(riddle, replace(page, model="scripted:planted"))
    assert chosen.view.model == "scripted:planted" and not chosen.secret


def test_files_and_answers_of_the_tour_are_those_of_the_sliders():
    found = finished(replace(SMALL, per_cond=8))
    assert export.download_at(found, 1000, 0.2, "csv") != export.download_at(found, 1000, 1.0, "csv")
    cold = found.looked_at(1000, 0.2)
    assert export.download_at(found, 1000, 0.2, "csv") == export.download(cold, "csv")


def test_ones_own_picture_on_a_network_and_on_a_script(tmp_path):
    folder = str(tiny_vlms.save("llava", tmp_path / "llava"))
    line, bars = own_picture.ask(tiny_vlms.picture(), "3, 5,7, 7", folder, 1.0)
    assert bars.count("<button") == 3 and "in " in line
    line, bars = own_picture.ask(tiny_vlms.picture(), "red, 7", "scripted:loves-7", 1.0)
    assert "do not look" in line and "75 %" in bars
    with pytest.raises(BadInput, match="picture"):
        own_picture.ask(None, "1, 2", "scripted:fair", 1.0)
    with pytest.raises(UnknownName, match="scripted:fair"):
        own_picture.ask(tiny_vlms.picture(), "1, 2", "scripted:far", 1.0)


@pytest.mark.parametrize("text", ["", "7", "7, 7", ",".join(map(str, range(99))), "a, " + "b" * 99])
def test_labels_that_cannot_be_used(text):
    with pytest.raises(BadInput, match="2 to"):
        own_picture.labels_of(text)


def test_the_tab_is_ready_and_has_its_names():
    assert TAB.ready()
    page = json.dumps(shell.build([TAB]).get_config_file(), default=str)
    for name in ("run", "cancel", "n", "temperature", "seed", "gallery", "curve", "status", "histogram", "verdict"):
        assert f'"audit-{name}"' in page
