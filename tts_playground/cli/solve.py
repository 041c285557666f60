"""``solve``: N solutions of a problem in words, or a search over their steps."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tts_playground import registry
from tts_playground.cli import options
from tts_playground.cli.output import console, drawing, emit, say_read, table

Problem = Annotated[str, typer.Argument(help="What is to be solved.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "--sampler",
        envvar="TTS_PLAYGROUND_LM_MODEL",
        help=f"tiny:math, a hub id, a folder, {options.plugged('text')}endpoint:NAME@http://host:port/v1 or "
        "vllm:HUB_ID.",
    ),
]
Strategy = Annotated[str, typer.Option(help=f"One of: {registry.listed('strategy', 'text')}.")]
REWARDS = ", ".join(row.usage for row in registry.rewards("text"))
Reward = Annotated[
    str, typer.Option(help=f"What judges solutions: {REWARDS}; auto is tiny:prm for tiny:math; '' judges nothing.")
]
Aggregation = Annotated[
    str | None, typer.Option(help="What makes one number of a solution's step scores: last, min, prod or mean.")
]
MaxTokens = Annotated[int, typer.Option("--max-tokens", min=1, help="A solution is cut when it gets so long.")]
MaxSteps = Annotated[int, typer.Option("--max-steps", min=1, max=256, help="The last step goes on to the end.")]
System = Annotated[str | None, typer.Option("--system-prompt", help="How to solve it; '' says nothing.")]
Truth = Annotated[str, typer.Option("--truth", help="The right answer; neither the model nor the judge sees it.")]
RewardCode = Annotated[
    str, typer.Option("--reward-code", metavar="REPO@COMMIT", help="As --trust-code, of the judge's repository.")
]


def solve(
    problem: Problem,
    model: Model = None,
    strategy: Strategy = "best-of-n",
    reward: Reward = "auto",
    n: options.Count = 16,
    temperature: options.Temperature = 0.8,
    top_p: options.TopP = 1.0,
    top_k: options.TopK = 0,
    seed: options.Seed = 0,
    max_tokens: MaxTokens = 512,
    max_steps: MaxSteps = 16,
    system_prompt: System = None,
    truth: Truth = "",
    aggregation: Aggregation = None,
    json: options.Json = False,
    extra_body: options.ExtraBody = None,
    reward_code: RewardCode = "",
    dtype: options.Dtype = "auto",
    load_4bit: options.FourBit = False,
    device: options.Device = "auto",
    trust_code: options.TrustCode = "",
) -> None:
    """Solve PROBLEM N times, or search over the steps of its solutions; judge them, and vote."""
    from tts_playground.store.spare import open_store
    from tts_playground.tasks.reasoning import SYSTEM_PROMPT
    from tts_playground.tasks.solving import solve as draw

    said: dict[str, Any] = {"system_prompt": SYSTEM_PROMPT if system_prompt is None else system_prompt}
    with open_store(console().print) as store, drawing(f"Drawing {n} solutions", n) as hear:
        result = draw(
            problem,
            model=model,
            strategy=strategy,
            reward=reward,
            n=n,
            temperature=temperature,
            top_p=top_p,
            top_k=top_k,
            seed=seed,
            max_tokens=max_tokens,
            max_steps=max_steps,
            truth=truth,
            aggregation=aggregation,
            own=True,
            store=store,
            on_round=hear,
            extra_body=options.fields_of(extra_body),
            reward_code=reward_code,
            dtype=dtype,
            load_in_4bit=load_4bit,
            device=device,
            trust_code=trust_code,
            **said,
        )
        say_read(store)
    emit(result.as_dict(), json, _talk)


def _talk(result: dict[str, Any]) -> None:
    rows = [
        [str(i), one["answer"], _number(one["reward"]), _steps(one), str(one["tokens"])]
        for i, one in enumerate(result["samples"])
    ]
    table(result["problem"], ["", "answer", result["reward"] or "reward", "steps", "tokens"], rows)
    for name, picked in result["picks"].items():
        print(f"{name:10s} {picked}")
    right = {True: " (right)", False: " (wrong)", None: ""}[result["right"]]
    how = {"weighted": " by a weighted vote", "majority": " by a majority vote"}.get(result["by"], "")
    said = f"{result['strategy']} answers {result['answer'] or 'nothing'}{how}{right}"
    dropped = f", and {result['dropped']:,} drawn that the budget had no room for" if result["dropped"] else ""
    print(f"{said}; {result['cost']['tokens']:,} tokens{dropped}")


def _steps(one: dict[str, Any]) -> str:
    scores = one["step_scores"]
    if scores is None:
        return str(len(one["steps"]))
    return " ".join(f"{score:.2f}" for score in scores)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
