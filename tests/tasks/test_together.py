"""Strategies of many problems in one batch find what they find alone, and end when they are told to."""

import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest
import tiny_texts

from tts_playground.core import Budget, Cost, Round, Scored, SteppedSampler
from tts_playground.errors import BadInput, Cancelled, CannotDo
from tts_playground.models.lm.model import TextModel
from tts_playground.models.lm.running import RunningBatch
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.smc import SMC
from tts_playground.strategies.suffix import Suffix
from tts_playground.tasks import engine
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.tasks.together import JointRun, run_together
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

TASKS = [ReasoningTask(f"what is {number} and three?", system_prompt="add it") for number in range(6)]


@dataclass(frozen=True)
class Letters:
    """Scores by letters, of many problems at once; counts its calls."""

    calls: list
    name = "letters"
    revision = "1"
    unit_cost = Cost(verifier_calls=1)

    def score(self, task, samples):
        return self.score_many([(task, samples)])[0]

    def score_many(self, asked):
        self.calls.append(len(asked))
        return [[self._one(task, sample) for sample in samples] for task, samples in asked]

    def _one(self, task, sample):
        return (sample.content.count("e") + len(task.problem)) / (1 + len(sample.content))


@dataclass(frozen=True)
class StepLetters(Letters):
    """The same, of steps."""

    def step_scores(self, task, samples):
        return self.step_scores_many([(task, samples)])[0]

    def step_scores_many(self, asked):
        self.calls.append(-len(asked))
        return [[tuple(len(step) / 100 for step in s.info["steps"]) for s in samples] for _, samples in asked]


@pytest.fixture(scope="module")
def sampler():
    model = TextModel(*tiny_texts.parts())
    return LanguageModelSampler(
        Loaded("x", "lm", Options("cpu", "float32"), "0", model), SolutionSettings(temperature=1.0, max_tokens=40)
    )


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert threading.active_count() == 1 or not [t for t in threading.enumerate() if "_run" in str(t)]


def told(round_: Round):
    """What a round says, but for its seconds."""
    candidates = [(c.sample.content, c.sample.index, c.reward, c.sample.cost.tokens) for c in round_.candidates]
    return round_.number, candidates, round_.stopped, replace(round_.cost, seconds=0)


def together(jobs, *given, **more):
    found: dict[int, list[Any]] = {}
    for number, round_ in run_together(jobs, *given, **more):
        if round_.progress is None:
            found.setdefault(number, []).append(told(round_))
    return found


def alone(job, sampler, reward):
    rounds = engine.run(job.task, sampler, job.strategy, reward, budget=job.budget, seed=job.seed)
    return [told(one) for one in rounds if one.progress is None]


@pytest.mark.parametrize(
    "strategy", [BestOfN(n=5, batch=2), Beam(4, 2), SMC(4), Suffix()], ids=lambda s: type(s).__name__
)
def test_each_finds_what_it_finds_alone(strategy, sampler):
    reward = Letters([])
    jobs = [JointRun(task, strategy, Budget(samples=8, tokens=600), number) for number, task in enumerate(TASKS)]
    found = together(jobs, sampler, reward, most=4)
    assert sorted(found) == list(range(len(jobs)))
    for number, job in enumerate(jobs):
        assert found[number] == alone(job, sampler, reward)


def test_tokens_and_scores_of_many_problems_are_shared(sampler, monkeypatch):
    counted, advance = [], RunningBatch.advance
    monkeypatch.setattr(RunningBatch, "advance", lambda self: counted.append(self.left) or advance(self))
    jobs = [JointRun(task, Beam(4, 2), Budget(samples=4)) for task in TASKS]
    for job in jobs:
        alone(job, sampler, Letters([]))
    one_by_one = len(counted)
    counted.clear()
    reward = Letters([])
    together(jobs, sampler, reward)
    assert len(counted) < one_by_one / 3 and max(counted) == 4 * len(TASKS) and max(reward.calls) > 1


def test_jobs_are_read_as_others_end(sampler):
    read = []

    def coming():
        for task in TASKS:
            read.append(task)
            yield JointRun(task, BestOfN(n=1), Budget(samples=1))

    rounds = run_together(coming(), sampler, Letters([]), most=2)
    next(rounds)
    assert len(read) == 2
    list(rounds)
    assert len(read) == len(TASKS)


@dataclass(frozen=True)
class Asks:
    """A strategy that tells what it was handed, and uses all of it."""

    seen: list

    def run(self, task, sampler, reward, *, budget, seed=0):
        self.seen.append([hasattr(type(sampler), name) for name in ("append", "revise", "foretell", "neighbours")])
        assert isinstance(sampler, SteppedSampler) and sampler.fingerprint()["sampler"] == "lm"
        assert sampler.step(task, []) == [] and reward.score(task, []) == []
        (path,) = sampler.foretell(task, sampler.start(task, [0], seed=seed))
        (longer,) = sampler.step(task, [sampler.append(task, sampler.fork(path, 1), "so")])
        (view,) = sampler.peek(task, [sampler.rewind(longer, 1)])
        new = list(sampler.revise(task, view, "it is wrong.", range(2), seed=seed))
        (drawn,) = sampler.draw(task, [3], seed=seed)
        steps = reward.step_scores(task, [drawn, *new])
        scored = [
            Scored(one, value) for one, value in zip([drawn, *new], reward.score(task, [drawn, *new]), strict=True)
        ]
        yield Round(0, tuple(scored), scored[0], Cost(), "done", note=str((longer.tokens, steps)))


