"""Kinds of component and of page that are made without a stub file: this package's folder is never written to.

Hooked: ``ComponentMeta`` and ``BlocksMeta``, whose ``__new__`` add listeners, which the class above has, and write a
.pyi file beside the class's own.
"""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

from gradio.blocks_events import BlocksMeta
from gradio.component_meta import ComponentMeta


class ComponentWithoutStub(ComponentMeta):
    """For subclasses of components."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]):
        """The class, and no file."""
        return ABCMeta.__new__(cls, name, bases, attrs)


class BlocksWithoutStub(BlocksMeta):
    """For subclasses of ``gr.Blocks``."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]):
        """The class, and no file."""
        return type.__new__(cls, name, bases, attrs)
