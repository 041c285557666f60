"""Imports point down: a lower room never imports a higher one, and rooms on one line never import each other.

Nor do modules stand in a circle, whether they import at the top, in a function or for types alone.
"""

import ast
import subprocess
import sys
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
LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES
}


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "tts_playground" and len(parts) > 1 and parts[1] in LEVEL:
                rooms.add(parts[1])
    return rooms


def test_every_file_stands_in_a_known_room():
    assert {room_of(path) for path in FILES} - {"__init__"} <= set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_arrow_runs_up_or_sideways(path):
    here = room_of(path)
    if here == "__init__":
        return
    for room in imported_rooms(path) - {here}:
        allowed = LEVEL[room] < LEVEL[here] or (here, room) == ("cli", "ui")
        assert allowed, f"{path.relative_to(PACKAGE)} ({here}) imports {room}"


def imported_modules(module: str, path: Path) -> set[str]:
    """The modules of the package that one names anywhere in it; a name inside a module counts for that module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
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
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert homes.setdefault(node.name, module) == module, f"{node.name}: {homes[node.name]} and {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_ui_imports_gradio(path):
    names = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert room_of(path) == "ui" or not any(name.split(".")[0] == "gradio" for name in names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_stay_short(path):
    assert len(path.read_text().splitlines()) <= 400


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
