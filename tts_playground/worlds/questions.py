"""Questions about infographics with answers, reasoning steps and near misses, all read off the figure itself.

A harder question is answered in short lines that end with "answer: ...", an easy one directly::

    apple 12
    kiwi 37
    12 + 37 = 49
    answer: 49
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tts_playground.worlds.infographics import Figure
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.wording import (
    ABOVE,
    COLOR_OF,
    COLORS,
    COMPARE,
    COUNT,
    DIFFERENCE,
    HIGHEST,
    LABEL_OF,
    LEAST,
    LOWEST,
    MOST,
    OF_COLOR,
    READ,
    SHARES,
    SUM,
    TEMPLATES,
    TITLE,
    TITLES,
    TOTAL,
)

MARK = "answer:"
"""what the last line of a reasoned answer begins with"""
EASY = (READ, COUNT, COLOR_OF, OF_COLOR, TITLE)
"""kinds answered without steps: what a curriculum begins with"""


@dataclass(frozen=True, slots=True)
class FigureQuestion:
    """One question about one figure."""

    kind: str
    text: str
    answer: str
    """short and in lower case: a number, a label, a colour"""
    steps: tuple[str, ...]
    """reasoning, one line each; empty for easy questions"""
    misses: tuple[str, ...]
    """wrong answers such as a hasty reader gives"""

    @property
    def reply(self) -> str:
        """What a model should say."""
        return "\n".join((*self.steps, f"{MARK} {self.answer}")) if self.steps else self.answer


def final_answer(reply: str) -> str:
    """The short answer in a reply: what follows the last "answer:", or the whole of it; stripped."""
    return reply.rsplit(MARK, 1)[-1].strip() if MARK in reply else reply.strip()


def plausible(kind: str, figure: Figure) -> int:
    """How many answers the question could have as far as a blind reader can know."""
    if kind in (LABEL_OF, HIGHEST, LOWEST, OF_COLOR):
        return 100
    if kind in (COMPARE, ABOVE, COUNT, COLOR_OF, TITLE):
        return {COMPARE: 2, ABOVE: 6, COUNT: 6, COLOR_OF: len(COLORS), TITLE: len(TITLES)}[kind]
    return {"pictogram": 20, "number": 900}.get(figure.kind, 98)


Made = tuple[dict[str, str], str, tuple[str, ...], list[str]]
"""words for the template, answer, steps, near misses"""


def _lines(figure: Figure, places: list[int]) -> list[str]:
    return [f"{figure.labels[i]} {figure.values[i]}" for i in places]


def near_numbers(draw: Draw, value: int) -> list[str]:
    """Numbers that a misread digit or a slip would give: one digit changed, digits swapped, off by a little."""
    text = str(value)
    place = draw.below(len(text))
    changed = text[:place] + str(draw.below(10)) + text[place + 1 :]
    slips = [value + draw.pick((-10, -2, -1, 1, 2, 10)), value + draw.pick((-1, 1)), int(changed), int(text[::-1])]
    return [str(slip) for slip in slips if slip > 0]


def _read(figure: Figure, draw: Draw) -> Made:
    i = draw.below(len(figure.labels))
    value = figure.values[i]
    steps = (f"{value // figure.unit} x {figure.unit}",) if figure.unit > 1 else ()
    others = [str(v) for v in figure.values if v != value]
    return {"a": figure.labels[i]}, str(value), steps, [*others, *near_numbers(draw, value)]


def _label_of(figure: Figure, draw: Draw) -> Made:
    i = draw.below(len(figure.labels))
    steps = tuple(_lines(figure, list(range(len(figure.labels)))))
    return {"v": str(figure.values[i])}, figure.labels[i], steps, _others(figure, i)


def _others(figure: Figure, i: int) -> list[str]:
    return [label for label in figure.labels if label != figure.labels[i]]


def _extreme(pick: Callable, label: bool) -> Callable[[Figure, Draw], Made]:
    def make(figure: Figure, draw: Draw) -> Made:
        everything = list(range(len(figure.labels)))
        i = pick(everything, key=figure.values.__getitem__)
        steps = tuple(_lines(figure, everything))
        if label:
            return {}, figure.labels[i], steps, _others(figure, i)
        value = figure.values[i]
        return {}, str(value), steps, [*(str(v) for v in figure.values if v != value), *near_numbers(draw, value)]

    return make


def _two(figure: Figure, draw: Draw) -> tuple[int, int]:
    first, second = draw.shuffled(range(len(figure.labels)))[:2]
    return first, second


def _compare(figure: Figure, draw: Draw) -> Made:
    i, j = _two(figure, draw)
    larger, smaller = (i, j) if figure.values[i] > figure.values[j] else (j, i)
    words = {"a": figure.labels[i], "b": figure.labels[j]}
    return words, figure.labels[larger], tuple(_lines(figure, [i, j])), [figure.labels[smaller]]


def _sum(figure: Figure, draw: Draw) -> Made:
    i, j = _two(figure, draw)
    a, b = figure.values[i], figure.values[j]
    steps = (*_lines(figure, [i, j]), f"{a} + {b} = {a + b}")
    wrong = [str(a + v) for k, v in enumerate(figure.values) if k not in (i, j)]
    return {"a": figure.labels[i], "b": figure.labels[j]}, str(a + b), steps, [*wrong, *near_numbers(draw, a + b)]


def _difference(figure: Figure, draw: Draw) -> Made:
    i, j = _two(figure, draw)
    high, low = max(figure.values[i], figure.values[j]), min(figure.values[i], figure.values[j])
    steps = (*_lines(figure, [i, j]), f"{high} - {low} = {high - low}")
    wrong = [str(abs(high - v)) for k, v in enumerate(figure.values) if k not in (i, j)]
    words = {"a": figure.labels[i], "b": figure.labels[j]}
    return words, str(high - low), steps, [*wrong, *near_numbers(draw, high - low)]


def _total(figure: Figure, draw: Draw) -> Made:
    running, steps = figure.values[0], _lines(figure, list(range(len(figure.labels))))
    for value in figure.values[1:]:
        steps.append(f"{running} + {value} = {running + value}")
        running += value
    return {}, str(running), tuple(steps), [str(running - figure.values[-1]), *near_numbers(draw, running)]


def _above(figure: Figure, draw: Draw) -> Made:
    bound = 5 * draw.between(min(figure.values) // 5, max(figure.values) // 5)
    count = sum(value > bound for value in figure.values)
    steps = tuple(_lines(figure, list(range(len(figure.labels)))))
    return {"v": str(bound)}, str(count), steps, [str(n) for n in (count - 1, count + 1) if n >= 0]


def _count(figure: Figure, draw: Draw) -> Made:
    n = len(figure.labels)
    return {}, str(n), (), [str(n - 1), str(n + 1)]


def _color_of(figure: Figure, draw: Draw) -> Made:
    i = draw.below(len(figure.labels))
    others = [c for c in figure.colors if c != figure.colors[i]]
    return (
        {"a": figure.labels[i]},
        figure.colors[i],
        (),
        [*others, draw.pick([c for c in COLORS if c not in figure.colors])],
    )


def _of_color(figure: Figure, draw: Draw) -> Made:
    i = draw.below(len(figure.labels))
    return {"c": figure.colors[i]}, figure.labels[i], (), _others(figure, i)


_ALL_TITLES = tuple(title for titles in TITLES.values() for title in titles)


def _title(figure: Figure, draw: Draw) -> Made:
    return {}, figure.title, (), [draw.pick([title for title in _ALL_TITLES if title != figure.title])]


MAKERS: dict[str, Callable[[Figure, Draw], Made]] = {
    READ: _read,
    LABEL_OF: _label_of,
    HIGHEST: _extreme(max, label=True),
    LOWEST: _extreme(min, label=True),
    MOST: _extreme(max, label=False),
    LEAST: _extreme(min, label=False),
    COMPARE: _compare,
    SUM: _sum,
    DIFFERENCE: _difference,
    TOTAL: _total,
    ABOVE: _above,
    COUNT: _count,
    COLOR_OF: _color_of,
    OF_COLOR: _of_color,
    TITLE: _title,
}


def askable(figure: Figure, kind: str) -> bool:
    """Whether the question makes sense for the figure."""
    if kind in (COLOR_OF, OF_COLOR):
        return figure.colorful
    if figure.kind == "number" and kind in (SUM, DIFFERENCE, TOTAL, COUNT, ABOVE):
        return False
    if len(figure.labels) < 2:
        return kind in (READ, LABEL_OF, TITLE)
    return kind != TOTAL or len(figure.labels) <= 3


def ask(figure: Figure, kind: str, draw: Draw, *, unseen: bool = False) -> FigureQuestion:
    """A question of a kind that is ``askable``; ``unseen`` takes the wording that training never hears."""
    words, answer, steps, misses = MAKERS[kind](figure, draw)
    wordings = TEMPLATES[kind]
    text = wordings[-1] if unseen else draw.pick(wordings[:-1])
    wrong = tuple(dict.fromkeys(miss for miss in misses if miss != answer))
    return FigureQuestion(kind, text.format(**words), answer, steps, wrong)


def pick_kind(figure: Figure, draw: Draw, easy: float = 0.0) -> str:
    """A kind of question by its share, or, with probability ``easy``, one of the easy kinds."""
    chance = draw()
    pool = EASY if chance < easy else SHARES
    kinds = [kind for kind in pool if askable(figure, kind)]
    left = draw() * sum(SHARES[kind] for kind in kinds)
    for kind in kinds:
        left -= SHARES[kind]
        if left <= 0:
            return kind
    return kinds[-1]


def closeness(answer: str, proposed: str) -> int:
    """A rating 0-10 of a proposed answer: 10 for the truth, 0 to 4 for wrong ones, more for nearer numbers."""
    if proposed == answer:
        return 10
    if not (answer.isdigit() and proposed.isdigit()):
        return 1
    off = abs(int(answer) - int(proposed)) / max(1, int(answer))
    return 4 if off <= 0.05 else 2 if off <= 0.3 else 0


def misread(figure: Figure, draw: Draw) -> Figure:
    """The figure as a hasty reader sees it: one number misread, or the numbers of two items swapped."""
    values = list(figure.values)
    i, j = _two(figure, draw) if len(values) > 1 else (0, 0)
    if i != j and draw() < 0.4:
        values[i], values[j] = values[j], values[i]
    else:
        found = [int(text) for text in near_numbers(draw, values[i] // figure.unit)]
        values[i] = draw.pick(found or [values[i] + 1]) * figure.unit
    return replace(figure, values=tuple(values))


def wrong_reply(figure: Figure, question: FigureQuestion, numbers: list[float], draw: Draw) -> str:
    """A whole reply with a wrong answer; "" when none was found.

    Args:
        numbers: what the question was made from (``ask(figure, kind, Draw(numbers))``).
    """
    if question.steps and draw() < 0.75:
        for _ in range(4):
            other = ask(misread(figure, draw), question.kind, Draw(numbers))
            if other.text == question.text and other.answer != question.answer:
                return other.reply
    if not question.misses:
        return ""
    answer = draw.pick(question.misses)
    if not question.steps:
        return answer
    last = question.steps[-1]
    slipped = f"{last.rsplit('=', 1)[0]}= {answer}" if "=" in last else last
    return "\n".join((*question.steps[:-1], slipped, f"{MARK} {answer}"))
