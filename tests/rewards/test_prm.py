"""The process reward: what it makes of the scores of steps, by hand; the laws; names and costs."""

import math

import pytest
import tiny_texts
import torch
from transformers import LlamaConfig, LlamaForTokenClassification

from tts_playground import registry
from tts_playground.core import Budget, Cost, Sample
from tts_playground.errors import BadInput, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.lm.model import TextModel
from tts_playground.models.loading import Loaded, Options
from tts_playground.rewards.prm import AGGREGATIONS, ProcessReward
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.strategies.beam import Beam
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.tasks.together import JointRun, ScoresMany, run_together
from tts_playground.testing import check_reward, check_strategy

TASK = ReasoningTask("what is two and three?", answer="5", system_prompt="add it")


def sample(*steps, index=0):
    return Sample("\n\n".join(steps), index, info={"steps": steps})


SAMPLES = [sample("two and three", "it is 5"), sample("so 5"), sample(), sample("it is 6", "so", "so the answer is 6")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made, words = tmp_path_factory.mktemp("prm"), tiny_texts.tokenizer()
    torch.manual_seed(5)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(vocab_size=len(words), num_labels=2, initializer_range=0.3, **sizes)
    LlamaForTokenClassification(config).save_pretrained(made)
    words.save_pretrained(made)
    yield str(made)
    loading.forget()


def reward(folder, **more):
    return ProcessReward(folder, device="cpu", **more)


def test_the_laws(folder):
    check_reward(reward(folder), TASK, SAMPLES)


@pytest.mark.parametrize("name", AGGREGATIONS)
def test_a_score_is_what_aggregation_makes_of_the_steps(name, folder):
    steps = reward(folder).step_scores(TASK, SAMPLES)
    assert [len(one) for one in steps] == [2, 1, 0, 3] and all(0 < score < 1 for one in steps for score in one)
    a, b, c = steps[3]
    by_hand = {"last": c, "min": min(a, b, c), "prod": a * b * c, "mean": (a + b + c) / 3}[name]
    scores = reward(folder, aggregation=name).score(TASK, SAMPLES)
    assert scores[3] == pytest.approx(by_hand, rel=1e-6) and scores[2] == 0.0
    assert scores[1] == pytest.approx(steps[1][0])


def test_partial_views_are_scored_by_the_steps_that_they_have(folder):
    steps = reward(folder).step_scores(TASK, [SAMPLES[3], sample(*SAMPLES[3].info["steps"][:2])])
    assert steps[1] == pytest.approx(steps[0][:2], abs=1e-5)


def test_a_sample_without_named_steps_is_parted_at_blank_lines(folder):
    text = Sample("two and three\n\nit is 5\n", 0)
    assert reward(folder).step_scores(TASK, [text]) == [
        pytest.approx(x, abs=1e-5) for x in reward(folder).step_scores(TASK, SAMPLES[:1])
    ]


def test_many_problems_at_once_are_scored_as_each_alone(folder):
    other = ReasoningTask("what is all of it?", system_prompt="")
    judge = reward(folder, aggregation="prod")
    both = judge.score_many([(TASK, SAMPLES), (other, SAMPLES[:2]), (TASK, [])])
    loading.load(folder, "prm", Options("cpu")).value.forget()
    assert both[0] == pytest.approx(judge.score(TASK, SAMPLES), abs=1e-5)
    assert both[1] == pytest.approx(judge.score(other, SAMPLES[:2]), abs=1e-5) and both[2] == []
    assert both[1][0] != pytest.approx(both[0][0], abs=1e-3) and isinstance(judge, ScoresMany)


def test_names_costs_and_revisions(folder):
    assert reward(folder).unit_cost == Cost(verifier_calls=1)
    assert ProcessReward().name == "prm" and ProcessReward(folder).name == f"prm:{folder}"
    assert reward(folder).networks == (folder,)
    revisions = {reward(folder).revision, reward(folder, aggregation="min").revision}
    revisions.add(reward(folder, dtype="bfloat16").revision)
    assert len(revisions) == 3
    with pytest.raises(BadInput, match="aggregation"):
        reward(folder, aggregation="max")


def test_by_name_with_a_folder(folder):
    made = registry.resolve("reward", f"prm:{folder}", "text", aggregation="mean")
    assert made == ProcessReward(folder, aggregation="mean")
    both = registry.resolve("reward", f"0.5*prm:{folder}+0.5*prm:{folder}", "text")
    assert both.score(TASK, SAMPLES) == pytest.approx(reward(folder).score(TASK, SAMPLES), abs=1e-6)
    with pytest.raises(ModelUnavailable, match="is not a process reward model: it is a CLIP"):
        loading.load(_folder_of_another_kind(folder), "prm", Options("cpu"))


def _folder_of_another_kind(folder):
    import json
    import shutil
    from pathlib import Path

    other = Path(folder).with_name("other")
    shutil.copytree(folder, other, dirs_exist_ok=True)
    (other / "config.json").write_text(json.dumps({"model_type": "clip"}))
    return str(other)


def test_it_guides_a_search_of_one_problem_and_of_many(folder):
    model = TextModel(*tiny_texts.parts())
    settings = SolutionSettings(temperature=1.0, max_tokens=30)
    made = LanguageModelSampler(Loaded("x", "lm", Options("cpu", "float32"), "0", model), settings)
    judge = reward(folder)
    rounds = check_strategy(Beam(4, 2), TASK, made, judge, budget=Budget(samples=5))
    best = rounds[-1].best
    assert best is not None and math.isfinite(best.reward)
    jobs = [JointRun(TASK, Beam(4, 2), Budget(samples=5))] * 3
    last = {number: round_ for number, round_ in run_together(jobs, made, judge) if round_.stopped}
    for round_ in last.values():
        assert round_.best is not None and round_.best.reward == pytest.approx(best.reward, abs=1e-5)
