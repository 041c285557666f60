"""What README, examples and CONTRIBUTING of version 0.1 import is still there under those names."""

import subprocess
import sys
from importlib import import_module

import pytest

from tts_playground import moved

WRITTEN = [
    ("runs", "figures"),
    ("runs.comparison", "Plan"),
    ("runs.comparison", "compare"),
    ("runs.figures", "best_of_n"),
    ("runs.figures", "save"),
    ("runs.store", "Store"),
    ("runs.trace", "trace"),
    ("worlds.answers", "final_answer"),
    ("worlds.answers", "exact"),
    ("strategies.ledger", "Ledger"),
]


@pytest.mark.parametrize(("module", "name"), WRITTEN, ids=lambda part: part)
def test_a_name_of_version_0_1_is_what_it_is_now(module, name):
    former = getattr(import_module(f"tts_playground.{module}"), name)
    if f"{module}.{name}" in moved.MODULES:
        assert former is import_module(f"tts_playground.{module}.{name}")
        return
    now = import_module(f"tts_playground.{moved.MODULES[module]}")
    assert former is getattr(now, moved.NAMES.get(module, {}).get(name, name))


@pytest.mark.parametrize("former", sorted(moved.MODULES))
def test_every_former_module_leads_to_one_that_is_there(former):
    old, new = import_module(f"tts_playground.{former}"), import_module(f"tts_playground.{moved.MODULES[former]}")
    for name, now in moved.NAMES.get(former, {}).items():
        assert getattr(old, name) is getattr(new, now)
    public = [name for name in vars(new) if not name.startswith("_")]
    assert all(getattr(old, name) is getattr(new, name) for name in public if f"{former}.{name}" not in moved.MODULES)


def test_what_is_not_there_is_not_there():
    with pytest.raises(ImportError):
        import_module("tts_playground.runs.nothing")
    with pytest.raises(AttributeError):
        import_module("tts_playground.runs.curves").nothing  # noqa: B018


def test_a_former_name_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "tts_playground.bench.starters", "no-such-starter"], capture_output=True, text=True
    )
    assert "no-such-starter" in done.stderr and "Traceback" not in done.stderr
