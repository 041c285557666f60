"""What comes out, for the eye: the headline, a node to read, who picks which answer at N, and the figures."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import Any

from tts_playground import figures
from tts_playground.errors import plural
from tts_playground.experiments.step_tree import StepNode, StepTree
from tts_playground.figures.lines import mark_of
from tts_playground.figures.places import of_selector
from tts_playground.figures.theme import COLOURS
from tts_playground.pages.math.accuracy_data import SHOWN
from tts_playground.pages.math.many_problems import one_band
from tts_playground.pages.math.page_state import MathPageState, opening_view
from tts_playground.pages.math.solution_pool import CALLED, SELECTORS, SolutionPool, accuracy_curves
from tts_playground.pages.math.tree_picture import FATES, answer_mark, colour, tree_picture
from tts_playground.pages.math.view_settings import EMBEDDED, MathView, same_search, summary
from tts_playground.pages.status import status
from tts_playground.pages.strategy_names import called, needs_large
from tts_playground.tasks.solving import vote_of

HELLO = "Pick a problem or write your own, and press “Solve”."


def headline(state: MathPageState) -> str:
    """The sentence that matters, and a strip of numbers."""
    tree = state.tree
    if tree is None:
        return status(HELLO) if state.view.problem in ("", opening_view().problem) else _offer(state.view)
    if not state.done:
        return status(f"{called(tree.strategy)}: {tree.notes[-1] if tree.notes else 'begins'}.", busy=True)
    if tree.chosen is None:
        return status(f"{called(tree.strategy)} brought no solution to its end.", _strip(tree))
    strong, rest = _verdict(tree, bool(state.view.reward))
    return status(" ".join(filter(None, (rest, _caveat(state)))), _strip(tree), strong=strong)


def _caveat(state: MathPageState) -> str:
    """What is asked of a model that cannot do it."""
    assert state.tree is not None
    if state.view.model != EMBEDDED or not needs_large(state.tree.strategy):
        return ""
    return f"{EMBEDDED} has learnt to write solutions and nothing else: this strategy needs a large model."


def _offer(view: MathView) -> str:
    """What a link, or a page that is loaded again, asks and nobody has solved yet."""
    press = '<button type="button" class="plainbutton" data-press="math-run">Solve it</button>'
    told = html.escape(f"“{shortened(view.problem.strip())}” by {summary(view)}: not solved yet on this page.")
    return f'<div class="note"><p>{told} {press}</p></div>'


def _verdict(tree: StepTree, judged: bool) -> tuple[str, str]:
    """(what the search answers and by what, how many of its solutions are right)."""
    chosen = tree.chosen
    assert chosen is not None
    right = {True: ", which is right", False: ", which is wrong", None: ""}[chosen.right]
    vote = vote_of(tree.strategy, judged)
    how = f" by a {vote} vote" if vote and len(tree.finished) > 1 else ""
    said, rest = f"{called(tree.strategy)} answers “{chosen.answer}”{how}{right}.", ""
    if not chosen.answer:
        said = f"{called(tree.strategy)} gives no answer."
    whole = tree.finished
    if whole and all(node.right is not None for node in whole):
        hits = sum(bool(node.right) for node in whole)
        if len(whole) > 1:
            rest = f"{hits or 'None'} of its {len(whole)} solutions {'is' if hits <= 1 else 'are'} right."
    return said, rest


def _strip(tree: StepTree) -> list[tuple[str, str, str]]:
    dropped = sum(node.fate == "dropped" for node in tree.nodes)
    return [
        ("solutions", f"{len(tree.finished)}", "Solutions that came to their end."),
        ("steps", f"{len(tree.nodes)}", "Steps drawn, those of dropped paths included."),
        ("dropped", f"{dropped}", "Unfinished paths that were not drawn any further."),
        ("tokens", f"{tree.tokens:,}", "Tokens generated, those of dropped steps included."),
        ("judged", f"{tree.verifier_calls:,}", "Times that the process reward looked at a path or a solution."),
        ("time", f"{tree.seconds:.1f} s", "Wall-clock time on the server."),
    ]


def tree_of(state: MathPageState) -> str:
    """The search."""
    return tree_picture(state.tree, read=_read(state.tree, None))


def beside_of(state: MathPageState) -> str:
    """The other strategy's search, and a sentence that compares the two."""
    tree, first = state.beside, state.tree
    if tree is None or first is None:
        return '<p class="what">Press “Compare” to see another strategy on this problem with as many tokens.</p>'
    return tree_picture(tree, board="beside", title=called(tree.strategy))


def beside_reading(state: MathPageState) -> str:
    """The steps that the other strategy chose; nothing before there is one."""
    return reading(state.beside) if state.beside is not None and state.tree is not None else ""


