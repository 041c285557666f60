"""Whether what was found is what was asked for, with the reason in words: GenEval's rules (Ghosh et al. 2023), ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tts_playground.core import Verdict
from tts_playground.models.detector import Box, Detection, iou
from tts_playground.verifiers.english import Request, Want
from tts_playground.worlds.scene import Scene, directions, related

FAULTS = {
    "missing": "found 0",
    "number": "asked for ",
    "colour": " should be ",
    "position": r"is not |nothing to be ",
    "background": "the background is ",
}
"""kind of fault -> what its sentence says; the first that fits counts"""


def fault_kinds(verdict: Verdict) -> tuple[str, ...]:
    """What is wrong with a picture, as keys of ``FAULTS``, one a fault; () of one that passed.

    Args:
        verdict: one of ``check``.
    """
    if verdict.passed:
        return ()
    parts = verdict.reason.split("; ")
    return tuple(next(kind for kind, said in FAULTS.items() if re.search(said, part)) for part in parts)


def fitting(want: Want, found: Sequence[Detection], among: int | None = None) -> list[Detection]:
    """What answers to ``want``, surest first.

    Args:
        among: things of that noun that are asked for altogether. Of more detections the surest are looked at, so that
            a colour is judged on what was most surely found, and not on whichever detection happens to have it.
    """
    own = sorted((one for one in found if one.noun == want.noun), key=lambda one: -one.score)
    return [one for one in own[:among] if not want.color or want.color in (one.color, *one.also)]


def asked_for(noun: str, request: Request) -> int:
    """How many things called ``noun`` the request asks for altogether."""
    return sum(max(want.count, want.most or 0) for want in request.wants if want.noun == noun)


def _counted(want: Want, found: Sequence[Detection], among: int) -> str:
    """ "" when the number is right, else what is wrong with it."""
    number, surest = len(fitting(want, found)), len(fitting(want, found, among if want.color else None))
    if surest >= want.count and (want.highest is None or number <= want.highest):
        return ""
    others = [one for one in found if one.noun == want.noun]
    if want.color and len(others) >= want.count > surest:
        seen = sorted(others, key=lambda one: -one.score)[:among]
        hues = ", ".join(sorted({one.color or "no plain colour" for one in seen}))
        return f"the {want.noun} should be {want.color}, seen: {hues}"
    return f"asked for {want}, found {number}"


def _placed(request: Request, found: Sequence[Detection]) -> str:
    """ "" when the relation holds between all of the things asked for, else what is wrong."""
    chosen = (fitting(w, found, asked_for(w.noun, request) if w.color else None) for w in request.wants)
    groups = [those[: want.count] for want, those in zip(request.wants, chosen, strict=True)]
    if not all(groups):
        return f"nothing to be {request.relation!r}"
    pairs = [[one.box, *(group[0].box for group in groups[1:])] for one in groups[0]]
    if request.relation != "between":
        pairs = [[a.box, b.box] for a in groups[0] for b in groups[1]]
    if all(_holds(request.relation, boxes) for boxes in pairs):
        return ""
    others = " and ".join(f"the {want.noun}" for want in request.wants[1:])
    return f"the {request.wants[0].noun} is not {request.relation} {others}"


def _holds(relation: str, boxes: Sequence[Box]) -> bool:
    """As ``related``; who sits on something is above it or overlaps it, since legs and backs of chairs stick out."""
    if relation != "sitting on":
        return related(relation, boxes)
    above, below = boxes[0], boxes[1]
    return iou(above, below) > 0 or "above" in directions(above, below)


def check(request: Request, found: Sequence[Detection], background: str = "") -> Verdict:
    """Judge one picture.

    Args:
        request: what was asked for.
        found: what is in the picture.
        background: the picture's background, where somebody looked; "" leaves the request's background out.

    Returns:
        ``passed`` when everything holds; ``score`` is the part of the conditions that hold, in [0, 1].
    """
    faults = [_counted(want, found, asked_for(want.noun, request)) for want in request.wants]
    if request.relation:
        faults.append(_placed(request, found))
    if request.background and background:
        faults.append("" if background == request.background else f"the background is {background}")
    wrong = [fault for fault in faults if fault]
    reason = "; ".join(wrong) if wrong else "found " + ", ".join(str(want) for want in request.wants)
    return Verdict(1 - len(wrong) / len(faults), not wrong, reason)


def truth(scene: Scene) -> list[Detection]:
    """What a perfect detector would find in ``scene``."""
    return [Detection(thing.noun, thing.box, 1.0, thing.color) for thing in scene.things]