def test_everything_that_a_sampler_and_a_reward_can_is_there_and_nothing_else(sampler):
    seen, reward = [], StepLetters([])
    jobs = [JointRun(task, Asks(seen), seed=4) for task in TASKS[:3]]
    notes = {number: round_.note for number, round_ in run_together(jobs, sampler, reward)}
    for number, job in enumerate(jobs):
        (apart,) = job.strategy.run(job.task, sampler, reward, budget=Budget(), seed=4)
        assert apart.note == notes[number]
    assert all(one == [True, True, True, False] for one in seen)


def test_a_reward_that_scores_one_task_at_a_time_will_do(sampler):
    job = JointRun(TASKS[0], Beam(4, 2), Budget(samples=4))
    assert together([job], sampler, TableReward({}, 0.5)) == {0: alone(job, sampler, TableReward({}, 0.5))}
    assert together([JointRun(TASKS[0], BestOfN(n=2))], sampler)[0][-1][2] == "done"


def test_a_sampler_without_a_batch_runs_one_after_the_other():
    jobs = [JointRun(TextTask(str(number)), Beam(4, 2), Budget(samples=4), number) for number in range(3)]
    found = together(jobs, ScriptedSampler(), TableReward({"a": 1.0}))
    assert found == {n: alone(job, ScriptedSampler(), TableReward({"a": 1.0})) for n, job in enumerate(jobs)}


def test_cancel_is_heard_between_tokens_and_ends_all(sampler):
    asked = []
    with pytest.raises(Cancelled):
        list(run_together([JointRun(task, Beam(4, 2), Budget(samples=4)) for task in TASKS], sampler, Letters([]),
                          cancel=lambda: asked.append(1) or len(asked) > 3))  # fmt: skip
    assert len(asked) == 4


@pytest.mark.filterwarnings("error")
def test_closing_ends_all_and_their_own_clean_up_runs(sampler):
    cleaned = []

    @dataclass(frozen=True)
    class Careful:
        def run(self, task, sampler, reward, *, budget, seed=0):
            try:
                for number, sample in enumerate(sampler.draw(task, range(100), seed=seed)):
                    yield Round(number, (Scored(sample, 0.0),), None, Cost())
            finally:
                cleaned.append(task.problem)

    rounds = run_together([JointRun(task, Careful()) for task in TASKS], sampler)
    next(rounds)
    rounds.close()
    assert sorted(cleaned) == [task.problem for task in TASKS]


@dataclass(frozen=True)
class Fails:
    """A strategy that cannot do it, or a reward."""

    error: Exception
    name = "fails"
    revision = "1"
    unit_cost = Cost()

    def run(self, task, sampler, reward, *, budget, seed=0):
        list(sampler.draw(task, [0]))
        raise self.error
        yield

    def score_many(self, asked):
        raise self.error

    score = score_many


def test_one_that_fails_is_told_of_and_the_others_go_on_or_all_end(sampler):
    jobs = [
        JointRun(TASKS[0], BestOfN(n=2)),
        JointRun(TASKS[1], Fails(CannotDo("Not this one."))),
        JointRun(TASKS[2], BestOfN(n=2)),
    ]
    failed: list[tuple[int, str]] = []
    found = together(jobs, sampler, Letters([]), failed=lambda number, error: failed.append((number, str(error))))
    assert failed == [(1, "Not this one.")] and sorted(found) == [0, 2] and found[2][-1][2] == "done"
    with pytest.raises(CannotDo, match="Not this one"):
        together(jobs, sampler, Letters([]))
    broken = [replace(jobs[0], strategy=Fails(ZeroDivisionError("a bug")))]
    with pytest.raises(ZeroDivisionError):
        together(broken, sampler, Letters([]), failed=lambda number, error: failed.append((number, str(error))))
    failed.clear()
    unscored = together(
        [jobs[0]], sampler, Fails(CannotDo("No scores.")), failed=lambda *one: failed.append((one[0], str(one[1])))
    )
    assert failed == [(0, "No scores.")] and unscored == {}


def test_a_problem_that_is_too_long_is_one_that_fails(sampler):
    failed: list[int] = []
    long = ReasoningTask("two " * 400, system_prompt="")
    jobs = [JointRun(long, Beam(4, 2), Budget(samples=4)), JointRun(TASKS[0], Beam(4, 2), Budget(samples=4))]
    found = together(jobs, sampler, Letters([]), failed=lambda number, error: failed.append(number))
    assert failed == [0] and list(found) == [1]


def test_at_least_one_is_under_way(sampler):
    with pytest.raises(BadInput, match="At least one job"):
        list(run_together([], sampler, most=0))
    assert list(run_together([], sampler)) == []
