"""Numbers in model cards: measured ones replace rows of the same name, whatever else the card says stays."""

import json

import pytest

from tts_playground.errors import BadInput
from tts_playground.models.hub import cards

OLD = (
    "# tiny:x\n\nAbout.\n\n| measured on held-out scenes | value |\n|---|---|\n| loss | 2.5000 |\n\nAfter the table.\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "README.md").write_text(OLD)
    (tmp_path / "results.json").write_text(json.dumps({"loss": 2.5}))
    return tmp_path


def test_new_rows_join_the_old_ones_and_the_text_around_stays(folder):
    cards.record(folder, {"rate": {"value": 0.5, "low": 0.25, "high": 0.75, "n": 12}})
    text = (folder / "README.md").read_text()
    assert text.startswith("# tiny:x\n\nAbout.\n\n| measured on held-out data | value | low | high | n |\n")
    assert "| loss | 2.5000 | | | |\n| rate | 0.5000 | 0.2500 | 0.7500 | 12 |\n\nAfter the table.\n" in text
    assert cards.known(folder) == {"loss": 2.5, "rate": {"value": 0.5, "low": 0.25, "high": 0.75, "n": 12}}


def test_measuring_again_replaces_and_changes_nothing_else(folder):
    cards.record(folder, {"rate": {"value": 0.5, "low": 0.25, "high": 0.75, "n": 12}})
    first = (folder / "README.md").read_text()
    cards.record(folder, {"rate": {"value": 0.625, "low": 0.25, "high": 0.75, "n": 99}})
    assert (folder / "README.md").read_text() == first.replace("0.5000 |", "0.6250 |").replace("| 12 |", "| 99 |")


def test_how_it_was_measured_stands_below_the_table_once(folder):
    cards.record(folder, {"rate": 0.5}, "a look.")
    cards.record(folder, {"rate": 0.5}, "a longer look.")
    cards.record(folder, {"rate": 0.25})
    text = (folder / "README.md").read_text()
    assert "| rate | 0.2500 | | | |\n\nMeasured by a longer look.\n\nAfter the table.\n" in text
    assert text.count("Measured by") == 1


def test_a_card_without_a_table_gets_one_and_a_folder_without_a_card_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no model card"):
        cards.record(tmp_path, {"a": 1.0})
    (tmp_path / "README.md").write_text("# x\n")
    cards.record(tmp_path, {"a": 1.0})
    assert (tmp_path / "README.md").read_text().endswith("| a | 1.0000 | | | |\n")
