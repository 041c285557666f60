"""Draw ``data/stickers-eval.json`` once; the benchmark is the file, not this script.

python -m tts_playground.worlds.make_evalset
"""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import combinations, product

from tts_playground import files, randomness
from tts_playground.worlds.captions import plain
from tts_playground.worlds.evalset import KINDS, PATH
from tts_playground.worlds.scene import Composition, Group
from tts_playground.worlds.vocabulary import BACKGROUNDS, NAMES, NATURAL, RELATIONS, TINTS

EACH = 40
SEED = 20


def _spread(options: list, n: int, name: str) -> list:
    """``n`` of ``options`` at random, no noun more often than need be."""
    order = randomness.generator(SEED, "stickers-eval", name).permutation(len(options))
    left, used, taken = [options[i] for i in order], dict.fromkeys(NAMES, 0), []
    while len(taken) < n:
        best = min(left, key=lambda option: max(used[word] for word in option if word in used))
        left.remove(best)
        taken.append(best)
        for word in best:
            if word in used:
                used[word] += 1
    return taken


def compositions() -> dict[str, list[Composition]]:
    """Forty compositions a kind; pairs, tints and counts of different kinds do not clash with one another."""
    tints, backgrounds = tuple(TINTS), tuple(BACKGROUNDS)
    pairs = _spread(list(combinations(NAMES, 2)), 2 * EACH, "pairs")
    turned = randomness.generator(SEED, "stickers-eval", "order").random(len(pairs)) < 0.5
    pairs = [(b, a) if turn else (a, b) for (a, b), turn in zip(pairs, turned, strict=True)]
    colors = _spread(list(product(NAMES, tints)), EACH, "colors")
    free = [(noun, tint) for noun, tint in product(NAMES, tints) if (noun, tint) not in colors]
    natural = _spread([(noun, NATURAL, n) for noun in NAMES for n in (2, 3, 4)], EACH // 2, "natural counts")
    tinted = _spread([(noun, tint, n) for noun, tint in free for n in (2, 3, 4)], EACH // 2, "tinted counts")
    single = _spread(list(product(NAMES, backgrounds)), EACH, "backgrounds")
    rng = randomness.generator(SEED, "stickers-eval", "attribution")

    def tint_of(noun: str, other: str = "") -> str:
        fitting = [t for n, t in free if n == noun and t != other]
        return fitting[int(rng.integers(len(fitting)))]

    attributed = []
    for a, b in pairs[::2]:
        first = tint_of(a)
        attributed.append(Composition((Group(a, first), Group(b, tint_of(b, first)))))
    return {
        "single": [Composition((Group(noun),), "", background) for noun, background in single],
        "two": [Composition((Group(a), Group(b))) for a, b in pairs[:EACH]],
        "counting": [Composition((Group(*group),)) for group in natural + tinted],
        "colors": [Composition((Group(noun, tint),)) for noun, tint in colors],
        "position": [
            Composition((Group(a), Group(b)), list(RELATIONS)[i % 4]) for i, (a, b) in enumerate(pairs[EACH:])
        ],
        "attribution": attributed,
    }


def main() -> None:
    """Write the file."""
    rows = [
        {"key": f"{kind}-{i:02d}", "kind": kind, "prompt": plain(composition), **asdict(composition)}
        for kind in KINDS
        for i, composition in enumerate(compositions()[kind])
    ]
    head = '{"name": "stickers-eval", "version": 1, "prompts": [\n'
    files.write_text(PATH, head + ",\n".join(json.dumps(row) for row in rows) + "\n]}\n")
    print(f"Wrote {PATH}: {len(rows)} prompts.")


if __name__ == "__main__":
    main()
