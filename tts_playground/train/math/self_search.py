"""One round of self-evolution: tiny:math learns from its own solved search trees (``searching``).

rStar-Math (Guan et al. 2025, arXiv:2501.04519) trains its next policy on the best trajectories of its trees. As an
option the pairs of a tree's right and wrong solutions are learnt as preferences, as Agent Q (Putta et al. 2024,
arXiv:2408.07199) does with direct preference optimisation (Rafailov et al. 2023, arXiv:2305.18290). Left out: further
rounds, a judge that is trained anew from the trees, and preferences of single steps.

What it brought is measured on problems that neither training nor search ever saw, before and after: greedily, by one
sample, and by votes among as many samples as equal numbers of tokens pay for.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tts_playground import home
from tts_playground.errors import CannotDo
from tts_playground.estimators.curves import expected_best
from tts_playground.estimators.intervals import mean, paired
from tts_playground.estimators.voting import expected_majority
from tts_playground.models.hub.embedded_models import where
from tts_playground.models.hub.locator import ready_folder
from tts_playground.train.common.config import TrainConfig
from tts_playground.train.common.loop import Moment
from tts_playground.train.common.skeleton import CardText, Training, TrainSetup, carry_out
from tts_playground.train.math.architecture import writing_loss
from tts_playground.train.math.drawing import MINIATURE_MOST, MOST
from tts_playground.train.math.measure import measured_problems, right, solved
from tts_playground.train.math.rows import LENGTH, Text, pack, shuffled
from tts_playground.train.math.searching import SearchedProblem, SearchPlan, searched
from tts_playground.train.math.stream import TextStream
from tts_playground.train.math.tokens import EOS, PAD, encoder
from tts_playground.train.math.trainer import save
from tts_playground.worlds.arithmetic.checking import boxed_answer

ABOUT = (
    "tiny:math after one round on its own search trees: {solved} of {problems} problems had a right solution in a tree "
    "of {tokens} tokens, and {texts} of those solutions were its lessons{pairs}."
)
DATA = "its own solutions of problems of `worlds.arithmetic` of the training kind, none of which it was measured on."
BETA = 0.1
"""of preferences: how far the policy may leave the one that searched (nats)"""
BUDGETS = (1, 4, 16)
"""tokens at which votes are compared, in parts of what one sample of the model before took"""


def lesson_of(problem: str, solution: str) -> Text:
    """A problem with a solution that is learnt."""
    encode = encoder()
    ids, learnt = encode.prompt(problem), [*encode(solution), EOS]
    return Text([*ids, *learnt], [0] * len(ids) + [1] * len(learnt))


def lessons_of(found: Sequence[SearchedProblem]) -> list[Text]:
    """Every kept right solution; those too long for a row are left out."""
    texts = [lesson_of(one.problem, solution) for one in found for solution in one.right]
    return [text for text in texts if len(text.ids) <= LENGTH]


def pairs_of(found: Sequence[SearchedProblem]) -> list[tuple[Text, Text]]:
    """(right, wrong) solutions of the same problem, the best of each first; those too long are left out."""
    made = [
        (lesson_of(one.problem, good), lesson_of(one.problem, bad))
        for one in found
        for good, bad in zip(one.right, one.wrong, strict=False)
    ]
    return [pair for pair in made if all(len(text.ids) <= LENGTH for text in pair)]


def log_probabilities(model: Any, texts: Sequence[Text]) -> torch.Tensor:
    """Natural-log probability of what is learnt of each text behind the rest of it: [len(texts)]."""
    longest = max(len(text.ids) for text in texts)
    ids = torch.full((len(texts), longest), PAD)
    marks = torch.zeros(len(texts), longest)
    for row, text in enumerate(texts):
        ids[row, : len(text.ids)] = torch.tensor(text.ids)
        marks[row, : len(text.ids)] = torch.tensor(text.marks).float()
    ids, marks = ids.to(model.device), marks.to(model.device)
    logits = model(input_ids=ids).logits[:, :-1].float()  # padding stands on the right, where nobody looks
    told = -functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    return (told * marks[:, 1:]).sum(1)


def preference_loss(model: Any, before: Any, pairs: Sequence[tuple[Text, Text]], beta: float = BETA) -> torch.Tensor:
    """Direct preference optimisation: -log sigmoid(beta (gain of the right one - gain of the wrong one)), the mean.

    Args:
        before: the policy that drew the pairs; a gain is the log-probability under ``model`` less that under it.
    """
    texts = [text for pair in pairs for text in pair]
    with torch.no_grad():
        old = log_probabilities(before, texts)
    gains = (log_probabilities(model, texts) - old).view(-1, 2)
    return -functional.logsigmoid(beta * (gains[:, 0] - gains[:, 1])).mean()


def prepare(setup: TrainSetup) -> Training:
    """Search (or read what was searched), and the model, rows and loss of one round.

    The order's minutes are those of learning; the search takes what its problems and tokens take.

    Raises:
        CannotDo: no problem was solved, or preferences are asked for and no tree holds both.
    """
    order = setup.order
    assert order.from_search is not None
    folder = ready_folder(Path(where(str(order.from_search))), "lm")
    found = _searched(setup, folder)
    texts, pairs = lessons_of(found), pairs_of(found) if order.preferences else []
    if not texts or (order.preferences and not pairs):
        what = "right solution" if not texts else "pair of a right and a wrong solution"
        raise CannotDo(f"No {what} stands in the trees of {len(found)} problems; search more of them.")
    from transformers import LlamaForCausalLM

    model: Any = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    model.to(setup.device)
    before = copy.deepcopy(model).eval().requires_grad_(False)
    rows, per_step = setup.sized(2, 64, 8), setup.sized(2, 32, 4)
    stream = TextStream(lambda index: pack(shuffled(texts, order.seed, 4 * index * rows), rows), 0, setup.device)

    def loss(moment: Moment) -> torch.Tensor:
        learnt = writing_loss(model, *stream.batch(moment.step))
        if not pairs:
            return learnt
        chosen = Random(f"{order.seed}/{moment.step}").choices(pairs, k=per_step)
        return learnt + preference_loss(model, before, chosen)

    tuning = {"lr": order.lr or 2e-4, "warmup": setup.sized(5, 20, 20), "weight_decay": 0.0, "betas": (0.9, 0.98)}
    plan = setup.plan("tiny-math-search", order.minutes, bf16=not order.miniature, **tuning)
    told = _told(found, texts, pairs)
    return Training(model, loss, plan, partial(finished, setup, model, before), told, around=closing(stream))


def _searched(setup: TrainSetup, folder: Path) -> list[SearchedProblem]:
    """The searched problems, of this and of earlier starts."""
    order = setup.order
    plan = SearchPlan(order.problems, order.search_tokens, order.seed)
    file = home.folder("runs", order.run or "tiny-math-search") / "search.jsonl"
    judge = str(order.judge or "tiny:prm")
    found = []
    for one in searched(folder, judge, file, plan, device=order.device, resume=order.resume):
        found.append(one)
        if len(found) % 100 == 0 or len(found) == plan.problems:
            print(f"searched {len(found)} of {plan.problems}, {sum(bool(x.right) for x in found)} solved", flush=True)
    return found


def _told(found: Sequence[SearchedProblem], texts: Sequence[Text], pairs: Sequence[Any]) -> CardText:
    more = f", and {len(pairs)} pairs with wrong ones its preferences" if pairs else ""
    tokens = max(one.tokens for one in found)
    solved_ones = sum(bool(one.right) for one in found)
    said = ABOUT.format(solved=solved_ones, problems=len(found), tokens=tokens, texts=len(texts), pairs=more)
    return CardText("tiny:math", said, DATA, stickers=False)


def finished(setup: TrainSetup, model: Any, before: Any) -> tuple[Any, dict[str, Any]]:
    """Save, and measure the model before and after the round."""
    n, samples, rows = setup.sized((5, 2, 10), (500, 64, 2048), (100, 16, 128))
    save(model, setup.order.out)
    most = setup.sized(MINIATURE_MOST, MOST, MOST)
    return model, compared(before.float(), model.float().eval(), n, samples, rows, most)


def compared(before: Any, after: Any, n: int, samples: int, rows: int, most: int = MOST) -> dict[str, Any]:
    """Both models on ``n`` problems, and their differences with paired intervals over problems.

    "greedy" and "single" are accuracies at k = 1; "maj_4x" those of votes among as many samples as four times the
    tokens of one sample of the model before pay for, at least one; "pass_4x" that any of them is right.
    """
    asked = measured_problems(n)
    lines = {name: _line(one, asked, samples, rows, most) for name, one in (("before", before), ("after", after))}
    unit = lines["before"]["tokens"].mean()
    shares: dict[str, dict[str, np.ndarray]] = {}
    for name, line in lines.items():
        shares[name] = {"greedy": line["greedy"], "single": line["right"].mean(1)}
        for budget in BUDGETS:
            k = int(np.clip(budget * unit / line["tokens"].mean(), 1, samples))
            votes = [
                expected_majority(said, gold, [k])[0] for said, gold in zip(line["answers"], line["right"], strict=True)
            ]
            shares[name][f"maj_{budget}x"] = np.array(votes)
            shares[name][f"pass_{budget}x"] = expected_best(line["right"].astype(float), [k])[:, 0]
    found: dict[str, Any] = {}
    for key, old in shares["before"].items():
        new = shares["after"][key]
        found |= {f"{key}_before": mean(old).as_dict(), f"{key}_after": mean(new).as_dict()}
        found[f"{key}_gain"] = paired(new, old).as_dict()
    return found | {f"tokens_{name}": float(line["tokens"].mean()) for name, line in lines.items()}


def _line(model: Any, asked: Sequence[Any], samples: int, rows: int, most: int) -> dict[str, Any]:
    """What a model drew: "greedy" [n], "right" [n, samples], "tokens" [n, samples], "answers" n lists."""
    encode = encoder()
    greedy = right(asked, solved(model, asked, 1, 0.0, rows, most))[:, 0].astype(float)
    texts = solved(model, asked, samples, 1.0, rows, most)
    tokens = np.array([[len(encode(text)) + 1 for text in said] for said in texts])
    answers = [[boxed_answer(text) or f"none {number}" for number, text in enumerate(said)] for said in texts]
    return {"greedy": greedy, "right": right(asked, texts), "tokens": tokens, "answers": answers}


def train(order: TrainConfig) -> Path:
    """Search, train one round, save and describe it; returns its folder."""
    return carry_out(order, prepare)
