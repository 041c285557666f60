"""``bench vqa``: N = 32 answers and their 32 verifications, against transformers' own generate and one batched forward.

One run, one checkpoint, same dtype, threads, temperature and longest reply. Ours starts with no picture and no prompt
kept. The variant with 32 calls, as the course's lab writes it, is shown without a goal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tts_playground.bench.timing import contended, row, timed_row
from tts_playground.core import Sample
from tts_playground.errors import BadInput
from tts_playground.models.vlm.model import Vlm
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.verifiers.self_verify import PYes
from tts_playground.worlds.wording import verify_prompt

N = 32
TEMPERATURE = 0.8
LONGEST = 48


def run(model: str = "tiny:vlm", repeats: int = 3) -> dict[str, Any]:
    """All rows. Ratios above 1 say how many times faster ours is.

    Raises:
        BadInput: the model is none that is loaded here.
    """
    import torch

    from tts_playground.tasks.vqa import VqaTask, vqa_sampler
    from tts_playground.tasks.vqa_data import SHIPPED, questions

    busy = contended()
    sampler = vqa_sampler(model, AnswerSettings(TEMPERATURE, most_tokens=LONGEST), "cpu")
    if not isinstance(sampler, VlmSampler):
        raise BadInput(f"bench vqa reads logits, which {model!r} does not show; name a model that is loaded here.")
    task = next(task for task in questions(SHIPPED, 1) if isinstance(task, VqaTask))
    threads = f"{torch.get_num_threads()} threads"
    rows = [
        timed_row(
            f"{N} answers and {N} verifications, {threads}: generate({N}) and one batched forward as peer",
            ours(sampler, task),
            theirs(sampler.vlm, task, N),
            ">= 3",
            repeats=repeats,
            busy=busy,
        ),
        timed_row(
            f"{N} answers and {N} verifications: {N} calls of each as peer",
            ours(sampler, task),
            calls(sampler.vlm, task, N),
            repeats=1,
            busy=busy,
        ),
    ]
    cost = sum(sample.cost.tokens for sample in sampler.draw(task, range(N)))
    rows.append(row(f"tokens in {N} answers", float(cost), None, "tokens"))
    return {"name": "vqa", "rows": rows}


def ours(sampler: VlmSampler, task: Any, n: int = N) -> Callable[[], Any]:
    """Draw and verify, with nothing kept from before. ``task`` has a ``question`` and an ``image``."""
    draw = drawing(sampler, task, n)

    def call() -> Any:
        samples = draw()
        # equal answers are judged once; different ones here, so that as many are judged as by the peer
        told = [replace(s, info={**s.info, "answer": f"{s.info['answer']} {i}"}) for i, s in enumerate(samples)]
        return PYes(sampler.loaded).score(task, told)

    return call


def drawing(sampler: VlmSampler, task: Any, n: int = N) -> Callable[[], list[Sample]]:
    """Draw alone, with nothing kept from before."""

    def call() -> list[Sample]:
        sampler.vlm.forget()
        return list(sampler.draw(task, range(n)))

    return call


def generating(vlm: Vlm, task: Any, n: int, longest: int = LONGEST) -> Callable[[], list[str]]:
    """transformers' generate with ``num_return_sequences``: what was said."""
    import torch

    def call() -> list[str]:
        with torch.inference_mode():
            inputs = vlm.inputs([task.image], [task.question])
            out = vlm.model.generate(
                **inputs,
                do_sample=True,
                temperature=TEMPERATURE,
                top_k=0,
                num_return_sequences=n,
                max_new_tokens=longest,
                pad_token_id=vlm.tokenizer.pad_token_id,
            )
            return vlm.tokenizer.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)

    return call


def theirs(vlm: Vlm, task: Any, n: int, longest: int = LONGEST) -> Callable[[], Any]:
    """The same, then one forward over n prompts."""
    import torch

    generate = generating(vlm, task, n, longest)

    def call() -> Any:
        with torch.inference_mode():
            said = generate()
            prompts = [verify_prompt(task.question, f"{text.split()[-1] if text.split() else ''} {i}")
                       for i, text in enumerate(said)]  # fmt: skip
            return vlm.model(**vlm.inputs([task.image] * n, prompts), logits_to_keep=1).logits[:, -1]

    return call


def calls(vlm: Vlm, task: Any, n: int) -> Callable[[], Any]:
    """The same one by one."""
    one = theirs(vlm, task, 1)
    return lambda: [one() for _ in range(n)]