def compared(state: MathPageState) -> str:
    """Who was right, and what each spent."""
    first, other = state.tree, state.beside
    if first is None or other is None:
        return ""
    if not state.done:
        return status(f"{called(other.strategy)}: {other.notes[-1] if other.notes else 'begins'}.", busy=True)
    parts = []
    for tree in (first, other):
        said, spent = tree.chosen.answer if tree.chosen else "", f"with {plural(tree.tokens, 'token')}"
        right = {True: ", right", False: ", wrong", None: ""}[tree.chosen.right if tree.chosen else None]
        told = f"says “{said}”{right}, {spent}" if said else f"gives no answer, {spent}"
        parts.append(f"{called(tree.strategy)} {told}.")
    return status(" ".join(parts))


def stale(state: MathPageState, view: MathView) -> str:
    """A note where the settings on the page are no longer those of what is shown; else nothing."""
    if state.tree is None or same_search(view, state.view):
        return ""
    which = "Problem" if view.problem.strip() != state.view.problem.strip() else "Settings"
    of = f"“{shortened(state.view.problem.strip())}”, " if which == "Problem" else ""
    words = f"{which} changed; this tree is from {of}{summary(state.view)}."
    press = '<button type="button" class="plainbutton" data-press="math-run">Solve</button>'
    return f'<div class="note"><p>{html.escape(words)} {press}</p></div>'


def _read(tree: StepTree | None, chosen: int | None) -> int | None:
    if tree is None or not tree.nodes:
        return None
    return chosen if chosen is not None and 0 <= chosen < len(tree.nodes) else tree.best


def reading(tree: StepTree | None, chosen: int | None = None) -> str:
    """The steps of one node, what the reward says of each, its tokens, and whether it is right."""
    place = _read(tree, chosen)
    if tree is None or place is None:
        return '<p class="what">Click a node to read its steps.</p>'
    line = [tree.nodes[one] for one in tree.lineage(place)]
    node = line[-1]
    rows = "".join(_row(number, one) for number, one in enumerate(line, 1) if one.steps)
    tokens = sum(one.tokens for one in line)
    told = {True: "right", False: "wrong", None: ""}[node.right]
    facts = [f"{plural(len(node.steps), 'step')}", plural(tokens, "token"), FATES[node.fate], told]
    head = html.escape(", ".join(filter(None, facts)))
    answer = f" Answer: <b>{html.escape(node.answer)}</b>." if node.answer else ""
    return f'<div class="math-read"><p>{head}.{answer}</p><ol tabindex="0" aria-label="The steps">{rows}</ol></div>'


def _row(number: int, node: StepNode) -> str:
    mark = {True: '<b class="ok">✓</b>', False: '<b class="no">✗</b>', None: ""}[node.right]
    score = (
        f'<span class="score"><i style="width:{100 * min(1, max(0, node.score)):.0f}%;background:{colour(node.score)}">'
        f"</i></span> {node.score:.2f}"
    )
    text = "<br>".join(_plain(part[:400]) for part in node.steps[-1].split("\n"))
    return f'<li>{text}<div class="facts">{score} · {plural(node.tokens, "token")} {mark}</div></li>'


def _plain(line: str) -> str:
    """A line of a step as HTML, without the marks of headings and boxes that a model writes."""
    said = html.escape(re.sub(r"^#+\s+", "", line))
    return _BOX.sub(r'<b class="box">\1</b>', said)


_BOX = re.compile(r"\$?\\boxed\{([^{}]*)\}\$?")


# ------------------------------------------------------------------------------------------------------------ picks


