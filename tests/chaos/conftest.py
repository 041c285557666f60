"""Failures on purpose: run by .ci/run in a short form, and by hand in the long one (`--kills 200`)."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "store"))  # where the samplers of the store's tests are


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=20, help="processes that are killed while they write")


def pytest_collection_modifyitems(items):
    """The long form takes minutes: what hangs is still named."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(1800))
