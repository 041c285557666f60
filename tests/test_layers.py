"""Imports point down: a lower room never imports a higher one, and rooms on one line never import each other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tts_playground"
LEVELS = [
    {"errors", "moved"},
    {"files", "jsontext", "picture_bounds"},
    {"journal"},
    {"randomness", "home", "images", "typed", "answers"},
    {"core"},
    {"registry", "testing", "dsl"},
    {"worlds", "estimators"},
    {"models"},
    {"samplers", "rewards", "verifiers", "strategies"},
    {"tasks"},
    {"store"},
    {"experiments"},
    {"figures"},
    {"auditing", "evolve"},
    {"train", "bench", "evaluation"},
    {"assignment"},
    {"pages"},
    {"ui", "cli"},
    {"__main__"},
]
LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
FILES = sorted(PACKAGE.rglob("*.py"))


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
