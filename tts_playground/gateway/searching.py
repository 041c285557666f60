"""A request at work: replies drawn or searched for, with reports on the way, until nobody wants them any more."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from tts_playground.core import Budget, Cost, Reward, Sample, Sampler
from tts_playground.errors import CannotDo
from tts_playground.gateway.outcome import (
    Choice,
    Delta,
    Event,
    Replies,
    Report,
    Usage,
    candidates_of,
    pick_of,
    shown_tokens,
)
from tts_playground.gateway.planning import Order, judge_for, plan, sampler_for, task_for
from tts_playground.gateway.unsent import Unsent
from tts_playground.models import loading
from tts_playground.models.zerogpu import on_gpu, seconds_for
from tts_playground.samplers.cancellation import Cancel, never, stop_if
from tts_playground.samplers.capabilities import BatchingSampler
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_batch import SolutionBatch
from tts_playground.samplers.lm_endpoint import EndpointSolutions
from tts_playground.samplers.lm_settings import cut
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.tasks import engine
from tts_playground.tasks.together import JointRun, run_together

SECONDS = 300.0
"""a search ends after so long with what it has found"""
TOKENS = 262_144
"""and once it has drawn so many"""
PACE = 0.05
"""seconds between two pieces of a text that is being written"""


def _seconds(order: Order, **_: Any) -> int:
    wide = order.asked.search.width if order.asked.search is not None else order.asked.n
    return seconds_for(order.model.name, wide, order.asked.max_tokens or 512)


def _before(order: Order, **_: Any) -> None:
    loading.fetched(order.model.name, order.kind)


def _work(order: Order, *, cancel: Cancel = never) -> Iterator[Event]:
    """Reports and pieces of text, and in the end ``Replies``.

    Raises:
        BadInput, CannotDo: the request or the model cannot be used. Cancelled: ``cancel()`` became true.
    """
    task, sampler = task_for(order.asked, order.kind), sampler_for(order, cancel)
    if order.asked.search is None:
        yield from _plain(order, task, sampler, cancel)
    else:
        yield from _search(order, task, sampler, cancel)


work = on_gpu(_seconds, _before)(_work)


# ------------------------------------------------------------------------------------------------------ plain replies


def _plain(order: Order, task: Any, sampler: Sampler, cancel: Cancel) -> Iterator[Event]:
    n, seed = order.asked.n, order.asked.seed
    if order.kind == "lm" and isinstance(sampler, BatchingSampler):
        came: dict[int, Sample] = {}
        yield from _written(order, task, sampler, cancel, came)
        samples = [came[place] for place in range(n)]
    else:
        found = engine.Found()
        budget = Budget(samples=n, seconds=SECONDS)
        for round_ in engine.run(task, sampler, BestOfN(n, batch=n), budget=budget, seed=seed, cancel=cancel):
            found.add(round_)
            yield Report("drawing", round_.cost.tokens)
        samples = [one.sample for one in found.whole]
    yield _outcome(order, task, sampler, samples, sum((one.cost for one in samples), Cost()), None)


def _written(
    order: Order, task: Any, sampler: BatchingSampler, cancel: Cancel, came: dict[int, Sample]
) -> Iterator[Event]:
    """Independent replies, one token for all of them at a time; as they grow where somebody watches."""
    asked, batch = order.asked, sampler.batch()
    unsent = [Unsent(asked.stop) for _ in range(asked.n)]
    ticket = batch.add(task, sampler.start(task, range(asked.n), seed=asked.seed), whole=True)
    latest = ends = time.monotonic()
    try:
        while batch.left:
            stop_if(cancel)
            if time.monotonic() - ends > SECONDS:
                raise CannotDo(f"The reply was not there after {SECONDS:g} s; ask for fewer tokens.")
            for _, place, path in batch.advance():
                came[place] = sampler.peek(task, [path])[0]
                if asked.stream and (rest := unsent[place].end(came[place].content)):
                    yield Delta(place, rest)
            if time.monotonic() - latest >= PACE:
                latest = time.monotonic()
                grown = batch.texts(ticket) if asked.stream and isinstance(batch, SolutionBatch) else []
                pieces = [Delta(place, piece) for place, text in grown if (piece := unsent[place].more(text))]
                yield from pieces or [Report("drawing", 0)]
    finally:
        batch.drop(ticket)


# ----------------------------------------------------------------------------------------------------------- searches


def _search(order: Order, task: Any, sampler: Sampler, cancel: Cancel) -> Iterator[Event]:
    search = order.asked.search
    assert search is not None
    reward, strategy = judge_for(order, sampler), plan(search, task, sampler, order.judge)
    budget = Budget(samples=search.width, seconds=SECONDS)
    job = JointRun(task, strategy, budget, order.asked.seed)
    found, stopped = engine.Found(), ""
    rounds = run_together([job], sampler, reward, cancel=cancel)
    try:
        for _, round_ in rounds:
            found.add(round_)
            yield Report(round_.note or "drawing", round_.cost.tokens)
            if round_.cost.tokens >= TOKENS and not round_.stopped:
                stopped = "tokens"
                break
    finally:
        rounds.close()
    if not found.whole:
        raise CannotDo("The search ended without a whole reply; ask for a smaller width or shorter replies.")
    stopped = stopped or (found.rounds[-1].stopped if found.rounds else "")
    listed, order_of, answer = candidates_of(order.kind, task, reward, found, search.pick, search.strategy)
    trace = {"answer": answer, "stopped": stopped, "candidates": listed} | _tree(found)
    samples = [found.whole[place].sample for place in order_of[: order.asked.n]]
    yield _outcome(order, task, sampler, samples, found.cost, trace, reward)


def _tree(found: engine.Found) -> dict[str, Any]:
    """Who descended from whom; of each view its last step alone, since those above hold the others."""
    from tts_playground.experiments.trace import trace

    tree = trace(found.rounds)
    nodes = tree.as_dict()["nodes"]
    for node, view in zip(nodes, tree.nodes, strict=True):
        info = view.sample.info
        steps = info.get("steps") if isinstance(info.get("steps"), (tuple, list)) else info.get("lines")
        node["text"] = steps[-1] if steps else ""
    return {"tree": tree.as_dict() | {"nodes": nodes}}


def _outcome(
    order: Order,
    task: Any,
    sampler: Sampler,
    samples: Sequence[Sample],
    cost: Cost,
    trace: dict[str, Any] | None,
    reward: Reward | None = None,
) -> Replies:
    search, stop = order.asked.search, order.asked.stop
    choices = tuple(Choice(_said(sample, stop), _why(sample, stop)) for sample in samples)
    facts: dict[str, Any] = {"strategy": search.strategy if search else None, "seed": order.asked.seed}
    if search is not None:
        pick = search.pick or pick_of(order.kind, search.strategy, judged=reward is not None)
        facts |= {"reward": reward.name if reward is not None else None, "width": search.width, "pick": pick}
    if order.asked.trace:
        facts |= {"cost": cost.as_dict()} | (trace or {})
    revision = str(sampler.fingerprint().get("revision", ""))
    return Replies(choices, _usage(task, sampler, samples, cost), facts, revision)


def _said(sample: Sample, stop: Sequence[str]) -> str:
    return cut(str(sample.content), stop).strip()


def _why(sample: Sample, stop: Sequence[str]) -> str:
    whole = sample.info.get("finished", True) and not sample.info.get("truncated", False)
    return "stop" if whole or any(one in str(sample.content) for one in stop) else "length"


def _usage(task: Any, sampler: Sampler, samples: Sequence[Sample], cost: Cost) -> Usage:
    """All that was read and written: of an upstream what it says itself, else the prompt once and every token drawn."""
    spent, read = cost.tokens, 0
    if isinstance(sampler, (EndpointSampler, EndpointSolutions)):
        spent, read = max(spent, sampler.bill.completion_tokens), sampler.bill.prompt_tokens
    elif isinstance(sampler, LanguageModelSampler):
        read = len(sampler.prompt(task))
    elif isinstance(sampler, VlmSampler):
        read = sampler.prefix(task).length
    return Usage(read, spent, max(0, spent - sum(map(shown_tokens, samples))))
