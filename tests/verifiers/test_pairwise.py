"""A model that compares two answers: it sees both, in order, and a tournament reports whether the order decides."""

from dataclasses import replace

import pytest
import tiny_vlms
import torch

from tts_playground.core import Budget, PairwiseJudge, Sample
from tts_playground.errors import CannotDo
from tts_playground.models.loading import load
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.strategies.tournament import Tournament
from tts_playground.tasks.vqa import VqaTask
from tts_playground.verifiers.pairwise import ASK, PairwiseYes
from tts_playground.verifiers.self_verify import SequenceLogprob


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    return PairwiseYes(load(str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm"))), "vlm"))


@pytest.fixture(scope="module")
def task():
    return VqaTask.of(tiny_vlms.picture(), "what is the value of kiwi?", ["7"])


def test_it_is_the_share_of_yes_of_what_a_model_would_say_next(judge, task):
    """Against the whole model's own forward behind the whole prompt."""
    assert isinstance(judge, PairwiseJudge)
    first, second = Sample("kiwi 7", 0), Sample("quito 3", 1)
    vlm = judge.loaded.value
    inputs = vlm.inputs([task.image], [ASK.format(question=task.question, first="kiwi 7", second="quito 3")])
    with torch.inference_mode():
        logits = vlm.model(**inputs).logits[0, -1].float().log_softmax(-1)
    yes, no = (
        torch.logsumexp(torch.stack([logits[vlm.tokens(word)[0]] for word in words if len(vlm.tokens(word)) == 1]), 0)
        for words in (("yes", "Yes", "YES"), ("no", "No", "NO"))
    )
    ours = judge.prefers(task, first, second)
    assert 0.0 < ours < 1.0 and ours != judge.prefers(task, second, first)
    assert ours == pytest.approx(float((yes - no).sigmoid()), abs=0.02)


def test_a_tournament_asks_it_both_ways_around(judge, task):
    sampler = VlmSampler(judge.loaded, AnswerSettings(most_tokens=8))
    *_, last = Tournament(n=3, judge=judge).run(task, sampler, SequenceLogprob(), budget=Budget(samples=3))
    assert last.cost.verifier_calls == 4 and "of 2 pairs" in last.note and last.best is not None


def test_the_embedded_model_cannot(judge):
    with pytest.raises(CannotDo, match="never learned to compare"):
        PairwiseYes(replace(judge.loaded, name="tiny:vlm"))
