"""``bench math``: solutions of many problems, the judging of their steps, and beams of many problems side by side.

One run, one checkpoint, same dtype, threads, temperature and longest solution. Ours starts with no prompt and no score
kept. The peer of drawing is transformers' own generate, a problem at a time, at the batch that suits it best; that of
judging reads one prefix in one forward; that of the beams is the same search, one problem after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from tts_playground.bench.math_models import judge_or_random, model_or_random, problems
from tts_playground.bench.timing import alternate, contended, row, timed_row
from tts_playground.core import Budget, Sample
from tts_playground.models.lm.model import TextModel
from tts_playground.models.prm.judge import StepJudge
from tts_playground.rewards.prm import ProcessReward
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.strategies.beam import Beam
from tts_playground.tasks import engine
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.tasks.together import JointRun, run_together

N = 64
PROBLEMS = 16
JUDGED = 4
"""problems whose solutions are judged: the peer takes a minute for each"""
BEAM = 16
TEMPERATURE = 0.8
LONGEST = 160
BATCHES = (16, 32, 64)
"""of generate, of which the quickest is taken"""


def run(model: str = "tiny:math", judge: str = "tiny:prm", repeats: int = 1) -> dict[str, Any]:
    """All rows. Ratios above 1 say how many times faster ours is; the peers take minutes, so one repeat will do.

    A random model of their size stands in for an embedded one that is not there, and the row says so.
    """
    import torch

    busy = contended()
    loaded, stands_in = model_or_random(model)
    sampler = LanguageModelSampler(loaded, SolutionSettings(TEMPERATURE, max_tokens=LONGEST))
    tasks = problems(PROBLEMS)
    threads = f"{torch.get_num_threads()} threads{stands_in}"
    rows = [*_drawing(sampler, tasks, threads, repeats, busy)]
    drawn = _solutions(sampler, tasks[:JUDGED])
    reward, judging, other = judge_or_random(judge)
    rows.append(_judging(judging, tasks, drawn, f"{torch.get_num_threads()} threads{other}", repeats, busy))
    rows += _beams(sampler, reward, tasks, threads, repeats, busy)
    return {"name": "math", "rows": rows}


def _drawing(
    sampler: LanguageModelSampler, tasks: Sequence[ReasoningTask], threads: str, repeats: int, busy: bool
) -> list[dict[str, Any]]:
    each = _best_batch(sampler, tasks[0])
    said = [0]

    def ours() -> None:
        sampler.model.forget()
        samples = sampler.draw_many((task, range(N)) for task in tasks)
        said[0] = sum(sample.cost.tokens for _, sample in samples)

    def peer() -> None:
        for task in tasks:
            generated(sampler, task, N, each)

    mine, theirs = alternate(ours, peer, repeats=repeats)
    bound = said[0] / N * products(sampler.model, N)
    least = min(3.0, 0.7 * theirs.median / bound)
    what = f"{N} solutions x {len(tasks)} problems, {threads}: generate, {each} at once, as peer"
    return [
        row(what, mine.median, theirs.median, "s", f">= {least:.3g}", busy=busy, spread=(mine, theirs)),
        row("the products of weights alone, of as many tokens", bound, theirs.median, "s", busy=busy),
        row("tokens in them", float(said[0]), None, "tokens"),
    ]


def _best_batch(sampler: LanguageModelSampler, task: ReasoningTask) -> int:
    """How many solutions at once transformers' generate is quickest with."""

    def seconds(each: int) -> float:
        began = time.perf_counter()
        generated(sampler, task, N, each)
        return time.perf_counter() - began

    generated(sampler, task, BATCHES[0], BATCHES[0])  # the first call of all is slower
    return min((each for each in BATCHES if each <= N), key=seconds, default=N)


def generated(sampler: LanguageModelSampler, task: ReasoningTask, n: int, each: int) -> None:
    """``n`` solutions by transformers' generate, ``each`` at once."""
    import torch

    model, s = sampler.model, sampler.settings
    ids = torch.tensor([sampler.prompt(task)], device=model.device)
    for _ in range(0, n, each):
        with torch.inference_mode():
            out = model.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                do_sample=True,
                temperature=s.temperature,
                top_k=0,
                num_return_sequences=each,
                max_new_tokens=s.max_tokens,
                eos_token_id=sorted(model.ends),
                pad_token_id=model.tokenizer.pad_token_id or 0,
            )
        model.tokenizer.batch_decode(out[:, ids.shape[1] :], skip_special_tokens=True)


