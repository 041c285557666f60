"""What a freshly trained tiny:vlm can do, measured on held-out data with plain ``generate``: for its card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from tts_playground import randomness
from tts_playground.models.vlm.inputs import about_a_picture, model_inputs, written
from tts_playground.train.vlm.data import sticker_turns
from tts_playground.train.vlm.tokens import Turn
from tts_playground.worlds import choices, figure_eval, stickers
from tts_playground.worlds.charts import draw
from tts_playground.worlds.infographics import SIZE, figure
from tts_playground.worlds.layout import Draw
from tts_playground.worlds.questions import ask, final_answer, pick_kind, wrong_reply
from tts_playground.worlds.wording import verify_prompt

EVAL_SEED = 77


def chat(
    processor: Any, prompts: Sequence[str], images: Sequence[Image.Image], device: Any = "cpu"
) -> dict[str, torch.Tensor]:
    """The inputs of a float32 model for one turn each about one picture each, padded on the left."""
    texts = [written(processor, about_a_picture(prompt)) for prompt in prompts]
    return model_inputs(processor, texts, [[image] for image in images], device, torch.float32)


@torch.no_grad()
def replies(
    model: Any, processor: Any, prompts: Sequence[str], images: Sequence[Image.Image], times: int = 1, batch: int = 25
) -> list[list[str]]:
    """``times`` replies a prompt: the greedy one when 1, else samples at temperature 0.8."""
    sampling: dict[str, Any] = (
        {"do_sample": False} if times == 1 else {"do_sample": True, "temperature": 0.8, "top_k": 0}
    )
    batch = batch if times > 1 else 8 * batch
    found: list[str] = []
    for start in range(0, len(prompts), batch):
        inputs = chat(processor, prompts[start : start + batch], images[start : start + batch], model.device)
        out = model.generate(**inputs, **sampling, num_return_sequences=times, max_new_tokens=96)
        found += processor.batch_decode(out[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return [found[i : i + times] for i in range(0, len(found), times)]


@torch.no_grad()
def next_token(model: Any, processor: Any, prompts: Sequence[str], images: Sequence[Image.Image]) -> torch.Tensor:
    """Log-probabilities of the first token of the reply: float32 [n, vocabulary] on the CPU."""
    rows = []
    for start in range(0, len(prompts), 200):
        inputs = chat(processor, prompts[start : start + 200], images[start : start + 200], model.device)
        rows.append(model(**inputs, logits_to_keep=1).logits[:, -1].float().log_softmax(-1).cpu())
    return torch.cat(rows)


def answers(model: Any, processor: Any, *, samples: int, most: int) -> dict[str, float]:
    """Greedy accuracy on infographics-eval by kind and by what was unseen, blank, and the oracle of ``samples``."""
    all_cases = figure_eval.cases()[:most]
    prompts = [case.question.text for case in all_cases]
    views = {
        "": [draw(case.figure) for case in all_cases],
        "_blank": [Image.new("RGB", (SIZE, SIZE), "white")] * len(all_cases),
    }
    found: dict[str, float] = {}
    for name, images in views.items():
        said = replies(model, processor, prompts, images)
        right = [final_answer(row[0]) == case.question.answer for row, case in zip(said, all_cases, strict=True)]
        found[f"greedy{name}"] = float(np.mean(right))
        if not name:
            groups = defaultdict(list)
            for good, case in zip(right, all_cases, strict=True):
                groups[f"greedy of {case.question.kind}"].append(good)
                groups[f"greedy, unseen {case.unseen or 'nothing'}"].append(good)
            found |= {group: float(np.mean(rows)) for group, rows in sorted(groups.items())}
        if samples > 1:
            pairs = list(zip(replies(model, processor, prompts, images, samples), all_cases, strict=True))
            hits = [[final_answer(text) == case.question.answer for text in row] for row, case in pairs]
            found[f"oracle{samples}{name}"] = float(np.mean([any(row) for row in hits]))
            found[f"sample{name}"] = float(np.mean(hits))
    return found


def yes_no(model: Any, processor: Any, prompts: list[str], images: list[Image.Image], truth: list[bool]) -> float:
    """Share of questions in which yes is likelier than no exactly when it should be."""
    yes, no = (processor.tokenizer.encode(word, add_special_tokens=False)[0] for word in ("yes", "no"))
    logits = next_token(model, processor, prompts, images)
    return float(np.mean(((logits[:, yes] > logits[:, no]).numpy()) == np.array(truth)))


def verification(model: Any, processor: Any, n: int) -> dict[str, float]:
    """Yes/no accuracy on proposed answers (half are wrong), short and with reasoning, and on captions of stickers."""
    prompts: dict[str, list[str]] = {"short": [], "reasoned": []}
    images, truth = [], []
    for i in range(n):
        one = figure(EVAL_SEED, i)
        d = Draw(randomness.generator("measure", EVAL_SEED, i).random(199).tolist())
        numbers = [d() for _ in range(12)]
        question = ask(one, pick_kind(one, d), Draw(numbers))
        reply = question.reply if i % 2 else wrong_reply(one, question, numbers, d)
        if not reply:
            continue
        prompts["short"].append(verify_prompt(question.text, final_answer(reply)))
        prompts["reasoned"].append(verify_prompt(question.text, reply))
        images.append(draw(one))
        truth.append(bool(i % 2))
    found = {f"verify {name}": yes_no(model, processor, asked, images, truth) for name, asked in prompts.items()}
    scenes = stickers.scenes(EVAL_SEED, 0, n)
    pictures = [Image.fromarray(picture) for picture in stickers.render_batch(scenes)]
    turns: list[Turn] = []
    for i, scene in enumerate(scenes):
        d = Draw(randomness.generator("measure stickers", EVAL_SEED, i).random(199).tolist())
        turns.append(sticker_turns(scene, scenes[i - 1], d)[0])
    found["shows"] = yes_no(model, processor, [t.prompt for t in turns], pictures, [t.answer == "yes" for t in turns])
    return found


def preference(model: Any, processor: Any, n: int) -> dict[str, float]:
    """How near the choice distribution comes to the planted one, over four cells and all conditions."""
    names = list(choices.CONDITIONS)
    scenes = [choices.choice(EVAL_SEED, i, names[i % len(names)]) for i in range(n)]
    pictures = [choices.draw(scene) for scene in scenes]
    logits = next_token(model, processor, [choices.CHOICE_PROMPT] * n, pictures).exp().numpy()
    ids = [processor.tokenizer.encode(str(digit), add_special_tokens=False)[0] for digit in range(10)]
    given = np.array([[row[ids[d]] for d in s.digits] for row, s in zip(logits, scenes, strict=True)])
    aim = np.array([choices.planted(s) for s in scenes])
    sevens = np.array([[d == 7 for d in s.digits] for s in scenes])
    return {
        "choice: mass on digits shown": float(given.sum(1).mean()),
        "choice: total variation to planted": float(0.5 * np.abs(given - aim).sum(1).mean()),
        "choice: p of 7 over planted": float(given[sevens].mean() / aim[sevens].mean()),
    }


def measure(model: Any, processor: Any, *, samples: int, n: int) -> dict[str, float]:
    """All of it; ``n`` questions of each kind of task, of infographics-eval at most its 200."""
    model.eval()
    found = answers(model, processor, samples=samples, most=n)
    return found | verification(model, processor, n) | preference(model, processor, n)
