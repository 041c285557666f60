"""Strategies at equal cost on prompts: the pools come from the store, a reward guides, and another one judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput
from tts_playground.experiments import image_pools
from tts_playground.experiments.comparison import Comparison, ComparisonPlan, compare, named
from tts_playground.samplers.image_tokens import ImageTokens
from tts_playground.store.store import Store
from tts_playground.tasks.image_rewards import reward_named, share_weights
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.typed import typed


@typed
def compare_prompts(
    prompts: Sequence[str],
    sampler: ImageTokens,
    store: Store,
    *,
    strategies: Sequence[str] | None = None,
    guide: str = "clip",
    judge: str = "geneval",
    plan: ComparisonPlan | None = None,
) -> Iterator[Comparison]:
    """Draw what the exact curve needs and is not in the store, then run ``compare``; a report after each piece.

    Everything that can be refused is refused before more than one image a prompt has been drawn.

    Args:
        strategies: registered names; None for all that fit.
        guide, judge: names of rewards or verifiers that share no network.

    Raises:
        BadInput: no prompt, a judge that shares a network with the guide, or one that cannot check a prompt.
        UnknownName: no strategy or reward of that name. ModelUnavailable: a reward's weights are not here.
    """
    plan, chosen, tasks = (
        plan or ComparisonPlan(),
        named("t2i", strategies, sampler),
        [PromptTask(prompt) for prompt in prompts],
    )
    if not tasks:
        raise BadInput("A comparison needs at least one prompt.")
    if share_weights(guide, judge):
        raise BadInput(
            f"{judge!r} cannot judge what {guide!r} guides, because they read the same network; choose another judge."
        )
    guiding, judging = reward_named(guide), reward_named(judge)
    pools = [store.pool(task, sampler) for task in tasks]
    for n in (1, plan.pool):
        for place, pool in enumerate(pools):
            for report in filter(None, (round_.progress for round_ in image_pools.draw([pool], n, seed=plan.seed))):
                yield Comparison(doing=f"image {min(report.done + 1, n)} of {n} for the curve, prompt {place + 1}")
            for reward in (guiding, judging) if n == 1 else ():
                scores_of(reward, pool.task, pool.samples(1, seed=plan.seed))  # refuses what it cannot read
    samples = [pool.samples(plan.pool, seed=plan.seed) for pool in pools]
    yield from compare(tasks, sampler, chosen, guiding, judging, plan, pools=samples)
