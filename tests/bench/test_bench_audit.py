"""The audit's bench on a random network: rows, and an agreement that notices when draws do not fit."""

from dataclasses import replace

import pytest
import tiny_vlms

from tts_playground.auditing import choice
from tts_playground.auditing.pictures import pictures
from tts_playground.auditing.scripted import named
from tts_playground.bench import audit


def test_rows_beside_the_proof_of_concepts_way(tmp_path):
    folder = str(tiny_vlms.save("llava", tmp_path))
    result = audit.run(folder, per_cond=1, draws=20, peers=1)
    assert result["name"] == "audit" and len(result["rows"]) == 5
    assert all(row["peer"] > 0 and row["ratio"] > 0 for row in result["rows"][3:])


def test_agreement_of_fair_draws_and_of_wrong_ones():
    shown = pictures(("sym",), 20, 4, permute=False, seed=0, control=False)
    exact = choice.exact(named("scripted:hasty"), shown)
    drawn = choice.sampled(named("scripted:hasty"), shown, 400)
    assert audit.agreement(exact, drawn) >= 0.95
    other = choice.sampled(named("scripted:loves-7"), shown, 400)
    assert audit.agreement(exact, other) == 0
    impossible = [replace(row, digits=(400.0,) + (0.0,) * 9) for row in drawn if 0 not in row.shown]
    assert audit.agreement([row for row in exact if 0 not in row.shown], impossible) == pytest.approx(0)