def products(model: TextModel, rows: int) -> float:
    """Seconds that the products of one token of ``rows`` texts take, and nothing else: no step can be quicker."""
    import torch

    steps = model.steps
    if steps is None:
        return 0.0
    hidden = steps.norm.new_ones(rows, steps.norm.numel())
    inner = steps.norm.new_ones(rows, steps.heads * steps.head_dim)
    times: list[float] = []
    with torch.inference_mode():
        middle = steps.blocks[0].gate(hidden)
        for _ in range(20):
            began = time.perf_counter()
            for block in steps.blocks:
                block.qkv(hidden)
                block.out(inner)
                block.gate(hidden)
                block.up(hidden)
                block.down(middle)
            model.lean_head(hidden)
            times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def _solutions(sampler: LanguageModelSampler, tasks: Sequence[ReasoningTask]) -> list[list[Sample]]:
    found: list[list[Sample]] = [[] for _ in tasks]
    for number, sample in sampler.draw_many((task, range(N)) for task in tasks):
        found[number].append(sample)
    return found


def _judging(
    judge: StepJudge,
    tasks: Sequence[ReasoningTask],
    drawn: Sequence[Sequence[Sample]],
    threads: str,
    repeats: int,
    busy: bool,
) -> dict[str, Any]:
    asked = [
        (task.problem, tuple(sample.info["steps"]))
        for task, samples in zip(tasks, drawn, strict=False)
        for sample in samples
    ]

    def ours() -> list[tuple[float, ...]]:
        judge.forget()
        return judge.step_scores(asked)

    what = f"scores of the steps of {len(asked)} solutions, {threads}: one forward a prefix as peer"
    return timed_row(what, ours, prefix_by_prefix(judge, asked), ">= 5", repeats=repeats, busy=busy)


def prefix_by_prefix(judge: StepJudge, asked: Sequence[tuple[str, tuple[str, ...]]]) -> Callable[[], list[list[float]]]:
    """The same scores, each by a forward over the solution up to its step."""
    import torch

    form, device = judge.form, judge.model.get_input_embeddings().weight.device

    def one(problem: str, steps: tuple[str, ...]) -> float:
        told = form.write(problem, steps)
        ids = torch.tensor([told.ids], device=device)
        states = form.states(ids, torch.ones_like(ids), None, None)
        return float(form.chances(states[0, [told.places[-1]]])[0])

    def call() -> list[list[float]]:
        with torch.inference_mode():
            return [[one(problem, steps[: end + 1]) for end in range(len(steps))] for problem, steps in asked]

    return call


def _beams(
    sampler: LanguageModelSampler,
    reward: ProcessReward,
    tasks: Sequence[ReasoningTask],
    threads: str,
    repeats: int,
    busy: bool,
) -> list[dict[str, Any]]:
    """The same searches, with the same reward; and what their products of weights alone allow at the most."""
    runs = [JointRun(task, Beam(BEAM, 4), Budget(samples=BEAM)) for task in tasks]

    def clear() -> None:
        sampler.model.forget()
        reward.forget()

    def ours() -> None:
        clear()
        for _ in run_together(runs, sampler, reward):
            pass

    def peer() -> None:
        clear()
        for one in runs:
            for _ in engine.run(one.task, sampler, one.strategy, reward, budget=one.budget, seed=one.seed):
                pass

    what = f"beams of {BEAM} over {len(tasks)} problems at once, {threads}: one problem after the other as peer"
    measured = timed_row(what, ours, peer, ">= 3", repeats=repeats, busy=busy)
    many, rows = len(tasks), BEAM * len(tasks)
    together, each = products(sampler.model, rows), many * products(sampler.model, BEAM)
    words = f"the products of weights alone, a token of {rows} rows: {many} times {BEAM} rows as peer"
    return [measured, row(words, together, each, "s", busy=busy)]
