"""Write ``data/arithmetic-words.txt``: every word of the arithmetic world, from which tiny:math has its tokens.

python -m tts_playground.worlds.arithmetic.make_words
"""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

from tts_playground import files
from tts_playground.worlds.arithmetic import spoiling
from tts_playground.worlds.arithmetic.generate import LEVELS, SPLITS, story
from tts_playground.worlds.arithmetic.people import PARTS, PEOPLE, THINGS
from tts_playground.worlds.arithmetic.writing import CAREFUL, PLAIN, SHORT, solution

PATH = Path(__file__).parents[1] / "data" / "arithmetic-words.txt"
STORIES = 1500
"""of each split and level"""
_WORD = re.compile(r" ?[A-Za-z]+")


def words() -> list[str]:
    """Every word as it stands in a text, with the space before it."""
    found: set[str] = set()
    for split in SPLITS:
        for level in LEVELS:
            for index in range(STORIES):
                made = story(0, index, split, level)
                texts = [*made.told, *(solution(made, style, Random(index)) for style in (PLAIN, SHORT, CAREFUL))]
                for text in ("\n\n".join([" ".join(made.told), *made.told, *texts]),):
                    found.update(_WORD.findall(text))
    for text in (*spoiling.WRONG, *spoiling.WRONG_STEP):
        found.update(_WORD.findall(text))
    for one in (*PEOPLE, *THINGS):
        for word in (getattr(one, name) for name in one.__slots__):
            found.update((word, f" {word}", word.capitalize()))
    for part in PARTS.values():
        found.update(_WORD.findall(f"{part.capitalize()} {part}"))
    return sorted(found)


def main() -> None:
    """Write the file."""
    found = [word.replace(" ", "▁") for word in words()]
    files.write_text(PATH, "\n".join(found) + "\n")
    print(f"Wrote {PATH}: {len(found)} words.")


if __name__ == "__main__":
    main()
