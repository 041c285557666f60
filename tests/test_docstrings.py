"""Docstrings name the errors of this library that a function raises, and say what they mean."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tts_playground import errors

PACKAGE = Path(errors.__file__).parent
TREE = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.PlaygroundError)}
NO_LIBRARY = ("cli/", "ui/sketch/api.py", "ui/t2i/api.py", "ui/vqa/api.py")
"""docstrings there are help texts of verbs and endpoints, whose readers see a sentence and no class"""
OF_CLASS = ("__init__", "__post_init__", "__new__", "__call__")
"""methods whose errors the class's docstring names"""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(
    body: list[ast.stmt], owner: ast.ClassDef | None = None
) -> Iterator[tuple[ast.ClassDef | None, Function]]:
    """The public functions and methods of a module; what a function defines inside itself is its own affair."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from functions(node.body, node)
        elif isinstance(node, Function) and (not node.name.startswith("_") or node.name.startswith("__")):
            yield owner, node


def raised(function: Function) -> set[str]:
    """The errors of the tree that its own body raises by name."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (*Function.__args__, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            found.add(error.attr if isinstance(error, ast.Attribute) else getattr(error, "id", ""))
        waiting += ast.iter_child_nodes(node)
    return found & TREE


def silent(source: str) -> list[str]:
    """The functions of a module that raise errors of the tree of which their docstrings name none."""
    found: list[str] = []
    if "raise" not in source:  # which spares two files of three the parsing
        return found
    for owner, function in functions(ast.parse(source).body):
        words = ast.get_docstring(function) or ""
        if owner is not None and function.name in OF_CLASS:
            words += ast.get_docstring(owner) or ""
        if (names := raised(function)) and not any(name in words for name in names):
            found.append(f"{function.name} raises {', '.join(sorted(names))}")
    return found


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if not str(path.relative_to(PACKAGE)).startswith(NO_LIBRARY)]


def test_what_is_raised_is_named():
    found = {str(path.relative_to(PACKAGE)): silent(path.read_text()) for path in FILES}
    assert len(found) > 500 and not {path: names for path, names in found.items() if names}


SPEAKING, MUTE = '"""Raises BadInput where it is none."""', '"""A number."""'


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (f"def f(x):\n    {MUTE}\n    raise BadInput(x)", ["f raises BadInput"]),
        (f"def f(x):\n    {MUTE}\n    if x:\n        raise errors.CannotDo(x) from None", ["f raises CannotDo"]),
        (f"class A:\n    {MUTE}\n    def __init__(self):\n        raise ReadOnly('')", ["__init__ raises ReadOnly"]),
        (f"class A:\n    {SPEAKING}\n    def __init__(self):\n        raise BadInput('')", []),
        (f"class A:\n    {SPEAKING}\n    def f(self):\n        raise BadInput('')", ["f raises BadInput"]),
        (f"def f(x):\n    {SPEAKING}\n    raise BadInput(x)", []),
        (f"def f(x):\n    {MUTE}\n    raise ValueError(x)", []),
        (f"def f(x):\n    {MUTE}\n    def g():\n        raise BadInput(x)\n    return g", []),
        ("def _f(x):\n    raise BadInput(x)", []),
    ],
)
def test_a_docstring_that_is_silent_is_found(source, found):
    assert silent(source) == found
