"""Hypothesis strategies for whole programs, degenerate ones included, and small helpers of the DSL's tests."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

from tts_playground.dsl import Circle, Difference, Node, Program, Quad, Union

NUMBERS = st.integers(0, 15)
ANGLES = st.one_of(st.sampled_from(range(0, 360, 45)), st.integers(0, 359))
PRIMITIVES = st.one_of(
    st.builds(Circle, NUMBERS, NUMBERS, NUMBERS), st.builds(Quad, NUMBERS, NUMBERS, NUMBERS, NUMBERS, ANGLES)
)


def _operators(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    operands = st.lists(nodes, min_size=2, max_size=4).map(tuple)
    return st.one_of(st.builds(Union, operands), st.builds(Difference, operands))


NODES: st.SearchStrategy[Node] = st.recursive(PRIMITIVES, _operators, max_leaves=8)
PROGRAMS = st.one_of(st.just(Program()), NODES.map(Program))

FULL = "(Circle 15 8 8)"
"""covers the whole canvas in either mode"""


def without_one(node: Node) -> Iterator[Node | None]:
    """The tree without one of its operands, in every way; None where nothing is left."""
    if isinstance(node, (Circle, Quad)):
        return
    for place, operand in enumerate(node.operands):
        before, after = node.operands[:place], node.operands[place + 1 :]
        rest = (*before, *after)
        if isinstance(node, Difference) and place == 0:
            yield None
        else:
            yield rest[0] if len(rest) == 1 else type(node)(rest)
        for smaller in without_one(operand):
            if smaller is not None:
                yield type(node)((*before, smaller, *after))
