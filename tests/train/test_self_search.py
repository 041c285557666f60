"""tiny:math learns from its own search: what is kept of a tree, pairs, a search that goes on, all in miniature."""

import json
import math
from pathlib import Path

import pytest
import torch

from tts_playground.core import Cost, Round, Sample, Scored
from tts_playground.errors import BadInput, CannotDo
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.math import searching, self_search
from tts_playground.train.math.architecture import MathSize, build_writer
from tts_playground.train.math.searching import SearchedProblem, SearchPlan, kept
from tts_playground.train.math.tokens import vocabulary
from tts_playground.worlds.arithmetic import MathProblem

SUM = MathProblem("Calculate 1 + 1.", "", "2", "expressions", 1, "")


def said(answer, words=""):
    return f"{words}Therefore, the final answer is: $\\boxed{{{answer}}}$."


def test_the_best_right_and_wrong_ones_of_a_tree_are_kept_once_each():
    candidates = [(said(2), 0.5), (said(3), 0.9), (said(2, "a "), 0.7), (said(2), 0.6), (said(2, "b "), 0.1)]
    half = Scored(Sample("## Step 1", 9, info={"complete": False}), 1.0)
    scored = [Scored(Sample(text, number), reward) for number, (text, reward) in enumerate(candidates)]
    rounds = [
        Round(0, (*scored[:2], half), None, Cost(tokens=5)),
        Round(1, tuple(scored[2:]), None, Cost(tokens=9), "done"),
    ]
    found = kept(SUM, rounds)
    assert found.right == (said(2, "a "), said(2)) and found.wrong == (said(3),)
    assert (found.finished, found.tokens) == (4, 9)


@pytest.fixture(scope="module")
def policy():
    torch.manual_seed(0)
    return build_writer(MathSize(width=48, layers=2, inner=96, heads=2, key_heads=1), len(vocabulary())).eval()


ONE = SearchedProblem(SUM.problem, (said(2), said(2, "So ")), (said(3, "That is long: "),), 3, 9)


def test_log_probabilities_are_those_of_each_text_alone(policy):
    texts = [text for pair in self_search.pairs_of([ONE]) for text in pair]
    together = self_search.log_probabilities(policy, texts)
    for text, value in zip(texts, together.tolist(), strict=True):
        with torch.inference_mode():
            logits = policy(input_ids=torch.tensor([text.ids])).logits[0].log_softmax(-1)
        alone = sum(float(logits[at - 1, text.ids[at]]) for at, mark in enumerate(text.marks) if mark)
        assert value == pytest.approx(alone, abs=1e-3)


def test_preferences_start_at_log_two_and_learning_parts_the_pair(policy):
    import copy

    pairs, learner = self_search.pairs_of([ONE]), copy.deepcopy(policy)
    assert len(pairs) == 1 and len(self_search.lessons_of([ONE])) == 2
    first = self_search.preference_loss(learner, policy, pairs)
    assert float(first) == pytest.approx(math.log(2), abs=1e-5)
    optimizer = torch.optim.SGD(learner.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        self_search.preference_loss(learner, policy, pairs).backward()
        optimizer.step()
    gains = self_search.log_probabilities(learner, pairs[0]) - self_search.log_probabilities(policy, pairs[0])
    assert gains[0] > gains[1]
    wanted = math.log1p(math.exp(-0.1 * float(gains[0] - gains[1])))
    assert float(self_search.preference_loss(learner, policy, pairs)) == pytest.approx(wanted, abs=1e-5)


def names_in(results):
    """The names of the numbers in a results.json."""
    return set(results) | {name for value in results.values() if isinstance(value, dict) for name in value}


@pytest.mark.timeout(600)
def test_one_round_in_miniature_and_a_search_that_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))
    jobs = []
    together = searching.run_together

    def spied(asked, *given):
        jobs.append(list(asked))
        return together(jobs[-1], *given)

    monkeypatch.setattr(searching, "run_together", spied)
    monkeypatch.setattr(self_search, "MINIATURE_MOST", 12)
    common = {"from_search": Path("tiny:math"), "search_tokens": 300, "miniature": True, "device": "cpu", "workers": 0}
    order = TrainConfig(out=tmp_path / "one", problems=3, steps=2, **common)
    train("tiny-math", order)
    file = tmp_path / "home" / "runs" / "tiny-math-search" / "search.jsonl"
    rows = file.read_text().splitlines()
    assert len(rows) == 4 and any(json.loads(row)["right"] for row in rows[1:])
    assert all(0 < json.loads(row)["tokens"] <= 300 for row in rows[1:])

    file.write_text("\n".join(rows) + '\n{"problem": "torn')  # killed in the middle of a line
    more = TrainConfig(out=tmp_path / "two", problems=4, steps=3, resume=True, preferences=True, **common)
    try:
        folder = train("tiny-math", more)
    except CannotDo as error:  # four problems may hold no pair
        assert "pair" in str(error)
        folder = train("tiny-math", TrainConfig(out=tmp_path / "two", problems=4, steps=3, resume=True, **common))
    again = file.read_text().splitlines()
    assert again[:4] == rows and len(again) == 5 and [len(some) for some in jobs[:2]] == [3, 1]
    results = json.loads((folder / "results.json").read_text())
    assert {"greedy_before", "greedy_gain", "maj_4x_gain", "pass_16x_after", "tokens_after"} <= names_in(results)
    card = (folder / "README.md").read_text()
    assert "--problems 4 --search-tokens 300" in card and "had a right solution in a tree" in card

    with pytest.raises(BadInput, match="another search"):
        train(
            "tiny-math",
            TrainConfig(out=tmp_path / "x", problems=4, steps=3, resume=True, **common | {"search_tokens": 90}),
        )


def test_orders_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(BadInput, match="--problems"):
        train("tiny-math", TrainConfig(out=tmp_path, from_search=tmp_path, problems=0))
    assert SearchPlan().problems == TrainConfig(out=tmp_path).problems
