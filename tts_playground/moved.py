"""Modules under the names that they had in version 0.1: imports written then keep working.

A finder that looks each imported name up in a table, and knows those below alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module, util
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

_STORE = ("blobs", "database", "parquet", "pool", "rows", "starters", "store", "stored")
_ESTIMATORS = ("bands", "curves", "fits", "voting")
_FIGURES = (
    "answers",
    "audit",
    "lines",
    "prompts",
    "scores",
    "strategies",
    "sweeps",
    "theme",
    "tokens",
    "trace",
    "training",
)
MODULES = {
    "runs": "store",
    **{f"runs.{name}": f"store.{name}" for name in _STORE},
    **{f"runs.{name}": f"estimators.{name}" for name in _ESTIMATORS},
    **{f"runs.{name}": f"experiments.{name}" for name in ("comparison", "generated", "prompts", "sweeps", "trace")},
    "runs.answers": "experiments.question_sets",
    "runs.images": "experiments.image_pools",
    "runs.figures": "figures",
    **{f"runs.figures.{name}": f"figures.{name}" for name in _FIGURES},
    "worlds.answers": "answers",
    "verifiers.calibration": "estimators.calibration",
    "strategies.ledger": "strategies.budget",
    "bench.starters": "evaluation.make_starters",
    "bench.starters_audit": "evaluation.make_audit_starter",
    "ui.sketch.make_drawings": "pages.sketch.make_drawings",
}
"""{name in version 0.1: name now}, below ``tts_playground``"""
NAMES = {
    "runs.comparison": {"Plan": "ComparisonPlan", "Run": "StrategyRun"},
    "runs.rows": {"Row": "StoredRow"},
    "strategies.ledger": {"Ledger": "BudgetTracker", "stages": "checkpoints"},
}
"""{module: {name in it: name now}}"""
_HERE = "tts_playground."


class Moved(ModuleType):
    """A module under its former name; what is asked of it is asked of the module that it is now."""

    def __getattr__(self, name: str) -> Any:
        former = self.__name__.removeprefix(_HERE)
        if f"{former}.{name}" in MODULES:
            return import_module(f"{self.__name__}.{name}")
        now = import_module(_HERE + MODULES[former])
        return getattr(now, NAMES.get(former, {}).get(name, name))


class Finder(Loader):
    """Finds modules by their former names; importer and loader in one."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The place of a module by its former name, or None."""
        if name.removeprefix(_HERE) in MODULES and name.startswith(_HERE):
            return ModuleSpec(
                name, Finder(), is_package=any(other.startswith(f"{name}."[len(_HERE) :]) for other in MODULES)
            )
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that passes everything on."""
        return Moved(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: what it is now is imported when it is asked for something."""

    def get_code(self, name: str) -> CodeType | None:
        """The code of the module as it is now, for ``python -m`` with the former name."""
        spec = util.find_spec(_HERE + MODULES[name.removeprefix(_HERE)])
        return spec.loader.get_code(spec.name) if spec and isinstance(spec.loader, SourceFileLoader) else None


def install() -> None:
    """Let imports find modules by their former names; a second time changes nothing."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())  # first: folders that a former version left would hide what moved
