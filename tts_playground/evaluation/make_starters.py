"""Draw the starter pools that ship with the package: ``python -m tts_playground.evaluation.make_starters [NAME ...]``.

To be run again whenever a sampler's fingerprint or its draws change; a test redraws a few samples and compares.
``--model``, ``--n`` and ``--out`` draw a miniature elsewhere.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_playground import home
from tts_playground.core import Reward, Sampler, Task
from tts_playground.errors import BadInput, PlaygroundError, UnknownName
from tts_playground.evaluation import falls
from tts_playground.store import starters
from tts_playground.store.pool import Snapshot

SCORED = ("clip", "aesthetic", "geneval", "sharpness", "colourfulness")
"""rewards that the image starters come with"""


@dataclass(frozen=True)
class StarterPlan:
    """What is drawn: a pool of ``n`` samples for every pair, each scored by all of the rewards."""

    pairs: Sequence[tuple[Task, Sampler]]
    rewards: Sequence[Reward]
    n: int

    def pools(self) -> list[Snapshot]:
        """The pools, drawn now."""
        return [starters.draw(task, sampler, self.rewards, self.n) for task, sampler in self.pairs]


def sketch(model: str | None = None, n: int = 64) -> StarterPlan:
    """Four drawings x 64 programs of the proposal sampler, scored by IoU and by description length."""
    from tts_playground.dsl.examples import PROGRAMS
    from tts_playground.dsl.raster import render
    from tts_playground.rewards.iou import FitReward, IoUReward
    from tts_playground.samplers.proposal import ProposalSampler
    from tts_playground.tasks.sketch import SketchTask

    tasks = [SketchTask.of(render(text, 256)) for text in PROGRAMS.values()]
    return StarterPlan([(task, ProposalSampler()) for task in tasks], (IoUReward(), FitReward()), n)


def t2i(model: str | None = None, n: int = 64) -> StarterPlan:
    """Eight prompts x 64 images at the default settings, scored by ``SCORED``."""
    from tts_playground.tasks.image_rewards import reward_named
    from tts_playground.tasks.text_to_image import WORLD_PROMPTS, PromptTask, image_sampler

    sampler = image_sampler(model or "tiny:janus", device="cpu")
    rewards = [reward_named(name) for name in SCORED]
    return StarterPlan([(PromptTask(prompt), sampler) for prompt in WORLD_PROMPTS], rewards, n)


def t2i_sweep(model: str | None = None, n: int = 0) -> StarterPlan:
    """One prompt under 5 temperatures x 8 guidances, 8 images a cell, scored likewise.

    Raises:
        BadInput: the model has no image tokens.
    """
    from dataclasses import replace

    from tts_playground.experiments.sweeps import EACH, cells
    from tts_playground.samplers.image_tokens import ImageTokens
    from tts_playground.tasks.text_to_image import WORLD_PROMPTS, PromptTask

    base = t2i(model)
    sampler = base.pairs[0][1]
    if not isinstance(sampler, ImageTokens):
        raise BadInput(f"A sweep needs a model with image tokens, such as tiny:janus, not {model!r}.")
    task = PromptTask(WORLD_PROMPTS[6])
    pairs = [(task, replace(sampler, settings=settings)) for settings in cells(sampler.settings)]
    return StarterPlan(pairs, base.rewards, n or EACH)


def vqa(model: str | None = None, n: int = 32) -> StarterPlan:
    """The 200 questions of infographics-eval x 32 answers at the default settings, verified in every way."""
    from tts_playground.tasks.vqa import VqaTask, judges, vqa_sampler
    from tts_playground.tasks.vqa_data import SHIPPED, questions

    sampler = vqa_sampler(model or "tiny:vlm", device="cpu")
    tasks = [task for task in questions(SHIPPED) if isinstance(task, VqaTask)]
    return StarterPlan([(task, sampler) for task in tasks], judges(sampler), n)


def t2i_fall(model: str | None = None, n: int = falls.IMAGES) -> StarterPlan:
    """The prompt that ``make_fall`` chose, on the images that had no say in the choice, scored likewise.

    Raises:
        BadInput: nothing was chosen yet, or with other weights than those that would draw now.
    """
    from tts_playground.tasks.text_to_image import PromptTask

    base, told = t2i(model), falls.chosen()
    sampler = base.pairs[0][1]
    if not told or (model is None and told["revision"] != sampler.fingerprint()["revision"]):
        raise BadInput(
            "No prompt has been chosen for over-optimisation with these weights: run "
            "python -m tts_playground.evaluation.make_fall, which chooses it and writes this starter."
        )
    return StarterPlan([(PromptTask(told["chosen"]["prompt"]), sampler)], base.rewards, n)


PLANS: dict[str, Callable[..., StarterPlan]] = {
    "sketch": sketch,
    "t2i": t2i,
    "t2i-sweep": t2i_sweep,
    "vqa": vqa,
    falls.NAME: t2i_fall,
}
"""by the name of the starter; a new tab adds its own"""


def plan(name: str, **options: Any) -> StarterPlan:
    """The plan of one starter; ``model`` and ``n`` replace what ships.

    Raises:
        UnknownName: there is no such starter.
    """
    if name not in PLANS:
        raise UnknownName("starter", name, PLANS)
    return PLANS[name](**options)


def rescored(name: str, reward: str, **options: Any) -> list[Snapshot]:
    """The pools that ship, with one reward's scores computed anew on the samples that are there.

    Raises:
        BadInput: the plan of this starter has no reward of that name, or no pools ship under it.
    """
    from dataclasses import replace

    whole = plan(name, **options)
    judge = next((one for one in whole.rewards if one.name == reward), None)
    if judge is None or name not in starters.names():
        raise BadInput(f"The starter {name!r} has no scores by {reward!r} that could be renewed.")
    pools = []
    for pool, (task, _) in zip(starters.load(name), whole.pairs, strict=True):
        values = judge.score(task, pool.samples())
        fresh = {(row.seed, row.index): float(value) for row, value in zip(pool.rows(), values, strict=True)}
        renewed = ((judge.name, judge.revision), fresh)
        kept = [renewed if key[0] == reward else (key, old) for key, old in pool.scores_by_reward.items()]
        pools.append(replace(pool, scores_by_reward=dict(kept)))
    return pools


def main(arguments: Sequence[str]) -> None:
    """Draw and write the starters of the given names, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m tts_playground.evaluation.make_starters", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(PLANS)} (default: all)")
    parser.add_argument("--model", help="draw images with this model instead of tiny:janus")
    parser.add_argument("--n", type=int, help="samples a pool")
    parser.add_argument("--rescore", help="keep the samples, and compute this reward's scores anew, e.g. geneval")
    parser.add_argument("--out", type=Path, default=home.STARTERS, help="folder (default: the package's)")
    args = parser.parse_args(arguments)
    given = {name: value for name, value in (("model", args.model), ("n", args.n)) if value}
    for name in args.names or list(PLANS):
        pools = rescored(name, args.rescore) if args.rescore else plan(name, **given).pools()
        file = starters.write(name, pools, args.out)
        print(f"{file}: {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlaygroundError as error:
        sys.exit(str(error))
