"""The Learn view without its page: data sets as walls, their reports, a run of fine-tuning, and pass@k."""

from __future__ import annotations

import base64
import contextvars
import html
import io
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from tts_playground.dsl import Program
from tts_playground.dsl.examples import PROGRAMS
from tts_playground.dsl.raster import draw
from tts_playground.errors import BadInput, PlaygroundError
from tts_playground.evolve import comparison
from tts_playground.evolve.evolution import EvolutionPlan, Generation, begin, evolve
from tts_playground.evolve.exclusion import Barred
from tts_playground.evolve.fitness import Fitness
from tts_playground.evolve.quality import Quality, analyze
from tts_playground.evolve.rows import hand_written
from tts_playground.models.zerogpu import on_gpu
from tts_playground.pages.sketch.panel import inline
from tts_playground.worlds import heldout

RECIPES = ("evolved", "hand-written", "fitness", "hybrid")
SIZES = (20, 200)
"""fewest and most programs of a data set made on a page"""
PULSE = 0.5
"""seconds between two reports of a training run that has no news"""
MOST = 32
"""adapters on this machine at which a page trains no more: which one may go is for a person to say"""
SIDE_OF_CELL = 48
"""pixels of a picture beside a reply"""
QUICK: dict[str, Any] = {"drawings": 8, "samples": 32}
"""pass@k on a page; the command line draws more"""


@dataclass(frozen=True, slots=True)
class DataSet:
    """What a page has made, or is making."""

    recipe: str
    texts: tuple[str, ...] = ()
    note: str = ""
    done: bool = False


