"""Types say what is there: the rooms that pyright reads strictly, and how often a checker is told to look away."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tts_playground"
STRICT = (
    "core",
    "estimators",
    "models/decode",
    "models/janus",
    "models/vlm",
    "registry",
    "strategies",
)
MOST_IGNORED = 8
RELAXED = {
    "reportMissingTypeStubs",
    "reportPrivateUsage",
    "reportUnknownArgumentType",
    "reportUnknownMemberType",
    "reportUnknownVariableType",
}
"""what a strict file may let go, because a library that it calls has no types"""


def files_of(room: str) -> list[Path]:
    path = PACKAGE / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


STRICT_FILES = [path for room in STRICT for path in files_of(room)]


def test_pyright_reads_these_rooms_strictly():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    assert sorted(told["strict"]) == [f"tts_playground/{room}" for room in STRICT]
    assert "tts_playground" in told["include"] and not told.get("exclude")
    assert all(files_of(room) for room in STRICT)


def test_a_strict_file_lets_go_only_what_a_library_leaves_open():
    for path in STRICT_FILES:
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if not (rules := re.fullmatch(r"\s*#\s*pyright:\s*(.*)", line)):
                continue
            given = [rule.strip().partition("=") for rule in rules[1].split(",")]
            assert {name for name, _, _ in given} <= RELAXED, f"{path}: {line}"
            assert number and re.match(r"# \w.{10,}\.$", lines[number - 1]), f"{path}: the line above says why: {line}"


def test_a_checker_is_told_to_look_away_seldom_and_with_a_reason():
    found = [
        (f"{path.relative_to(ROOT)}:{number}", line)
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"#\s*(type|pyright):\s*ignore", line)
    ]
    assert len(found) <= MOST_IGNORED, found
    bare = [where for where, line in found if "type: ignore" in line and not re.search(r"ignore\[[\w-]+\] - \S+", line)]
    assert not bare, f"say why after {bare}"


def any_samplers(source: str) -> list[int]:
    """Lines on which something called ``sampler`` is said to be of any type at all."""
    lines: list[int] = []
    if "Any" not in source or "sampler" not in source:
        return lines
    for node in ast.walk(ast.parse(source)):
        name = node.arg if isinstance(node, ast.arg) else ""
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        if name.endswith("sampler") and isinstance(kind := getattr(node, "annotation", None), ast.Name):
            lines += [node.lineno] if kind.id == "Any" else []
    return lines


def test_a_sampler_of_any_type_is_seen():
    assert sorted(any_samplers("def f(sampler: Any): ...\nclass A:\n    sampler: Any\nsampler: Any = 1")) == [1, 3, 4]
    assert any_samplers("def f(sampler: Sampler, task: Any, *, most): ...\nsampler = f()") == []


def test_a_sampler_has_a_type():
    paths = sorted(PACKAGE.rglob("*.py"))
    found = {str(path.relative_to(PACKAGE)): any_samplers(path.read_text()) for path in paths}
    assert not {path: lines for path, lines in found.items() if lines}
