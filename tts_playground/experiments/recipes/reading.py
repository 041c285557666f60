"""Recipes from YAML and from the words of a command line: unknown keys are refused by name, values by their key."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from tts_playground import files
from tts_playground.errors import BadInput, UnknownName, shown
from tts_playground.experiments.recipes.recipe import KEYS, PAGE_KEYS, Recipe
from tts_playground.home import expanded

SHIPPED = Path(__file__).parents[2] / "recipes"
"""the recipes that ship, a folder a model; ``recipes`` at the repository's root holds the same"""
LARGEST = 1 << 16
"""bytes of a recipe"""
ENDINGS = (".yaml", ".yml")
DEEPEST = 20
"""lists and mappings in one another that are looked at, to say which key is no plain value"""
_TRUE, _FALSE, _NONE = {"true", "yes", "on"}, {"false", "no", "off"}, {"none", "null", "~"}


def shipped() -> list[str]:
    """Short names of the recipes that ship: "tiny-math/best_of_n"."""
    return sorted(str(one.relative_to(SHIPPED).with_suffix("").as_posix()) for one in SHIPPED.rglob("*.yaml"))


def recipe_of(name: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe in a file, or one that ships by its short name, with some keys overridden.

    Raises:
        BadInput: it cannot be read, or a value cannot be used. UnknownName: no such recipe, or no such key.
    """
    return recipe_of_text(text_of(name), shown(name), overrides=overrides)


def text_of(name: str) -> str:
    """The YAML of a file, or of a recipe that ships.

    Raises:
        BadInput: it cannot be read. UnknownName: there is neither.
    """
    path, short = expanded(name), name.removeprefix("recipes/").removesuffix(".yaml")
    if not path.is_file() and short in shipped():
        path = SHIPPED / f"{short}.yaml"
    elif not name or (not path.exists() and path.suffix.lower() not in ENDINGS):
        raise UnknownName("recipe or YAML file", name, shipped())
    try:
        return files.read_plain(path, LARGEST).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"The recipe {shown(name)} is no text in UTF-8.") from error
    except OSError as error:
        raise BadInput(f"The recipe {shown(name)} cannot be read: {error.strerror or error}.") from error


def recipe_of_text(
    text: str, what: str = "of this page", *, overrides: Mapping[str, Any] | None = None, page: bool = False
) -> Recipe:
    """The recipe in a text of YAML.

    Args:
        what: what sentences call it.
        page: a stranger wrote it, so that keys beyond sampling and strategy are refused by name.

    Raises:
        BadInput: it is no YAML of keys and plain values, or a value cannot be used. UnknownName: no such key.
    """
    given = _pairs(text, what)
    for key in given:
        if key not in KEYS:
            raise UnknownName(f"key in the recipe {what}", key, KEYS)
        if page and key not in PAGE_KEYS:
            raise BadInput(f"A page takes no {key} in a recipe, only keys of sampling and strategy; run it from the "
                           "command line for that.")  # fmt: skip
    for key in overrides or {}:
        if key not in KEYS:
            raise UnknownName("key of a recipe", key, KEYS)
    return Recipe(**{key: fitted(key, value) for key, value in (given | dict(overrides or {})).items()})


def overrides_of(words: Sequence[str]) -> dict[str, str]:
    """Keys and values of the words of a command line: "--n=16", "--n 16", and "--push_to_hub" for true.

    Raises:
        BadInput: a word that is neither a key nor its value, or a key that is given twice.
    """
    found: dict[str, str] = {}
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if not word.startswith("--") or len(word) < 3:
            raise BadInput(f"{shown(word)!r} stands where a key of the recipe should; write --n=16, for example.")
        key, equals, value = word[2:].partition("=")
        if not equals:
            follows = place < len(words) and not words[place].startswith("--")
            value, place = (words[place], place + 1) if follows else ("true", place)
        key = key.replace("-", "_")
        if value == "true" and not equals and key in KEYS and bool not in _kinds(key):
            raise BadInput(f"The key {key} has no value; write --{key}=VALUE.")
        if key in found:
            raise BadInput(f"The key {shown(key)} is given twice; give it once.")
        found[key] = value
    return found


def fitted(key: str, value: Any) -> Any:
    """A value as its key has it; words such as "16", "true" or "none" are read where the key is no text.

    Raises:
        BadInput: a list or an object, which no key has.
    """
    if isinstance(value, (dict, list, set, tuple)):
        raise BadInput(f"The recipe's {key} must be a plain value, not a {type(value).__name__}.")
    kinds = _kinds(key)
    optional = type(None) in kinds
    if not isinstance(value, str):
        return str(value) if str in kinds and value is not None else value
    word = value.strip().lower()
    if optional and word in _NONE:
        return None
    if bool in kinds:
        return True if word in _TRUE else False if word in _FALSE else value
    if kinds & {int, float}:
        return _number(value, int in kinds)
    return value


def _kinds(key: str) -> set[Any]:
    """The types that a key's value may have."""
    hint = get_type_hints(Recipe)[key]
    return set(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else {hint}


def _number(text: str, whole: bool) -> Any:
    """The number that a text says; the text itself, which its key will refuse, where it says none."""
    for kind in (int, float) if whole else (float,):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _pairs(text: str, what: str) -> dict[str, Any]:
    """Keys and values of a YAML mapping, by the loader that makes nothing but plain values."""
    import yaml

    try:
        _check_depth(text, what)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        pairs = [] if node is None else list(node.value) if isinstance(node, yaml.MappingNode) else None
        if pairs is None:
            raise BadInput(f"The recipe {what} holds no keys with values, such as 'n: 16'.")
        found: dict[str, Any] = {}
        for key_node, value_node in pairs:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "a list or an object"
            if key in found:
                raise BadInput(f"The recipe {what} has the key {shown(key)} twice; give it once.")
            if not isinstance(value_node, yaml.ScalarNode):
                raise BadInput(f"The recipe's {shown(key)} must be a plain value, not a list or an object.")
            found[key] = _scalar(value_node, key)
        return found
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise BadInput(f"The recipe {what} is no YAML{where}: {problem}.") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"The recipe {what} is no YAML that can be read.") from error


def _check_depth(text: str, what: str) -> None:
    """Refuse what nests deeply at its first deep place: composing it takes seconds until Python's stack is full."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BadInput(f"The recipe {what} is no YAML that can be read: it nests too deeply.")


def _scalar(node: Any, key: str) -> Any:
    """The value of a key; where that is a text, as it stands: 007, on and 2024_11 are names there."""
    import yaml

    hint = get_type_hints(Recipe).get(key)
    whole = node.tag == "tag:yaml.org,2002:int"
    if whole and re.fullmatch(r"[-+]?(0[0-9_]+|[0-9_]+(:[0-9_]+)+)", node.value):
        return str(node.value)  # YAML 1.1 takes 1:30 for 90, and 010 for 8, which nobody means
    if node.tag == "tag:yaml.org,2002:float" and ":" in node.value:
        return str(node.value)
    plain = node.tag in {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "timestamp")}
    if plain and str in (get_args(hint) or (hint,)):
        return str(node.value)
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    finally:
        loader.dispose()