def make(recipe: str, size: int, seed: int) -> Iterator[DataSet]:
    """A data set as it grows; the last one is done. Held-out drawings never enter.

    Raises:
        BadInput: no such recipe, or a size outside ``SIZES``.
    """
    if recipe not in RECIPES:
        raise BadInput(f"There is no recipe {str(recipe)[:40]!r}; choose one of: {', '.join(RECIPES)}.")
    if not SIZES[0] <= size <= SIZES[1]:
        raise BadInput(f"A data set made here has {SIZES[0]} to {SIZES[1]} programs, not {size}.")
    barred = held_out()
    if recipe == "hand-written":
        yield DataSet(recipe, tuple(hand_written(barred, size, seed=seed)), "by the generator", True)
        return
    plan = EvolutionPlan(size, seed=seed)
    if recipe != "evolved":
        plan = replace(plan, fitness=Fitness(), generated=size // 3 if recipe == "hybrid" else 0)
    population = begin(plan, barred)
    for report in evolve(population):
        texts = population.kept() if report.done else population.members[-size:]
        yield DataSet(recipe, tuple(member.text for member in texts), told(report, plan), report.done)


def held_out() -> Barred:
    """What no data set may hold: the held-out drawings and the four well-known programs."""
    return Barred([*heldout.texts(), *PROGRAMS.values()])


def told(report: Generation, plan: EvolutionPlan) -> str:
    """Where an evolution stands, in words."""
    away = sorted(report.rejected.items(), key=lambda pair: -pair[1])
    reasons = ", ".join(f"{times} × “{reason}”" for reason, times in away[:4])
    turned = f"; turned away: {reasons}" if reasons else ""
    return f"{report.members} of {plan.wanted} programs after {report.attempts} mutations{turned}"


def wall(made: DataSet | None) -> str:
    """The pictures of a data set as one inline picture."""
    if made is None or not made.texts:
        return ""
    stream = io.BytesIO()
    sheet = comparison.wall(made.texts, columns=20, most=SIZES[1], side=44)
    sheet.convert("L").save(stream, "PNG", optimize=True)
    source = base64.b64encode(stream.getvalue()).decode()
    alt = f"pictures of {len(made.texts)} programs, {made.recipe}"
    return f'<img alt="{html.escape(alt)}" style="width:100%" src="data:image/png;base64,{source}">'


def judged(sets: Sequence[DataSet]) -> dict[str, Quality]:
    """The quality of data sets, by recipe."""
    return {made.recipe: analyze(made.texts) for made in sets if made.texts}


def quality(whole: Mapping[str, Quality]) -> str:
    """The quality of data sets side by side, as an HTML table; a star marks the best of a row."""
    return as_table(*comparison.table(whole)) if whole else ""


def all_four(size: int, seed: int) -> list[DataSet]:
    """Every recipe's data set."""
    return [list(make(recipe, size, seed))[-1] for recipe in RECIPES]


@dataclass(frozen=True, slots=True)
class Picture:
    """A cell that shows what a program draws."""

    program: Program
    words: str
    """for those who do not see it"""

    def __str__(self) -> str:
        source = inline(np.asarray(draw(self.program, SIDE_OF_CELL, "reference"))[..., 0] == 0)
        return f'<img alt="{html.escape(self.words)}" width="{SIDE_OF_CELL}" height="{SIDE_OF_CELL}" src="{source}">'


def as_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table as HTML; everything but pictures is escaped."""
    head = "".join(f"<th scope='col'>{html.escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scrolls"><table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(cell: Any) -> str:
    # a star stays beside its number
    return str(cell) if isinstance(cell, Picture) else html.escape(str(cell)).replace(" *", "&nbsp;*")


# ------------------------------------------------------------------------------------------------ fine-tuning


@dataclass(frozen=True, slots=True)
class LearnRun:
    """A run of fine-tuning as it goes."""

    losses: tuple[tuple[int, float], ...] = ()
    total: int = 0
    adapter: str = ""
    """its name once it is saved"""
    verdict: str = ""
    """whether it has learned, by rows that were held back"""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """of the saved adapter: settings, size, and the loss of rows that were held back"""


@on_gpu(120)
def tune(base: str, name: str, made: DataSet | None) -> Iterator[LearnRun]:
    """Fine-tune on a data set, a report a step; closing the generator stops the training.

    Raises:
        BadInput: there is no data set yet, the name is taken, or there are ``MOST`` adapters.
        ModelUnavailable: the model is not here.
    """
    from tts_playground.evolve.rows import dataset
    from tts_playground.pages.sketch import held_back
    from tts_playground.train.finetune.adapting import adapt, free_name, reserve

    if made is None or not made.done:
        raise BadInput("Make a data set first; the model learns from it.")
    room()
    chosen = name.strip() or free_name(f"tuned-{made.recipe}")
    reserve(chosen)
    rows: list[Any] = list(dataset(made.texts))
    used, kept = held_back.split(rows)
    settings, note = held_back.tuning(len(used)), f"{len(rows)} rows, {made.recipe}"
    run = LearnRun()
    for step, adapter in _told(lambda tell: adapt(base, chosen, used, settings, note=note, watch=tell, held=kept)):
        if step is not None:
            run = LearnRun((*run.losses, (step.number, step.loss)), step.total)
        if adapter is None:
            yield run
            continue
        held = adapter.facts.get("held_out")
        verdict = held_back.of_fact(held) if held else ""
        yield replace(run, adapter=adapter.name, verdict=verdict, facts=adapter.facts)


def room() -> None:
    """Raises BadInput, before anything is trained, where as many adapters are kept as a page may fill the disk with."""
    from tts_playground.models import adapters

    kept = sorted(adapters.listed(), key=lambda one: one.folder.stat().st_mtime)
    if len(kept) >= MOST:
        raise BadInput(
            f"This server keeps {len(kept)} adapters, and pages train no more beyond {MOST}; delete the folder of one"
            f" (the oldest is {kept[0].name!r}) and train again: `python -m tts_playground adapters` shows where it is."
        )


def _told(job: Callable[[Callable[[Any], bool]], Any]) -> Iterator[tuple[Any, Any]]:
    """(news, result) of a job in a thread as it goes; (None, None) where there is no news, a result at the end.

    The job calls its argument with news, and should end when the answer is False: then nobody listens any more.
    """
    heard: queue.Queue[tuple[Any, Any]] = queue.Queue()
    stop = threading.Event()

    def tell(news: Any) -> bool:
        heard.put((news, None))
        return not stop.is_set()

    def work() -> None:
        try:
            heard.put((None, job(tell)))
        except Exception as error:  # handed to the page, which tells a fault from a sentence
            heard.put((None, error))

    here = contextvars.copy_context()  # a thread's own would forget that only registered names count
    threading.Thread(target=here.run, args=(work,), daemon=True).start()
    try:
        result = None
        while result is None:
            try:
                news, result = heard.get(timeout=PULSE)
            except queue.Empty:
                news = None  # a page that closes, or a stop, gets through all the same
            if isinstance(result, Exception):
                raise result
            yield news, result
    finally:
        stop.set()


# ------------------------------------------------------------------------------------------------------ pass@k


@dataclass(frozen=True, slots=True)
class Curves:
    """pass@k of a model and its adapters, or how far the drawing of their pools is."""

    note: str = ""
    figure: Any = None
    words: tuple[str, ...] = ()


@on_gpu(120)
def pass_curves(base: str, tuned: Sequence[str]) -> Iterator[Curves]:
    """pass@k drawn now, in small; the last report has the figure. Closing the generator stops the drawing."""
    from tts_playground.evaluation import pass_at_k

    def draw(tell: Callable[[str], bool]) -> Any:
        def watch(model: str, number: int) -> None:
            if not tell(f"{model}: {number} of {QUICK['drawings']} drawings, {QUICK['samples']} programs each"):
                raise PlaygroundError("stopped")

        return pass_at_k.draw([base, *tuned], **QUICK, watch=watch)

    shown = Curves()
    for note, pools in _told(draw):
        if note is not None:
            shown = Curves(note)
        yield shown if pools is None else _curves(pools)


def _curves(pools: Any) -> Curves:
    from tts_playground.evaluation import pass_at_k

    lines = pass_at_k.curves(pools)
    return Curves("", pass_at_k.figure(lines), tuple(pass_at_k.verdict(lines, pools)))


@cache
def shipped_curves() -> tuple[Any, str]:
    """(figure, sentence) of the pools that ship; where none do, the figure says so and the sentence is empty."""
    from tts_playground import figures
    from tts_playground.evaluation import pass_at_k

    try:
        shipped = _curves(pass_at_k.read())
    except PlaygroundError:
        missing = "No pass@k pools are on this machine yet; the button above draws small ones."
        return figures.empty(missing.replace("; ", ";<br>")), ""
    return shipped.figure, " ".join(shipped.words)
