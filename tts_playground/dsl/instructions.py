"""The language in words, for models that were never trained on it: what it is, examples, and how to answer."""

from __future__ import annotations

from collections.abc import Sequence

EXAMPLES = (
    ("a disc a little left of the middle", "(Circle 4 6 8)"),
    ("a bar from lower left to upper right", "(Quad 8 8 12 2 45)"),
    ("a ring", "(- (Circle 6 8 8) (Circle 4 8 8))"),
    ("two dots over a plank", "(+ (Circle 2 5 11) (Circle 2 11 11) (Quad 8 5 10 2 0))"),
    ("a frame with a disc in it", "(+ (- (Quad 8 8 12 12 0) (Quad 8 8 9 9 0)) (Circle 3 8 8))"),
)
"""pictures in words and their programs; none of them is a test program"""
LANGUAGE = """\
The canvas is 16 by 16 units. x grows to the right and y grows UPWARDS: (0, 0) is the bottom left corner, (8, 8) the \
middle. Everything that a program covers is black, the rest is white. There are four forms:
- (Circle r x y): a disc of radius r with its centre at (x, y).
- (Quad x y w h a): a rectangle w wide and h high with its centre at (x, y), turned anticlockwise by a degrees.
- (+ s1 s2 ...): all of two or more shapes together.
- (- s1 s2 ...): the first shape with the others cut out of it.
All numbers are whole: r, x, y, w and h from 0 to 15, a one of 0, 45, 90, 135, 180, 225, 270, 315. \
A shape may be any of the four forms, nested as deep as needed."""
ANSWER = "Answer with the program alone, on one line, without an explanation. Every bracket that opens must close."


def examples(pairs: Sequence[tuple[str, str]] = EXAMPLES) -> str:
    """The examples, one a line."""
    return "\n".join(f"- {words}: {text}" for words, text in pairs)


def describe_picture() -> str:
    """What to ask about a picture."""
    return (
        f"The picture was drawn in black on white by a program in a small language.\n\n{LANGUAGE}\n\n"
        f"Examples:\n{examples()}\n\n"
        "Look at where each black shape lies, how large it is and what is cut out of it; "
        f"then write the program that draws this picture. {ANSWER}"
    )


def vary(parents: Sequence[str], count: int, hint: str = "") -> str:
    """What to ask for new programs like some old ones; ``hint`` says in words what would be better."""
    known = "\n".join(parents)
    wish = f" {hint.strip()}" if hint.strip() else ""
    return (
        f"Here is a small language for black and white drawings.\n\n{LANGUAGE}\n\nSome programs:\n{known}\n\n"
        f"Write {count} new program{'s' if count > 1 else ''} inspired by these, each clearly different from all of "
        "them: move, resize, turn or swap shapes, add one, cut one out, or combine two programs. Every shape must be "
        f"visible in the picture.{wish} Answer with the programs alone, one a line."
    )
