"""Without a story: the families "expressions", "fractions" and "number puzzles"."""

from __future__ import annotations

from fractions import Fraction

from tts_playground.worlds.arithmetic.problem import Number, Quantity, expression
from tts_playground.worlds.arithmetic.story import Step, Story, Unfit

_STEP = ("We calculate {}.", "{}.", "Next, {}.", "This gives {}.")


def expressions(s: Story) -> None:
    """An expression with brackets, worked out from the inside."""
    s.least = 0
    root = _tree(s, s.level)
    _written(s, root)
    shown = {node: str(node.value) for node in _leaves(root)}
    text = expression(root, shown)
    s.say(
        "ask",
        f"Calculate {text}.",
        f"What is {text}?",
        f"Find the value of {text}.",
        f"Work out {text}.",
        f"Evaluate {text}.",
    )


def _tree(s: Story, operations: int) -> Quantity:
    """A random expression of whole numbers, each of its results among them."""
    if operations == 0:
        least = 1 if s.split == "train" else 2  # people ask for 1 + 1 first; math-eval stays what it is
        return s.number(least, 180) if s.chance(0.6) else s.number(least, 30)
    op = s.pick("++--**/")
    inside = s.between(0, operations - 1)
    sizes = (inside, operations - 1 - inside)
    if op == "/":
        right = s.number(2, 24)
        left = _tree(s, operations - 1)
        if operations == 1:
            left = s.given(int(right.value) * s.between(2, 60))
        elif left.value % right.value:
            found = [d for d in range(2, 25) if left.value % d == 0 and left.value]
            if not found:
                raise Unfit
            right = s.given(s.pick(found))
    else:
        left, right = _tree(s, sizes[0]), _tree(s, sizes[1])
        if op == "*" and (left.value * right.value > 9999 or min(left.value, right.value) > 60):
            raise Unfit
    for part in (left, right):
        if part.op:
            s.follows(part.op, op)
    return s.joined(op, left, right)


def _leaves(node: Quantity) -> list[Quantity]:
    return [leaf for part in node.parts for leaf in _leaves(part)] if node.parts else [node]


def _written(s: Story, node: Quantity) -> None:
    for part in node.parts:
        if part.op:
            _written(s, part)
    s.steps.append(Step(node, _STEP))


def fractions(s: Story) -> None:
    """Sums, differences, products and quotients of fractions, from left to right."""
    if s.level > 3:
        raise Unfit
    s.fractions, s.least = True, Fraction(1, 60)
    value = _fraction(s)
    text, last = s.text(value.value), "start"
    for place in range(s.level):
        op = s.pick("++--*/")
        if op == "+":
            other = _fraction(s)
        elif op == "-":
            other = _fraction(s)
            if other.value >= value.value:
                raise Unfit
        else:
            other = Quantity(s.between(2, 9)) if s.chance(0.5) else _fraction(s)
        s.follows(last, op)
        if place:
            text = f"({text})"
        right = s.text(other.value)
        right = f"({right})" if "/" in right and op in "*/" else right
        text = f"{text} {'×' if op == '*' else '÷' if op == '/' else op} {right}"
        value = s.step(op, (value, other), *_STEP)
        if Fraction(value.value).denominator > 60 or value.value > 40:
            raise Unfit
        last = op
    s.say("ask", f"What is {text}?", f"Calculate {text} as a fraction.", f"Work out {text}.")


def _fraction(s: Story) -> Quantity:
    bottom = s.pick((2, 3, 4, 5, 6, 8, 9, 10, 12))
    found = [top for top in range(1, bottom) if Fraction(top, bottom).denominator == bottom]
    return Quantity(Fraction(s.pick(found), bottom))


def puzzles(s: Story) -> None:
    """A number that somebody thinks of, found by going back; or the result of what is done to a known one."""
    p = s.person()
    forward = s.chance(0.4)
    value, last = s.between(3, 90), "start"
    if forward:
        value = s.number(3, 120).value
    told: list[tuple[str, int]] = []
    for _ in range(s.level):
        op = s.pick("+-*/+")
        n = s.between(2, 120 if op in "+-" else 12)
        if op == "/":
            n = s.divisor(value, 2, 12)
        if op == "-" and n >= value - 1:
            raise Unfit
        if told and {told[-1][0], op} in ({"+", "-"}, {"*", "/"}):
            raise Unfit
        s.given(n)
        s.follows(last, op)
        told.append((op, n))
        value = {"+": value + n, "-": value - n, "*": value * n, "/": value // n}[op]
        if value > 20_000:
            raise Unfit
        last = op
    start = _start_of(told, value)
    said = [_doing(s, op, n) for op, n in told]
    doing = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and then {said[-1]}"
    if forward:
        s.say(
            "forward",
            f"{p.name} takes the number {start}. {p.They} {doing}. Which number is the result?",
            f"{p.name} starts with {start} and {doing}. What does {p.they} get?",
            also=(
                f"{p.name} {doing}, beginning with {start}. What is the result?",
                f"What does {p.name} get if {p.they} {doing} and starts with {start}?",
            ),
        )
        node = Quantity(start)
        for op, n in told:
            node = s.step(op, (node, Quantity(n)), "The number is now {}.", "This gives {}.", "{}.")
        return
    s.say(
        "back",
        f"{p.name} thinks of a number. {p.They} {doing}. The result is {value}. Which number was it?",
        f"{p.name} {doing}, beginning with a secret number, and gets {value}. What is the secret number?",
        also=(
            f"{p.name} {doing}, and the result is {value}. Which number was it before that?",
            f"{p.name} gets {value}. Before that {p.they} {doing}. What was the number?",
            f"What is the secret number if {p.name} {doing} and gets {value}?",
        ),
    )
    node = s.given(value)
    for op, n in reversed(told):
        back = {"+": "-", "-": "+", "*": "/", "/": "*"}[op]
        node = s.step(
            back, (node, Quantity(n)), "Before that the number was {}.", "Going back, {}.", "We undo this: {}."
        )


def _start_of(told: list[tuple[str, int]], value: Number) -> Number:
    for op, n in reversed(told):
        value = {"+": value - n, "-": value + n, "*": value // n, "/": value * n}[op]
    return value


def _doing(s: Story, op: str, n: int) -> str:
    if op == "+":
        return s.worded("adds", f"adds {n}", f"increases it by {n}", also=(f"takes {n} more", f"makes it {n} more"))
    if op == "-":
        return s.worded("takes", f"takes away {n}", f"subtracts {n}")
    if op == "*":
        return s.worded(
            "times",
            f"multiplies it by {n}",
            f"takes it {n} times",
            also=(f"makes it {n} times as large", f"takes {n} times that"),
        )
    return s.worded("divides", f"divides it by {n}", f"splits it into {n} equal parts and keeps one")
