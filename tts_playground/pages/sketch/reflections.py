"""Questions about learning from programs, those that the homework asks at the ends of its parts 1 to 3.

Each is answered with what the Learn view of this page found; where it has found nothing yet, with what to press.
"""

from __future__ import annotations

import numpy as np

from tts_playground.dsl.instructions import EXAMPLES, describe_picture
from tts_playground.errors import plural
from tts_playground.evolve.comparison import ROWS
from tts_playground.pages.percent import share
from tts_playground.pages.sketch.tour_stop import SketchEvidence, SketchStop
from tts_playground.pages.tour import JudgedAnswer, NotYet
from tts_playground.worlds.programs import PROMPT

ASK = NotYet("Press “Ask the model about the drawing”, then guess again.")
EVOLVED = NotYet("Make the data set “evolved”, or all four, then guess again.")
FOUR = NotYet("Press “All four side by side”, then guess again.")
TUNE = NotYet("Make a data set, press “Fine-tune on this data set”, then guess again.")
CURVES = NotYet(
    "Fine-tune on two recipes, press “Draw pass@k for this model and its adapters”, then guess again: what ships is of"
    " one recipe."
)
QUARTER = 4
"""a run's last quarter is compared with the one before"""


def reading(seen: SketchEvidence) -> str:
    """1.6: what finding the program in a reply buys, against taking replies as they are."""
    replies = seen.learned.replies
    if replies is None:
        return ASK
    read, bare, ious, of = replies.read(), replies.bare(), np.array(replies.ious), len(replies.samples)
    mended = sum("brackets put right" in str(one.info["read"]) for one in replies.samples)
    told = (
        f"Of {of} replies of {replies.model}, {sum(bare)} {_are(sum(bare))} a program and nothing"
        f" else. Looking for one in the text reads {sum(read)}, {mended} of them with brackets put right."
        f" Mean IoU: {ious[np.array(bare)].sum() / of:.2f} for replies taken as they are, {ious.mean():.2f} for replies"
        " that are searched."
    )
    told += " The grammar let nothing else be written." if replies.grammar else ""
    return JudgedAnswer(told, "all" if sum(bare) == of else "most" if 2 * sum(bare) > of else "few")


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def prompt(seen: SketchEvidence) -> str:
    """1.6: what a model is told that never saw the language."""
    words = len(describe_picture().split())
    return JudgedAnswer(
        f"The grammar and {len(EXAMPLES)} examples, {words} words in all: which numbers each form takes, that y grows"
        " upwards, how to answer. No example is one of the drawings that test a model, and IoU is not mentioned."
        f" tiny:sketch was trained on this language, and is asked only: “{PROMPT}”",
        "the grammar and examples",
    )


def variety(seen: SketchEvidence) -> str:
    """2.5: how alike the programs of an evolution are."""
    sets = seen.learned.sets
    if "evolved" not in sets:
        return EVOLVED
    plain, others = sets["evolved"], [(name, one) for name, one in sets.items() if name != "evolved"]
    told = f"{share(plain.duplicate_rasters)} of its {plain.programs} pictures came before"
    more = "".join(f"; {share(one.duplicate_rasters)} of “{name}”" for name, one in others)
    again = plain.duplicate_rasters
    return JudgedAnswer(
        f"{told}{more}. Its positions spread {plain.position_spread:.2f} times as far as evenly placed ones, and its"
        f" numbers have an evenness of {plain.parameter_entropy:.2f} (1: all equally often).",
        "none" if not again else "under 1 in 10" if again < 0.1 else "1 in 10 or more",
    )


def adapter(seen: SketchEvidence) -> str:
    """2.5: what of a model an adapter trains, with which settings."""
    run = seen.learned.run
    if run is None:
        return TUNE
    facts, settings = run.facts, run.facts["settings"]
    small, whole, passes = facts["trained_weights"], facts["weights"], settings["epochs"]
    part = small / whole
    return JudgedAnswer(
        f"{100 * part:.1f} %: {small:,} of {whole:,}. Rank {settings['rank']}, scale {settings['alpha']},"
        f" {passes} {'pass' if passes == 1 else 'passes'} over {plural(facts['rows'], 'program')},"
        f" {settings['batch']} a step, highest rate {settings['rate']:g}. Only the reply counts in the loss.",
        "under 1 %" if part < 0.01 else "1 to 10 %" if part <= 0.1 else "more",
    )