def picks(pool: SolutionPool | None, n: int, aggregation: str) -> str:
    """What each selector picks among the first N solutions, and at which N it changes its mind."""
    if pool is None or not pool.solutions:
        return '<p class="what">Independent solutions of one problem, and who picks which, stand here.</p>'
    n = max(1, min(int(n), len(pool.solutions)))
    picked = pool.picks(n, aggregation)
    rows = "".join(_pick_row(pool, name, n, aggregation) for name in picked)
    return (
        f'<div class="math-picks"><p>{html.escape(_said(pool, picked))}</p><table class="plain"><thead><tr>'
        f"<th>selector</th><th>picks</th><th>changed at N =</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def chips(pool: SolutionPool | None, n: int, aggregation: str) -> str:
    """The solutions in order of drawing with their scores; the first N count, and what is picked is framed."""
    if pool is None or not pool.solutions:
        return ""
    n = max(1, min(int(n), len(pool.solutions)))
    picked = set(pool.picks(n, aggregation).values())
    rewards = pool.rewards(aggregation)
    found = []
    for place, one in enumerate(pool.solutions):
        sign = {True: "✓", False: "✗", None: ""}[one.right]
        score = f", score {rewards[place]:.2f}" if pool.judged else ""
        words = f"solution {place + 1}: {one.answer or 'no answer'}{score}"
        marks = ("later" if place >= n else "") + (" picked" if place in picked else "")
        small = f"<small>{rewards[place]:.2f}</small>" if pool.judged else ""
        found.append(
            f'<span class="chip {marks}" tabindex="0" data-marks="solution-{place} {answer_mark(one.answer)}"'
            f' title="{html.escape(words)}" style="--score:{colour(rewards[place])}">'
            f"<b>{html.escape(_short(one.answer))}</b> {sign}{small}</span>"
        )
    return f'<div class="math-picks"><div class="chips">{"".join(found)}</div></div>'


def shortened(problem: str, most: int = 60) -> str:
    """A problem for a line."""
    return problem if len(problem) <= most else problem[: most - 1] + "…"


def _short(answer: str) -> str:
    return (answer if len(answer) <= 10 else answer[:9] + "…") or "–"


def _said(pool: SolutionPool, picked: dict[str, int]) -> str:
    right = [CALLED[name] for name, place in picked.items() if pool.solutions[place].right]
    if not any(pool.solutions[place].answer for place in picked.values()):
        return "No selector finds an answer."
    if any(pool.solutions[place].right is None for place in picked.values()):
        answers = {pool.names[place] for place in picked.values()}
        return "All selectors agree." if len(answers) == 1 else f"The selectors give {len(answers)} different answers."
    if len(right) == len(picked):
        return "Every selector picks the right answer."
    if not right:
        return "No selector picks the right answer."
    return (
        f"Right: {', '.join(right)}. Wrong: {', '.join(CALLED[name] for name in picked if CALLED[name] not in right)}."
    )


def _pick_row(pool: SolutionPool, name: str, n: int, aggregation: str) -> str:
    flips = _flips(pool, aggregation)[name]
    place = pool.picks(n, aggregation)[name]
    one = pool.solutions[place]
    mark = {True: ' <b class="ok">✓</b>', False: ' <b class="no">✗</b>', None: ""}[one.right]
    changed = [at + 1 for at in range(1, len(flips)) if flips[at] != flips[at - 1]]
    told = ", ".join(f"<b>{at}</b>" if at == n else str(at) for at in changed[:10]) or "never"
    line = mark_of(_labels(pool, aggregation).get(name, name))
    return (
        f'<tr title="{SELECTORS[name]}" tabindex="0" data-marks="{line} solution-{place}">'
        f'<th scope="row">{_dot(name)}{CALLED[name]}</th>'
        f"<td>{html.escape(_short(one.answer))}{mark}{_tie(pool, name, n)}</td><td>{told}</td></tr>"
    )


def _tie(pool: SolutionPool, name: str, n: int) -> str:
    tied = pool.tied(n) if name == "majority" else 0
    return f" <small>tie of {tied}: the first</small>" if tied > 1 else ""


def _dot(name: str) -> str:
    """The colour of a selector's line."""
    shade = COLOURS[of_selector(CALLED[name]) or 0] if name in SHOWN else "transparent"
    return f'<i class="dot" style="background:{shade}"></i>'


@lru_cache(maxsize=64)
def _labels(pool: SolutionPool, aggregation: str) -> dict[str, str]:
    """Selector -> what its curve is called."""
    return {name: curve.label for name, curve in accuracy_curves([pool], aggregation).items()}


@lru_cache(maxsize=64)
def _flips(pool: SolutionPool, aggregation: str) -> dict[str, list[str]]:
    return pool.flips(aggregation)


# ---------------------------------------------------------------------------------------------------------- figures


def own_curve(pool: SolutionPool | None, n: int, aggregation: str) -> Any:
    """The chance that each selector is right on this problem, against N."""
    if pool is None or not pool.solutions:
        return figures.empty("The chance that each is right, against N.").update_layout(height=120)
    curves = accuracy_curves([pool], aggregation)
    if not curves:
        return figures.empty("Unknown answer: write it in More settings.").update_layout(height=120)
    n = max(1, min(int(n), len(pool.solutions)))
    drawn = one_band([curves[name] for name in (*SHOWN, "pass") if name in curves])
    figure = figures.best_of_n(*drawn, at=n, measure="chance to be right").update_layout(height=230)
    _marked(figure, pool, {mark_of(curves[name].label): name for name in curves}, aggregation)
    figure.update_xaxes(title_text="")  # N is the slider above
    return figure.update_yaxes(range=[-0.03, 1.03])


def _marked(figure: Any, pool: SolutionPool, selectors: dict[str, str], aggregation: str) -> None:
    """Let each point light whom its selector picks among the first N; one of the oracle, all that are right."""
    for trace in figure.data:
        told = (trace.meta or {}).get("marks")
        if not isinstance(told, (list, tuple)):
            continue
        points = []
        for one, n in zip(told, trace.x, strict=True):
            line = one.split()[-1]
            first, picked = range(int(n)), pool.picks(int(n), aggregation)
            name = selectors.get(line, "")
            places = [picked[name]] if name in picked else [at for at in first if pool.solutions[at].right]
            points.append(" ".join([line, *(f"solution-{place}" for place in places)]))
        trace.meta = {"marks": points}
