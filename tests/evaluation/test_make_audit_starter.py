"""The audit that ships: written by its script, recognised, and noticed when it is another model's."""

from dataclasses import replace

from tts_playground.auditing import run
from tts_playground.auditing.settings import AuditSettings
from tts_playground.evaluation import make_audit_starter
from tts_playground.home import CHECKPOINTS
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.pages.audit import page_state
from tts_playground.pages.audit.view_settings import AuditView


def test_a_starter_is_what_the_page_opens_on(tmp_path, monkeypatch):
    file = make_audit_starter.write(tmp_path / "audit.jsonl", "scripted:planted", AuditSettings(per_cond=2))
    assert not make_audit_starter.stale(file, "scripted:planted")
    assert make_audit_starter.stale(file, "scripted:likes-the-middle") or make_audit_starter.stale(
        file, "scripted:loves-7"
    )
    monkeypatch.setattr(page_state, "starter", lambda: file)
    monkeypatch.setattr(page_state, "default_view", lambda: replace(AuditView(), model="tiny:vlm"))
    page_state.opening.cache_clear()
    opened = page_state.opening()
    page_state.opening.cache_clear()
    assert opened.view.model == "tiny:vlm" and len(opened.rows) == 13
    assert opened.report().summary["images"] == 12


def test_the_starter_that_ships_is_of_the_checkpoint_that_ships():
    both = run.starter().is_file(), any((CHECKPOINTS / TINY["tiny:vlm"]).glob("*.safetensors"))
    assert both[1] or not both[0]
    assert not (all(both) and make_audit_starter.stale(run.starter()))
