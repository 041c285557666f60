"""What people read for a strategy: its title where it is registered, alike in menus, legends and sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tts_playground import registry
from tts_playground.experiments.comparison import StrategyPoint


def title(strategy: str) -> str:
    """A strategy's name within a sentence, a table or a legend; "best_of_n" is a recipe's word."""
    name = strategy.replace("_", "-")
    return registry.entry("strategy", name).title if name in registry.names("strategy") else name


def called(strategy: str) -> str:
    """A strategy's name at the beginning of a sentence."""
    name = title(strategy)
    return name[0].upper() + name[1:]


def needs_large(strategy: str) -> bool:
    """Whether a strategy asks for words that a small model has not learnt."""
    name = strategy.replace("_", "-")
    return name in registry.names("strategy") and "large model" in registry.entry("strategy", name).summary


def titled(points: Iterable[StrategyPoint]) -> list[StrategyPoint]:
    """Points of a figure, under their titles."""
    return [replace(point, label=title(point.label)) for point in points]