def epochs(seen: SketchEvidence) -> str:
    """2.5: whether a run was still learning when it ended, on what it was shown and on what it was not."""
    run = seen.learned.run
    if run is None:
        return TUNE
    losses = np.array([loss for _, loss in run.losses])
    size = max(1, len(losses) // QUARTER)
    last, before = losses[-size:].mean(), losses[-2 * size : -size].mean()
    told = (
        f"On what it was shown, the mean loss of the last {plural(size, 'step')} is {last:.2f}, of the"
        f" {'one' if size == 1 else size} before {before:.2f}, of the first {losses[:size].mean():.2f}."
    )
    held = run.facts.get("held_out")
    if not held:
        return f"{told} Nothing was held back, so this does not tell learning from learning by heart."
    gap = held["after"] - last
    heart = "more passes may only learn by heart" if gap > abs(before - last) else "more passes may still help"
    return (
        f"{told} On {plural(held['rows'], 'program')} that it was not shown, the loss went from {held['before']:.2f} to"
        f" {held['after']:.2f}, {abs(gap):.2f} {'above' if gap > 0 else 'below'} that of what it was shown: {heart}."
    )


def direct(seen: SketchEvidence) -> str:
    """2.5: what replies hold besides the program, which training on programs alone takes away."""
    replies = seen.learned.replies
    if replies is None:
        return ASK
    tokens = np.mean([sample.cost.tokens for sample in replies.samples])
    return JudgedAnswer(
        f"Replies of {replies.model} take {tokens:.0f} tokens on average, and {sum(replies.bare())} of"
        f" {len(replies.samples)} are the program alone. A model that reasons first would be trained to leave the"
        " reasoning out. It can learn from its own replies whose programs fit instead, reasoning included: expert"
        " iteration.",
        "no",
    )


def _shares(seen: SketchEvidence, recipe: str) -> list[tuple[str, float]]:
    """(fault in words, its share) of one recipe's data set."""
    values = seen.learned.sets[recipe].as_dict()
    return [(words, values[key]) for key, (words, better) in ROWS.items() if better < 0]


def faults(seen: SketchEvidence) -> str:
    """3.5: what is wrong with the evolved data set, the most frequent first."""
    if "evolved" not in seen.learned.sets:
        return EVOLVED
    found = sorted(_shares(seen, "evolved"), key=lambda pair: -pair[1])
    first = found[0][0]
    right = "parts without effect" if "operand" in first else "repeated pictures" if "before" in first else ""
    told = f"Of the evolved data set: {'; '.join(f'{words}: {share(value)}' for words, value in found)}."
    return JudgedAnswer(told, right or "nearly blank or full")


def better(seen: SketchEvidence) -> str:
    """3.5: where programs by rules are better data than evolved ones, and where they are not."""
    sets = seen.learned.sets
    if not {"evolved", "hand-written"} <= set(sets):
        return FOUR
    ours, theirs = sets["hand-written"].as_dict(), sets["evolved"].as_dict()
    told: dict[str, list[str]] = {"better": [], "worse": [], "alike": []}
    for key, (words, way) in ROWS.items():
        if way:
            ahead = (ours[key] - theirs[key]) * way
            how = "better" if ahead > 0 else "worse" if ahead < 0 else "alike"
            told[how].append(f"{words} ({ours[key]:.2f}, evolved {theirs[key]:.2f})")
    most = len(told["better"]) / sum(map(len, told.values()))
    right = "in every one" if most == 1 else "in most" if most > 0.5 else "in few"
    parts = [f"{how} in {len(which)}: {', '.join(which)}" for how, which in told.items() if which]
    return JudgedAnswer(f"Written by rules, {'; '.join(parts)}. One seed each: press again with another.", right)


def downstream(seen: SketchEvidence) -> str:
    """3.5: whether better data made a better model, on drawings that no data set holds."""
    return " ".join(seen.learned.verdict) or CURVES


STOPS = (
    SketchStop(
        "reading", "1.6 Reading replies", "A model may write words around its program, or forget a bracket. Of eight"
        " replies to your drawing, how many are a program and nothing else?",
        ("all", "most", "few"), reading, "sketch-why-box", opens=("learn", "why"),
    ),
    SketchStop(
        "prompt", "1.6 The prompt", "A model that never saw this language must be told it. What is it told?",
        ("the grammar alone", "the grammar and examples", "also how it will be scored"), prompt, "sketch-why-box",
        opens=("learn", "why"),
    ),
    SketchStop(
        "variety", "2.5 Variety", "Evolution varies five programs at random, and keeps all whose text is new. How many"
        " of its pictures came before?",
        ("none", "under 1 in 10", "1 in 10 or more"), variety, "learn-data", opens=("learn",),
    ),
    SketchStop(
        "adapter", "2.5 The adapter", "Fine-tuning trains an adapter beside the model’s weights. How many of all"
        " weights are that?",
        ("under 1 %", "1 to 10 %", "more"), adapter, "learn-training", opens=("learn",),
    ),
    SketchStop(
        "epochs", "2.5 More passes", "Would training longer on the same programs help?",
        ("yes", "no", "it would learn them by heart"), epochs, "learn-training", opens=("learn",),
    ),
    SketchStop(
        "direct", "2.5 Thinking first", "The model is trained to write the program at once. Is that good for a model"
        " that reasons before it answers?",
        ("yes", "no"), direct, "sketch-why-box", opens=("learn", "why"),
    ),
    SketchStop(
        "faults", "3.5 Faults", "Which fault is most frequent in evolved programs?",
        ("parts without effect", "repeated pictures", "nearly blank or full"), faults, "learn-data", opens=("learn",),
    ),
    SketchStop(
        "better", "3.5 Better data?", "The generator with rules made by people avoids these faults. Is its data better"
        " than evolved data in every measure?",
        ("in every one", "in most", "in few"), better, "learn-data", opens=("learn",),
    ),
    SketchStop(
        "downstream", "3.5 A better model?", "Does better data make a better model, on drawings that no data set"
        " holds?",
        ("yes", "no clear difference", "no"), downstream, "learn-curve", opens=("learn",),
    ),
)  # fmt: skip
