"""The laws hold for the fakes, and each law catches the plug-in that breaks it."""

import dataclasses

import pytest

from tts_playground.core import Budget, Cost, Round, Sample, Scored
from tts_playground.testing import (
    ScriptedSampler,
    TableReward,
    TextTask,
    check_reward,
    check_sampler,
    check_stepped_sampler,
    check_strategy,
)

TASK = TextTask()


def test_the_fakes_keep_the_laws():
    samples = check_sampler(ScriptedSampler(), TASK)
    check_stepped_sampler(ScriptedSampler(), TASK)
    check_reward(TableReward({"a": 1.0}), TASK, samples)


def test_a_script_comes_first():
    sampler = ScriptedSampler(script=("aaaa", "bbbb"))
    assert [s.content for s in sampler.draw(TASK, range(2))] == ["aaaa", "bbbb"]


class BatchDependent(ScriptedSampler):
    def draw(self, task, indices, *, seed=0):
        for index in indices:
            yield Sample(f"{index} of {len(indices)}", index, seed)


def test_a_sampler_that_looks_at_its_batch_is_caught():
    with pytest.raises(AssertionError, match="depends on how many"):
        check_sampler(BatchDependent(), TASK)


class ForkDisturbs(ScriptedSampler):
    def rewind(self, path, steps):
        return dataclasses.replace(path, letters="z" * steps, done=False)


def test_a_wrong_rewind_is_caught():
    with pytest.raises(AssertionError, match="rewinding"):
        check_stepped_sampler(ForkDisturbs(), TASK)


class Ranked(TableReward):
    def score(self, task, samples):
        return [float(i) for i, _ in enumerate(samples)]


def test_a_reward_that_ranks_its_batch_is_caught():
    samples = list(ScriptedSampler().draw(TASK, range(3)))
    with pytest.raises(AssertionError, match="in a batch|on the order"):
        check_reward(Ranked({}), TASK, samples)


class Spender:
    """Ignores its budget."""

    def run(self, task, sampler, reward, *, budget, seed=0):
        sample = next(iter(sampler.draw(task, [0], seed=seed)))
        scored = Scored(sample, reward.score(task, [sample])[0])
        yield Round(0, (scored,), scored, Cost(samples=99), "done")


def test_a_strategy_that_overspends_is_caught():
    with pytest.raises(AssertionError, match="spent 99 samples of a budget of 4"):
        check_strategy(Spender(), TASK, ScriptedSampler(), TableReward({}), budget=Budget(samples=4))
