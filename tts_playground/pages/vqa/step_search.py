"""A search over reasoning steps, for the eye: what it costs, and its steps as a tree to look at and to read."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tts_playground import figures, registry
from tts_playground.answers import groups
from tts_playground.errors import BadInput
from tts_playground.experiments.comparison import BASELINE
from tts_playground.experiments.trace import Node, Trace, trace
from tts_playground.models.zerogpu import on_gpu, seconds_for
from tts_playground.pages import menu
from tts_playground.pages.commands import PICTURE, command, embedded, writes_picture
from tts_playground.pages.made import made
from tts_playground.pages.status import status
from tts_playground.pages.vqa import sentences
from tts_playground.pages.vqa.page_state import before
from tts_playground.pages.vqa.render import picture_lines
from tts_playground.pages.vqa.sentences import mark_of
from tts_playground.pages.vqa.view_settings import DRAWN_WITH, VqaView
from tts_playground.tasks.vqa import VqaTask, short_answer, vqa_sampler
from tts_playground.tasks.vqa_replies import PLAIN
from tts_playground.tasks.vqa_search import Searched, StepSearch, search_steps

FATES = {
    "best": ("★", "the guide's choice"),
    "finished": ("●", "whole"),
    "went on": ("○", "went on"),
    "dropped": ("✕", "dropped"),
}
STEP, NARROWEST = 130, 640
"""pixels of a step, and of a whole tree at least"""
BESIDE = 16
"""characters beside a view in the figure"""
NOTHING = '<p class="what">Press “Search”: the steps then stand here as a tree, and to read.</p>'


def heading_of(strategy: str) -> str:
    """A strategy's name at the beginning of a sentence."""
    name = registry.entry("strategy", strategy).title
    return name[0].upper() + name[1:]


def search(picture: Any, view: VqaView, strategy: str, guide: str, n: float) -> Iterator[Searched]:
    """The search as far as it has come, after each line of the replies.

    Raises:
        BadInput: no picture, an unusable question, or a strategy, guide or n that is not offered.
    """
    if picture is None:
        raise BadInput("There is no picture; drop one, or pick an example.")
    yield from _search(VqaTask.of(picture, view.question, view.truths), view, StepSearch(strategy, guide, int(n)))


def _seconds(task: VqaTask, view: VqaView, how: StepSearch) -> int:
    return seconds_for(view.model, how.n, 3 * view.settings.most_tokens)  # a guide reads every unfinished reply


@on_gpu(_seconds, before)
def _search(task: VqaTask, view: VqaView, how: StepSearch) -> Iterator[Searched]:
    sampler = vqa_sampler(view.model, replace(view.settings, template=PLAIN))  # steps are no single word
    yield from search_steps(task.blank() if view.blank else task, sampler, how, seed=view.seed)


def tree(found: Searched | None) -> Any:
    """Who descended from whom: a line a reply, from left to right a line of reasoning."""
    if found is None:
        return figures.empty("Press “Search”.")
    shown = trace(found.rounds)
    figure = figures.trace_tree(shown, caption=lambda node: _caption(found, node), mark=lambda node: _link(found, node))
    # a step has its room however many there are: the block scrolls, and text keeps its size
    return figure.update_layout(width=max(NARROWEST, STEP * (shown.horizon + 1)), dragmode="pan")


def _link(found: Searched, node: Node) -> str:
    """Whole replies light up with the row of their answer."""
    return mark_of(groups([short_answer(node.sample)])[0]) if node.fate in ("best", "finished") else ""


def _lines(node: Node) -> list[str]:
    """The lines that this view added to what it goes on from."""
    return list(node.sample.info.get("lines", ()))[node.left :]


def _mark(found: Searched, node: Node) -> str:
    """ "right", "wrong", or "" where the truth is not known or there is no answer yet."""
    if node.fate not in ("best", "finished"):
        return ""
    right = found.task.right(short_answer(node.sample))
    return "" if right is None else ("right" if right else "wrong")


def _caption(found: Searched, node: Node) -> tuple[str, str]:
    mark, lines = _mark(found, node), _lines(node)
    whole = node.fate in ("best", "finished")
    short = short_answer(node.sample) if whole else (lines[-1] if lines else "")
    short = short if len(short) <= BESIDE else short[: BESIDE - 1] + "…"
    sign = {"right": "✓ ", "wrong": "✗ ", "": ""}[mark]
    said = [html.escape(line[:100]) for line in node.sample.info.get("lines", ())]
    return html.escape(sign + short), "<br>".join([*said, *([f"<b>{mark}</b>"] if mark else [])])


def reading(found: Searched | None) -> str:
    """The same tree as nested lists, to read: the lines of every reply, what the guide says, and what became of it."""
    if found is None or not found.rounds:
        return NOTHING
    shown = trace(found.rounds)
    below: dict[int | None, list[int]] = defaultdict(list)
    for place, node in enumerate(shown.nodes):
        below[node.parent].append(place)
    strong = set(shown.lineage(shown.best))
    return f'<div class="steptree">{_list(found, shown, below, strong, None)}</div>'


