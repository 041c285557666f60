"""Experiments over questions: resumable, bad rows skipped, curves and advice by hand, sets of questions from disk."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from tts_playground.core import Cost, Sample
from tts_playground.errors import BadInput, CannotDo
from tts_playground.estimators.curves import pass_at_k
from tts_playground.experiments.question_sets import (
    AskedQuestion,
    accuracy_curves,
    gains,
    run,
    saved_by_stopping,
    side_by_side,
    trust,
    which_n,
)
from tts_playground.figures.answers import at_least_once, reliability_plot, reshape, reshaped, softmax
from tts_playground.pages.vqa import sentences
from tts_playground.store.store import Store
from tts_playground.tasks.vqa import VqaTask
from tts_playground.tasks.vqa_data import Skipped, questions

WORDS = ("7", "seven", "8", "9")


@dataclass
class Scripted:
    """Says 7, seven, 8, 9, 7, ...; counts how often it is asked."""

    drawn: int = 0

    def fingerprint(self):
        return {"sampler": "scripted answers", "model": "none"}

    def draw(self, task, indices, *, seed=0):
        if "bad" in task.question:
            raise BadInput("This question is bad.")
        for index in indices:
            self.drawn += 1
            word = WORDS[index % 4]
            yield Sample(f"answer: {word}", index, seed, -1.0, Cost(samples=1, tokens=3), info={"answer": word})


@dataclass
class Sure:
    """Likes 7 in digits best."""

    calls: int = 0
    name: ClassVar[str] = "p_yes"
    revision: ClassVar[str] = "1"
    unit_cost: ClassVar[Cost] = Cost(verifier_calls=1)

    def score(self, task, samples):
        self.calls += len(samples)
        return [{"7": 0.9, "seven": 0.4, "8": 0.6, "9": 0.1}[sample.info["answer"]] for sample in samples]


@dataclass
class Mute:
    name: ClassVar[str] = "logprob"
    revision: ClassVar[str] = "1"
    unit_cost: ClassVar[Cost] = Cost(verifier_calls=5)

    def score(self, task, samples):
        raise CannotDo("No log-probabilities.")


def task(question, truth="7"):
    return VqaTask.of(Image.new("RGB", (8, 8), "red"), question, [truth])


TASKS = [task("one"), Skipped(1, "it has no image"), task("a bad one"), task("two", "8")]


def test_a_run_skips_bad_rows_and_is_resumed_from_the_store(tmp_path):
    sampler, judge = Scripted(), Sure()
    with Store(tmp_path) as store:
        reports = list(run(TASKS, sampler, [judge, Mute()], 8, store=store))
        assert [report.done for report in reports] == [1, 2, 3, 4]
        assert "no image" in reports[1].note and "is bad" in reports[2].note
        assert (sampler.drawn, judge.calls) == (16, 16)
        again = list(run(TASKS, sampler, [judge, Mute()], 8, store=store))
        assert (sampler.drawn, judge.calls) == (16, 16)
        more = list(run(TASKS[:1], sampler, [judge], 12, store=store))
        assert sampler.drawn == 20 and len(more[0].finished[0].answers) == 12
    (first,) = reports[0].finished
    assert (first,) == again[0].finished and first.answers[:4] == WORDS and set(first.scores) == {"p_yes"}
    assert first.unit["tokens"] == 3 and first.unit["verifier_calls"] == 1
    assert first.right() == [1, 1, 0, 0] * 2


ASKED = [
    AskedQuestion("one", ("7",), WORDS * 2, {"p_yes": (0.9, 0.4, 0.6, 0.1) * 2}, {"tokens": 3.0}),
    AskedQuestion("two", ("8",), WORDS * 2, {"p_yes": (0.9, 0.4, 0.6, 0.1) * 2}, {"tokens": 3.0}),
]


def test_curves_are_exact():
    found = accuracy_curves(ASKED)
    assert set(found) == {"oracle", "verifier", "weighted", "majority", "single"}
    assert found["oracle"].mean == pytest.approx(np.mean([pass_at_k(8, c, range(1, 9)) for c in (4, 2)], axis=0))
    assert found["single"].mean == pytest.approx([0.375] * 8)
    assert found["verifier"].mean[-1] == pytest.approx(0.5)  # 7 for both questions
    assert found["majority"].mean[-1] == pytest.approx(0.5)  # 7 and seven are one answer
    assert found["oracle"].oracle and found["oracle"].unit["tokens"] == 3.0
    assert accuracy_curves(ASKED, "containment")["single"].mean[0] == pytest.approx(0.25)
    with pytest.raises(BadInput, match="No question"):
        accuracy_curves([])


def test_correctness_side_by_side():
    found = side_by_side(ASKED)
    assert set(found) == {"exact", "anls", "containment"}
    for measure, lines in found.items():
        whole = accuracy_curves(ASKED, measure)
        assert lines["oracle"]["value"] == pytest.approx(whole["oracle"].mean[-1])
        assert lines["single"]["low"] <= lines["single"]["value"] <= lines["single"]["high"]
    assert found["exact"]["single"]["value"] > found["containment"]["single"]["value"]  # seven is 7, but holds no 7


class Down(Scripted):
    """A model that is out of reach for some questions."""

    def draw(self, task, indices, *, seed=0):
        if "down" in task.question:
            raise CannotDo("The endpoint gave no reply.")
        return super().draw(task, indices, seed=seed)


def test_trouble_that_passes_is_reported_and_trouble_that_stays_ends_the_run(tmp_path):
    with Store(tmp_path) as store:
        asked = [task("down 1"), task("down 2"), task("up"), task("down 3")]
        reports = list(run(asked, Down(), [Sure()], 2, store=store))
        assert [not report.finished for report in reports] == [True, True, False, True]
        assert "no reply" in reports[0].note
        with pytest.raises(CannotDo, match="no reply"):
            list(run([task(f"down {i}") for i in range(4)], Down(), [Sure()], 2, store=store))


def test_advice_and_early_stopping():
    curve = accuracy_curves(ASKED)["oracle"]
    advice = which_n(curve, least=0.05)
    assert advice.n in (2, 4, 8) and f"N = {advice.n}" in advice.sentence
    early = which_n(curve, least=0.5)
    assert early.n == 1 and "doubling to 2" in early.sentence and "for 3 more tokens a question" in early.sentence
    assert which_n(accuracy_curves(ASKED)["single"]).n == 1
    same = AskedQuestion("q", ("7",), ("7",) * 8, {})
    assert saved_by_stopping([same], 8).value == pytest.approx(1 - 5 / 8)
    assert saved_by_stopping(ASKED, 8).value < 0.5


def test_trust_in_a_verifier():
    found = trust(ASKED)
    assert found.auroc is not None and found.auroc.low is None  # of so few questions nothing honest can be said
    many = trust([*ASKED, *ASKED] * 4).auroc
    assert many is not None and many.low <= many.value <= many.high
    assert found.within is not None and found.within.n == 2 and found.reliability is not None
    assert found.within.value == pytest.approx((0.75 + 2 / 3) / 2)
    assert json.dumps(found.as_dict()) and trust(ASKED, "rating").as_dict()["auroc"] is None
    ratings = [AskedQuestion("q", ("7",), WORDS, {"rating": (10.0, 9.0, 1.0, 0.0)})]
    assert trust(ratings, "rating").reliability is None and trust(ratings, "rating").within.value == 1.0


def test_sets_of_questions_from_disk(tmp_path):
    Image.new("RGB", (9, 9), "blue").save(tmp_path / "a.png")
    rows = [
        {"image": "a.png", "question": "what?", "answers": ["x", "y"]},
        {"image_path": str(tmp_path / "a.png"), "question": "what?", "ground_truth": 7},
        {"image": "gone.png", "question": "what?", "answer": "x"},
        {"image": "a.png", "answer": "x"},
        {"image": "a.png", "question": "what?"},
    ]
    lines = [json.dumps(row) for row in rows]
    (tmp_path / "questions.jsonl").write_text("\n".join([*lines, "{broken", "[1]"]))
    found = list(questions(str(tmp_path)))
    assert [type(one) for one in found] == [VqaTask, VqaTask, *[Skipped] * 5]
    assert found[0].answers == ("x", "y") and found[1].answers == ("7",)
    reasons = [one.why for one in found[2:]]
    for reason, part in zip(reasons, ("no file", "no question", "no answer", "no JSON", "no JSON object"), strict=True):
        assert part in reason
    assert len(list(questions(str(tmp_path / "questions.jsonl"), 2))) == 2


def test_sets_of_questions_from_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    Image.new("RGB", (9, 9), "blue").save(tmp_path / "a.png")
    picture = {"bytes": (tmp_path / "a.png").read_bytes(), "path": "a.png"}
    pq.write_table(pa.table({"image": [picture], "query": ["what?"], "answer": [["x"]]}), tmp_path / "s.parquet")
    (one,) = questions(str(tmp_path / "s.parquet"))
    assert isinstance(one, VqaTask) and one.question == "what?" and one.answers == ("x",)
    (tmp_path / "s.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadInput, match="parquet"):
        list(questions(str(tmp_path / "s.parquet")))


def test_the_shipped_set_and_sets_that_are_not_there(tmp_path, monkeypatch):
    found = list(questions("infographics-eval", 5))
    assert len(found) == 5 and all(isinstance(one, VqaTask) and one.answers for one in found)
    with pytest.raises(BadInput, match="no set of questions"):
        list(questions("no-such-set"))
    with pytest.raises(BadInput, match=r"questions\.jsonl"):
        list(questions(str(tmp_path)))
    import datasets

    def refuse(*_, **__):
        raise ConnectionError("offline")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(CannotDo, match="hub"):
        list(questions("infovqa", 3))


def test_infovqa_is_streamed_shuffled_and_taken_as_in_the_lab(monkeypatch):
    import datasets

    asked = {}

    def load(name, **options):
        asked.update(options, name=name)
        rows = [
            {"image": Image.new("RGB", (1600, 9), "red"), "question": f"q{i}", "answer": [str(i)]} for i in range(9)
        ]
        return datasets.IterableDataset.from_generator(lambda: iter(rows))

    monkeypatch.setattr(datasets, "load_dataset", load)
    found = list(questions("infovqa", 3))
    assert asked == {"name": "Ahren09/InfoVQA", "split": "train", "streaming": True}
    assert [type(one) for one in found] == [Skipped] * 3 and "too thin" in found[0].why


def test_figures_of_theory_and_trust():
    assert len(reliability_plot([0.2, 0.8], [0.1, 0.9], [3, 9]).data) == 2
    assert not reliability_plot([], [], []).data
    line = at_least_once([0.1], most=8, at=8).data[0]
    assert line.y[7] == pytest.approx(1 - 0.9**8)
    logits = [2.0, 1.0, 0.0]
    assert reshape(logits, 1e9) == pytest.approx([1 / 3] * 3) and reshape(logits, 0).tolist() == [1, 0, 0]
    assert reshape(logits, 1, top_k=2)[2] == 0 and reshape(logits, 1, top_p=0.5).tolist() == [1, 0, 0]
    assert reshape(logits, 1) == pytest.approx(softmax(logits))
    assert len(reshaped("abc", logits, 0.7).data) == 2


def test_a_gain_of_choosing_is_paired_by_question_and_no_claim_where_its_interval_covers_zero():
    rng = np.random.default_rng(0)
    mixed = [_answered(rng.random(16) < p) for p in rng.uniform(0.3, 0.7, 12)]
    sure = [_answered(np.arange(16) < 10 + place % 4) for place in range(12)]
    for asked, word in ((mixed, "makes no clear change here"), (sure, "helps here")):
        curve = accuracy_curves(asked)["majority"]
        gain = gains(asked, "exact", 8)["majority"]
        assert gain.value == pytest.approx(curve.at(8) - curve.at(1), abs=0.02)
        assert word in sentences.choosing("Voting", curve, gain)


def _answered(right):
    return AskedQuestion("q", ("7",), tuple("7" if one else "8" for one in right), {})
