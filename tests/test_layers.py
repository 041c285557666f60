"""Imports point down: a lower room never imports a higher one, and rooms on one line never import each other.

Nor do modules stand in a circle, whether they import at the top, in a function or for types alone.
"""

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tts_playground"
LEVELS = [
    {"errors", "moved"},
    {"files", "jsontext", "picture_bounds"},
    {"journal"},
    {"randomness", "home", "images", "typed", "answers"},
    {"core"},
    {"registry", "testing", "dsl", "streams", "cluster"},
    {"worlds", "estimators"},
    {"models"},
    {"samplers", "rewards", "verifiers", "strategies", "papers"},
    {"tasks"},
    {"store"},
    {"experiments"},
    {"figures"},
    {"auditing", "evolve"},
    {"train", "bench", "evaluation"},
    {"assignment", "lab"},
    {"pages"},
    {"gateway"},
    {"ui", "cli"},
    {"__main__"},
]
CALLED = ("cli", "ui")
"""the one arrow between rooms of a line: a verb starts the app"""
LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES
}


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def read(path: Path) -> tuple[list[tuple[int, str]], list[str]]:
    """(level, name in full) of all that a file imports, at its top, in a function or for types alone; its classes."""
    found, tree = [], ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.level, f"{node.module}.{alias.name}") for alias in node.names]
    return found, [node.name for node in tree.body if isinstance(node, ast.ClassDef)]


def imported_rooms(path: Path) -> set[str]:
    parts = [name.split(".") for _, name in read(path)[0]]
    return {one[1] for one in parts if one[0] == "tts_playground" and len(one) > 1 and one[1] in LEVEL}


def test_imports_are_written_in_full():
    assert not [str(path) for path in FILES if any(level for level, _ in read(path)[0])]


def test_every_file_stands_in_a_known_room():
    assert {room_of(path) for path in FILES} - {"__init__"} <= set(LEVEL)


def test_no_arrow_runs_up_or_sideways():
    wrong = []
    for path in FILES:
        here = room_of(path)
        if here != "__init__":
            above = [room for room in imported_rooms(path) - {here} if LEVEL[room] >= LEVEL[here]]
            wrong += [f"{path.relative_to(PACKAGE)} imports {room}" for room in above if (here, room) != CALLED]
    assert not wrong


def imported_modules(module: str, path: Path) -> set[str]:
    """The modules of the package that one names anywhere in it; a name inside a module counts for that module."""
    found = set()
    for _, name in read(path)[0]:
        while name and name not in MODULES:
            name = name.rpartition(".")[0]
        if name not in ("", module, "tts_playground"):
            found.add(name)
    return found


def test_no_modules_stand_in_a_circle():
    graph = {module: imported_modules(module, path) for module, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_no_two_public_classes_have_one_name():
    homes: dict[str, str] = {}
    for module, path in MODULES.items():
        for name in read(path)[1]:
            if not name.startswith("_"):
                assert homes.setdefault(name, module) == module, f"{name}: {homes[name]} and {module}"


def test_only_ui_imports_gradio():
    others = [path for path in FILES if room_of(path) != "ui"]
    assert not [str(path) for path in others if any(name.split(".")[0] == "gradio" for _, name in read(path)[0])]


def test_files_stay_short():
    assert not [str(path) for path in FILES if len(path.read_text().splitlines()) > 400]


HEAVY = ["torch", "transformers", "gradio", "plotly", "datasets", "shapely", "lark", "scipy", "pandas", "PIL", "numpy"]


def test_importing_the_package_imports_nothing_heavy():
    code = f"import sys, tts_playground; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom tts_playground.cli.app import build\n"
        "build()(['--help'], standalone_mode=False)\n"
        f"print([m for m in {HEAVY} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "sketch" in done.stdout


def test_no_two_test_files_share_a_name():
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))  # pytest imports them by their names alone
