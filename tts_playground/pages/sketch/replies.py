"""What a model says about a drawing, reply by reply, and how each was read: "why did it say that"."""

from __future__ import annotations

from dataclasses import dataclass

from tts_playground.core import Sample
from tts_playground.dsl.text import parse
from tts_playground.errors import BadInput, DSLError
from tts_playground.models.zerogpu import on_gpu
from tts_playground.pages.sketch.learn_state import Picture, as_table
from tts_playground.tasks.sketch import SketchTask

REPLIES = 8
"""drawn for one question"""
SHOWN = 400
"""characters of a reply in the table"""


@dataclass(frozen=True, slots=True)
class DrawingReplies:
    """Replies of one model to one drawing, in the order of drawing."""

    model: str
    grammar: bool
    samples: tuple[Sample, ...]
    """each with its text, how it was read and its fault in ``info`` (see ``samplers.programs``)"""
    ious: tuple[float, ...]
    """of what each was read as, 0-1; a reply without a program counts as a blank picture"""

    def read(self) -> tuple[bool, ...]:
        """Whether a program was found in a reply."""
        return tuple(not sample.info["error"] for sample in self.samples)

    def bare(self) -> tuple[bool, ...]:
        """Whether a reply is a program and nothing else, letter for letter."""
        return tuple(_parses(str(sample.info["reply"]).strip()) for sample in self.samples)


def _parses(text: str) -> bool:
    try:
        return parse(text).root is not None
    except DSLError:
        return False


@on_gpu()
def ask(model: str, task: SketchTask | None, temperature: float, grammar: bool, seed: int) -> DrawingReplies:
    """``REPLIES`` replies of a model to a drawing.

    Raises:
        BadInput: nothing is drawn. ModelUnavailable: the model is not here.
    """
    from tts_playground.dsl.drawings import overlap
    from tts_playground.samplers.programs import ProgramSampler

    if task is None or task.blank:
        raise BadInput("The canvas is blank; draw something for the model to look at.")
    sampler = ProgramSampler(model or "tiny:sketch", temperature=temperature, grammar=grammar)
    samples = tuple(sampler.draw(task, range(REPLIES), seed=seed))
    ious = tuple(float(overlap(task, one.content).iou) for one in samples)
    return DrawingReplies(sampler.model, grammar, samples, ious)


def table(replies: DrawingReplies) -> str:
    """The raw text of each, how it was read, its fault, its picture and its IoU, as HTML."""
    rows = []
    for sample, iou in zip(replies.samples, replies.ious, strict=True):
        info, program = sample.info, str(sample.content)
        read = info["read"] + ("; ended for it, out of tokens" if info["closed"] else "")
        drawn = Picture(sample.content, f"what reply {sample.index} draws")
        shown = (info["reply"][:SHOWN], read, program[:SHOWN] or "(empty)", info["error"] or "none")
        rows.append([str(sample.index), drawn, *shown, f"{iou:.3f}"])
    return as_table(["#", "picture", "reply, as it came", "how it was read", "program", "parse error", "IoU"], rows)