def _list(found: Searched, shown: Trace, below: dict[int | None, list[int]], strong: set[int], top: int | None) -> str:
    items = []
    for place in below[top]:
        node = shown.nodes[place]
        mark, (sign, fate) = _mark(found, node), FATES[node.fate]
        classes = " ".join(filter(None, (node.fate.replace(" ", "-"), mark, "line" if place in strong else "")))
        text = "<br>".join(html.escape(line[:120]) for line in _lines(node)) or "(nothing)"
        guide = registry.entry_of_reward(found.how.guide).title
        facts = ", ".join(filter(None, (f"{guide} {node.reward:.2f}", fate, mark)))
        deeper = _list(found, shown, below, strong, place)
        items.append(f"<li class='{classes}'><span>{sign} {text}</span> <small>{facts}</small>{deeper}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""


def headline(found: Searched) -> str:
    """The status line and its strip of numbers."""
    if not found.done:
        note = found.rounds[-1].note
        return status(f"{heading_of(found.how.strategy)}: {note}; {len(found.finished)} whole.", busy=True)
    if found.best is None:
        return status("No reply came to its end.")
    shown, cost = trace(found.rounds), found.cost
    right = found.task.right(found.answer or "")
    verdict = "" if right is None else (", which is right" if right else ", which is wrong")
    line = f"{heading_of(found.how.strategy)} says “{found.answer}”{verdict}."
    if found.task.answers:
        hits = sum(bool(found.task.right(short_answer(one.sample))) for one in found.finished)
        whole = len(found.finished)
        if whole == 1:
            line += f" The one whole reply is {'right' if hits else 'wrong'}."
        else:
            line += f" {hits} of the {whole} whole replies {'is' if hits == 1 else 'are'} right."
    worth = "–" if found.worth is None else f"{found.worth:.1f}".removesuffix(".0")
    strip = [
        ("whole replies", f"{len(found.finished)}", "Replies that came to their end."),
        ("tokens", f"{cost.tokens:,}", "Tokens generated, those of dropped lines included."),
        ("verifications", f"{cost.verifier_calls}", "Unfinished and whole replies judged by P(yes)."),
        ("whole answers' worth", worth, "As many independent answers the same tokens would have bought."),
        ("shared", f"{shown.shared:,}", "Tokens that copies took over from the replies they were copied from."),
        ("time", f"{cost.seconds:.1f} s", "Wall-clock time on the server."),
    ]
    return status(line, strip)


def made_of(found: Searched, view: VqaView) -> str:
    """The controls that a search depends on."""
    of: dict[str, Any] = {name: getattr(view, name) for name in DRAWN_WITH} | {"question": view.question}
    of |= {} if view.blank else {"picture": found.task.picture}
    said = f"{heading_of(found.how.strategy)} for “{view.question[:60]}” by {sentences.asked_with(view)}"
    return made("vqa", said, of, part="vqa-steps")


def as_python(found: Searched | None, view: VqaView | None) -> str:
    """A script that repeats the search; runs as pasted. A picture too large for a script is to be saved beside it."""
    if found is None or view is None:
        return "# Search first; the script that repeats it then stands here."
    given: dict[str, Any] = {"model": view.model, "strategy": found.how.strategy, "guide": found.how.guide}
    given |= {"n": found.how.n, "seed": view.seed}
    given |= ({"answers": view.truths} if view.truths else {}) | ({"blank": True} if view.blank else {})
    options = "".join(f"    {name}={value!r},\n" for name, value in given.items())
    return (
        "import base64\n\n"
        "from tts_playground.samplers.vlm_settings import AnswerSettings\n"
        "from tts_playground.tasks.vqa_search import reason\n\n"
        f"{picture_lines(found.task.image)}"
        f"found = reason(\n    picture,\n    {found.task.question!r},\n{options}"
        f"    settings=AnswerSettings({view.temperature!r}, {view.top_p!r}, {view.top_k!r}),\n)\n"
        "for one in found.finished:\n"
        "    print(f\"{one.reward:.3f}  {one.sample.info['lines']}\")\n"
        "print(found.answer, found.cost)\n"
    )


def as_command(found: Searched | None, view: VqaView | None) -> str:
    """The same for a terminal."""
    if found is None or view is None:
        return "# Search first; the command that repeats it then stands here."
    given = {name: getattr(view, name) for name in DRAWN_WITH}
    given |= {"strategy": found.how.strategy, "guide": found.how.guide, "n": found.how.n}
    given |= {"truth": view.truths[0]} if view.truths else {}
    line = command("answer", (PICTURE, found.task.question), given)
    return writes_picture(embedded(found.task.image)) + line


def guides() -> list[tuple[str, str]]:
    """(words, name) of what may judge unfinished replies, for a menu."""
    return [(f"{row.title} of the reply so far", row.name) for row in registry.rewards("vqa")]


def strategies() -> list[tuple[str, str]]:
    """(words, name) of the searches over steps, for a menu."""
    return [(words, name) for words, name in menu.strategies("vqa") if name != BASELINE]
