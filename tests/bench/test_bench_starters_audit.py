"""The audit that ships: written by its script, recognised, and noticed when it is another model's."""

from dataclasses import replace

from tts_playground.auditing import run
from tts_playground.auditing.settings import Settings
from tts_playground.bench import starters_audit
from tts_playground.home import CHECKPOINTS
from tts_playground.models.embedded import TINY
from tts_playground.ui.audit import work
from tts_playground.ui.audit.choices import View


def test_a_starter_is_what_the_page_opens_on(tmp_path, monkeypatch):
    file = starters_audit.write(tmp_path / "audit.jsonl", "scripted:planted", Settings(per_cond=2))
    assert not starters_audit.stale(file, "scripted:planted")
    assert starters_audit.stale(file, "scripted:likes-the-middle") or starters_audit.stale(file, "scripted:loves-7")
    monkeypatch.setattr(work, "starter", lambda: file)
    monkeypatch.setattr(work, "default_view", lambda: replace(View(), model="tiny:vlm"))
    work.opening.cache_clear()
    opened = work.opening()
    work.opening.cache_clear()
    assert opened.view.model == "tiny:vlm" and len(opened.rows) == 13
    assert opened.report().summary["images"] == 12


def test_the_starter_that_ships_is_of_the_checkpoint_that_ships():
    both = run.starter().is_file(), any((CHECKPOINTS / TINY["tiny:vlm"]).glob("*.safetensors"))
    assert both[1] or not both[0]
    assert not (all(both) and starters_audit.stale(run.starter()))
