"""The audit that ships: written by its script, recognised, and noticed when it is another model's."""

from dataclasses import replace

import numpy as np

from tts_playground.auditing import responders, run
from tts_playground.auditing.settings import AuditSettings
from tts_playground.evaluation import make_audit_starter
from tts_playground.home import CHECKPOINTS
from tts_playground.models.hub.embedded_models import TINY
from tts_playground.pages.audit import page_state
from tts_playground.pages.audit.view_settings import AuditView

CLOSE = 1e-3
"""largest difference of a probability between machines"""


def _stale(file, model="tiny:vlm"):
    """Whether the first rows, asked again, have other probabilities."""
    rows = run.read(file)[:4]
    again = run.ask(responders.resolve(model), AuditSettings(), [row.picture for row in rows])
    return any(np.abs(np.subtract(a.digits, b.digits)).max() > CLOSE for a, b in zip(rows, again, strict=True))


def test_a_starter_is_what_the_page_opens_on(tmp_path, monkeypatch):
    file = make_audit_starter.write(tmp_path / "audit.jsonl", "scripted:planted", AuditSettings(per_cond=2))
    assert not _stale(file, "scripted:planted")
    assert _stale(file, "scripted:likes-the-middle") or _stale(file, "scripted:loves-7")
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
    assert not (all(both) and _stale(run.starter()))
