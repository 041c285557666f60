"""Choose the example of over-optimisation and draw its pool: ``python -m tts_playground.evaluation.make_fall``.

The prompts are of the training side (``verifiers.training_side``): nothing that ``stickers-eval`` holds out is looked
at. A pool of each is screened for a clear fall (``falls``). The farthest of so many falls is farthest by luck as well:
on the images that chose it the fall looks larger than it is (the winner's curse). So the few that fell farthest are
drawn again, more images with another seed, and looked at where the screening found them, by the same rewards at the
same N, and in its order: the first that is clear on images that had no say in the choice is taken, and those ship.

To be run again whenever the weights of the image model or of a reward change; a test says so. ``make_starters`` draws
the chosen prompt's pool again without choosing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tts_playground import files, home
from tts_playground.errors import CannotDo, PlaygroundError
from tts_playground.evaluation import falls, make_starters
from tts_playground.evaluation.falls import Fall
from tts_playground.store import starters
from tts_playground.store.pool import Snapshot
from tts_playground.verifiers.training_side import training_side

PROMPTS, SCREENED, FEW = 60, 64, 5
"""prompts that are screened, images of each, and prompts that are drawn again"""
WORLD = 7
"""seed of the scenes whose captions are the prompts"""
SCREENING, FRESH = 1, 0
"""seeds of the screened images and of those that ship; a page draws with seed 0"""
Scored = Callable[[str, int, int], Mapping[str, Sequence[float]]]
"""(prompt, images, seed) -> reward -> one number an image"""


@dataclass(frozen=True)
class FallSearch:
    """What a search found, and what it looked at."""

    screened: Sequence[Fall]
    """of each prompt the fall that lies farthest below one draw, in the order of the prompts; few of them are clear"""
    redrawn: Sequence[Fall]
    """those that fell farthest, on fresh images; the farthest on the screened ones first"""
    chosen: Fall | None
    """the first of ``redrawn`` that is clear there too; None where none is"""


def prompts(number: int = PROMPTS) -> list[str]:
    """Plain captions of the first scenes of a world that show more than one thing, each once; of the training side."""
    from tts_playground.worlds import stickers
    from tts_playground.worlds.captions import plain

    found: dict[str, None] = {}
    for index in count():
        if len(found) == number:
            break
        composition = stickers.scene(WORLD, index).composition
        said = plain(composition).removeprefix("a photo of ")
        if sum(group.count for group in composition.groups) > 1 and training_side(said):
            found[said] = None
    return list(found)


def search(posed: Sequence[str], scored: Scored, *, n: int = SCREENED, fresh: int = falls.IMAGES) -> FallSearch:
    """Screen ``n`` images of each prompt, draw the few that fell farthest again, and take the first that does so twice.

    A prompt that is held out is passed over before anything of it is drawn.
    """
    screened: list[Fall] = []
    for prompt in filter(training_side, posed):
        found = falls.falls(prompt, scored(prompt, n, SCREENING))
        if found:
            screened.append(falls.clearest(found) or max(found, key=lambda one: one.margin))
    few: list[Fall] = []
    while len(few) < FEW and (best := falls.clearest(one for one in screened if one not in few)) is not None:
        few.append(best)
    redrawn = [again for one in few if (again := _again(one, scored(one.prompt, fresh, FRESH))) is not None]
    return FallSearch(screened, redrawn, next((one for one in redrawn if one.clear), None))


def _again(one: Fall, scores: Mapping[str, Sequence[float]]) -> Fall | None:
    """The same rewards at the same N on other images; None where those are too few."""
    return next((other for other in falls.falls(one.prompt, scores) if other.where == one.where), None)


def made(
    model: str | None = None, posed: Sequence[str] | None = None, *, n: int = SCREENED, fresh: int = falls.IMAGES
) -> tuple[dict[str, Any], Snapshot]:
    """(what is told of the choice, the chosen prompt's pool), drawn now.

    Raises:
        CannotDo: no prompt shows a clear fall twice.
    """
    from tts_playground.tasks.text_to_image import PromptTask

    plan = make_starters.plan("t2i", model=model)
    sampler, drawn = plan.pairs[0][1], {}

    def scored(prompt: str, number: int, seed: int) -> Mapping[str, Sequence[float]]:
        drawn[prompt, seed] = pool = starters.draw(PromptTask(prompt), sampler, plan.rewards, number, seed=seed)
        return {reward.name: pool.scores(reward.name, seed=seed) for reward in plan.rewards}

    choice = search(prompts() if posed is None else posed, scored, n=n, fresh=fresh)
    if choice.chosen is None:
        raise CannotDo(
            f"Of {len(choice.screened)} prompts none shows a clear fall of a second reward on {n} images and again on "
            f"{fresh} others, so that no example is written; screen more prompts, or more images of each."
        )
    told = {
        "revision": sampler.fingerprint()["revision"],
        "rewards": {reward.name: reward.revision for reward in plan.rewards},
        "screened": {"seed": SCREENING, "n": n, "falls": [one.as_dict() for one in choice.screened]},
        "redrawn": {"seed": FRESH, "n": fresh, "falls": [one.as_dict() for one in choice.redrawn]},
        "chosen": choice.chosen.as_dict(),
    }
    return told, drawn[choice.chosen.prompt, FRESH]


def main(arguments: Sequence[str]) -> None:
    """Choose, and write both files."""
    parser = argparse.ArgumentParser(prog="python -m tts_playground.evaluation.make_fall", description=__doc__)
    parser.add_argument("--model", help="draw images with this model instead of tiny:janus")
    parser.add_argument("--prompts", type=int, default=PROMPTS, help=f"prompts to screen (default: {PROMPTS})")
    parser.add_argument("--n", type=int, default=SCREENED, help=f"images of each (default: {SCREENED})")
    parser.add_argument("--out", type=Path, default=home.STARTERS, help="folder (default: the package's)")
    args = parser.parse_args(arguments)
    told, pool = made(args.model, prompts(args.prompts), n=args.n)
    file = starters.write(falls.NAME, [pool], args.out)
    words = json.dumps(told, separators=(",", ":"))
    files.write_text(args.out / falls.FILE, words, "What is told of the choice")
    print(f"{file}: {file.stat().st_size / 1e3:.0f} kB. {told['chosen']}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlaygroundError as error:
        sys.exit(str(error))
