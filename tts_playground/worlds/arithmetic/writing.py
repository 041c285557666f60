"""How a solution is written: step by step, with steps joined, or with every calculation split up; right or wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random

from tts_playground.worlds.arithmetic.problem import Number, Quantity, calculate, expression
from tts_playground.worlds.arithmetic.story import Step, Story

PLAIN, SHORT, CAREFUL = "plain", "short", "careful"
"""a calculation a step; several calculations in one; each calculation split into easy ones"""
END = "Therefore, the final answer is: $\\boxed{{{}}}$. I hope it is correct."


def solution(
    story: Story,
    style: str = PLAIN,
    rng: Random | None = None,
    *,
    wrong: Mapping[int, Number] | None = None,
    joining: float = 0.7,
    reach: int = 3,
) -> str:
    """The solution of a finished story.

    Args:
        rng: chooses sentences, the order of independent steps and what is joined; None is the canonical solution.
        wrong: results that stand in place of the right ones, by the step's place in the story; what follows from them
            is calculated rightly.
        joining: part of the joinable steps that the short style joins.
        reach: calculations that it joins into one at most.

    Raises:
        ZeroDivisionError, ValueError: a wrong result cannot be carried on.
    """
    steps = story.steps if rng is None else _ordered(story.steps, rng)
    if style == SHORT and rng is not None:
        steps = _joined(steps, rng, joining, reach)
    values: dict[Quantity, Number] = {}
    instead = {story.steps[place].node: value for place, value in (wrong or {}).items()}
    for step in story.steps:
        value = instead.get(step.node)
        values[step.node] = _value(step.node, values) if value is None else value
        if instead and not story.fractions and isinstance(values[step.node], Fraction):
            raise ValueError
    shown: dict[Quantity, str] = {}
    parts = []
    for number, step in enumerate(steps, 1):
        _show_givens(story, step.node, shown)
        result = story.text(values[step.node])
        calculation = expression(step.node, shown)
        if style == CAREFUL and not (middle := split(story, step.node, values)).endswith(f" = {result}"):
            calculation += middle
        sentence = step.sentences[0] if rng is None else story_pick(rng, step.sentences)
        parts.append(f"## Step {number}: {sentence.replace('{}', f'{calculation} = {result}')}")
        shown[step.node] = result
    return "\n\n".join([*parts, END.format(story.text(values[story.steps[-1].node]))])


def story_pick(rng: Random, options: Sequence[str]) -> str:
    """One of ``options``."""
    return options[int(rng.random() * len(options))]


def _value(node: Quantity, values: Mapping[Quantity, Number]) -> Number:
    if node in values:
        return values[node]
    return calculate(node.op, [_value(part, values) for part in node.parts]) if node.op else node.value


def _show_givens(story: Story, node: Quantity, shown: dict[Quantity, str]) -> None:
    for part in node.parts:
        if not part.op:
            shown[part] = story.text(part.value)
        elif part not in shown:
            _show_givens(story, part, shown)


def _ordered(steps: list[Step], rng: Random) -> list[Step]:
    """Another order in which every step still follows what it needs; mostly the same one."""
    if len(steps) < 3 or rng.random() < 0.6:
        return steps
    waiting, done, own = list(steps), set(), {step.node for step in steps}
    found: list[Step] = []
    while waiting:
        free = [step for step in waiting if all(need in done for need in _needs(step.node, own))]
        step = free[int(rng.random() * len(free))]
        found.append(step)
        done.add(step.node)
        waiting.remove(step)
    return found


def _needs(node: Quantity, own: set[Quantity]) -> list[Quantity]:
    """Steps that a calculation uses directly."""
    return [found for part in node.parts for found in ([part] if part in own else _needs(part, own))]


def _joined(steps: list[Step], rng: Random, joining: float, reach: int) -> list[Step]:
    """Without some steps whose result is used once: the step that uses it calculates it on the way."""
    own = {step.node for step in steps}
    uses: dict[Quantity, list[Quantity]] = {}
    for step in steps:
        for need in _needs(step.node, own):
            uses.setdefault(need, []).append(step.node)
    size = {step.node: 1 for step in steps}
    kept = []
    for step in steps:
        users = uses.get(step.node, [])
        if len(users) == 1 and size[step.node] + size[users[0]] <= reach and rng.random() < joining:
            size[users[0]] += size[step.node]
            continue
        kept.append(step)
    return kept


# ------------------------------------------------------------------------------- calculations split up


def split(story: Story, node: Quantity, values: Mapping[Quantity, Number]) -> str:
    """What the careful style puts between a calculation and its result: " = 30 × 6 + 7 × 6 = 180 + 42", or ""."""
    numbers = [_value(part, values) for part in node.parts]
    if any(isinstance(number, Fraction) for number in numbers):
        return _split_fractions(story, node.op, numbers)
    whole = [int(number) for number in numbers]
    if len(whole) > 2:
        return _split_sum(whole) if node.op == "+" else ""
    if len(whole) < 2 or min(whole) < 0:
        return ""
    if any(part.op and part not in values for part in node.parts):  # "v × 25 ÷ 100": first the product
        return f" = {whole[0]} {'×' if node.op == '*' else '÷'} {whole[1]}" if node.op in "*/" else ""
    return {"+": _split_addition, "-": _split_difference, "*": _split_product, "/": _split_quotient}[node.op](*whole)


def places(number: int) -> list[int]:
    """347 as 300, 40 and 7."""
    digits = str(number)
    return [int(digit) * 10 ** (len(digits) - 1 - place) for place, digit in enumerate(digits) if digit != "0"]


def _split_addition(a: int, b: int) -> str:
    if a < 10 or b < 10 or a + b < 30:
        return ""
    size = 10 ** (len(str(max(a, b))) - 1)
    sums = []
    while size:
        if part := (a // size % 10 + b // size % 10) * size:
            sums.append(part)
        size //= 10
    return f" = {' + '.join(map(str, sums))}" if len(sums) > 1 else ""


def _split_difference(a: int, b: int) -> str:
    parts = places(b)
    if len(parts) < 2:
        return ""
    text, rest = f" = {a} - {' - '.join(map(str, parts))}", a
    while len(parts) > 1:
        rest -= parts.pop(0)
        text += f" = {rest} - {' - '.join(map(str, parts))}"
    return text


def _split_product(a: int, b: int) -> str:
    if len(places(a)) < len(places(b)) or (len(places(a)) == len(places(b)) and a < b):
        large, small = b, a
    else:
        large, small = a, b
    if large < 13 or small < 2 or len(places(large)) < 2:
        return ""
    cut, by = (places(small), large) if len(places(small)) > 1 else (places(large), small)
    products = " + ".join(f"{by} × {part}" for part in cut)
    return f" = {products} = {' + '.join(str(by * part) for part in cut)}"


def _split_quotient(a: int, b: int) -> str:
    if b == 0 or a % b or len(places(a // b)) < 2:
        return ""
    parts = places(a // b)
    return f" = {' + '.join(f'{part * b} ÷ {b}' for part in parts)} = {' + '.join(map(str, parts))}"


def _split_sum(numbers: list[int]) -> str:
    text, rest = "", list(numbers)
    while len(rest) > 2:
        rest = [rest[0] + rest[1], *rest[2:]]
        text += f" = {' + '.join(map(str, rest))}"
    return text


def _split_fractions(story: Story, op: str, numbers: list[Number]) -> str:
    if story.decimals or len(numbers) != 2:
        return ""
    a, b = (Fraction(number) for number in numbers)
    if op == "*":
        return f" = {a.numerator * b.numerator}/{a.denominator * b.denominator}"
    if op == "/":
        return f" = {a.numerator * b.denominator}/{a.denominator * b.numerator}"
    common = a.denominator * b.denominator // _gcd(a.denominator, b.denominator)
    tops = [int(part * common) for part in (a, b)]
    return f" = {tops[0]}/{common} {op} {tops[1]}/{common} = {calculate(op, [*tops])}/{common}"


def _gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a
