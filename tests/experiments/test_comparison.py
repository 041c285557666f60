"""Strategies at equal cost: everybody within the budget, the pool's curve exact, another judge than the guide."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from tts_playground import figures, registry
from tts_playground.core import Budget, Cost, Round, Scored
from tts_playground.errors import BadInput, UnknownName
from tts_playground.estimators.curves import expected_pick
from tts_playground.experiments.comparison import ComparisonPlan, comparable, compare, named
from tts_playground.experiments.trace import trace
from tts_playground.models.loading import Loaded, Options
from tts_playground.rewards.baselines import Colourfulness, Sharpness
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.suffix import Suffix
from tts_playground.tasks.text_to_image import PromptTask
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

TASKS = [TextTask("one"), TextTask("two")]
GUIDE = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})
SAMPLER = ScriptedSampler(length=8)
STRATEGIES = {"parm": PARM(), "gridar": GridAR(), "suffix": Suffix()}
PLAN = ComparisonPlan(budgets=(2, 8), seeds=2, pool=16)


@dataclass(frozen=True)
class CountsD:
    """A judge that nobody was guided by; it refuses partial words."""

    name: ClassVar[str] = "ds"
    revision: ClassVar[str] = "1"
    unit_cost: ClassVar[Cost] = Cost()

    def score(self, task, samples):
        assert all(len(sample.content) == 8 for sample in samples)
        return [float(sample.content.count("d")) for sample in samples]


@pytest.fixture(scope="module")
def reports():
    return list(compare(TASKS, SAMPLER, STRATEGIES, GUIDE, CountsD(), PLAN))


def test_reports_come_often_and_say_what_is_going_on(reports):
    assert all(report.doing for report in reports[:-1]) and not reports[-1].doing
    assert "candidate 1 of 16, task 1" in reports[0].doing
    assert [report.done for report in reports] == sorted(report.done for report in reports)
    assert reports[-1].done == 1.0
    assert len(reports) > 2 * len(reports[-1].runs)


def test_the_curve_is_the_exact_one_of_the_guides_pick_measured_by_the_judge(reports):
    pools = [list(SAMPLER.draw(task, range(16))) for task in TASKS]
    guide, gold = ([one.score(None, pool) for pool in pools] for one in (GUIDE, CountsD()))
    curve = reports[-1].curve
    assert curve.mean == pytest.approx(expected_pick(guide, gold, curve.n).mean(0))
    assert curve.measure == "ds" and curve.unit["tokens"] == 8 and curve.unit["verifier_calls"] == 1


def test_every_strategy_is_rerun_at_every_budget_within_the_same_tokens(reports):
    last = reports[-1]
    assert [(p.label, p.result.n) for p in last.points] == [(name, 2) for name in STRATEGIES for _ in PLAN.budgets]
    assert len(last.runs) == 3 * 2 * 2 * 2
    for run in last.runs:
        assert 0 < run.cost.tokens <= 8 * run.budget
        best = run.rounds[-1].best.sample
        assert run.gold == best.content.count("d")
        assert run.seed in (1, 2)
    for point in last.points:
        own = [run for run in last.runs if run.label == point.label and f"budget of {run.budget} " in point.note]
        assert point.result.value == pytest.approx(np.mean([run.gold for run in own]))
        assert point.cost["tokens"] == pytest.approx(np.mean([run.cost.tokens for run in own]))


def test_the_figure_shows_points_over_the_curve(reports):
    figure = figures.strategies(reports[-1].points, "tokens", [reports[-1].curve])
    names = [trace.name for trace in figure.data if trace.name]
    assert set(names) >= {"best-of-n", "parm", "gridar", "suffix"}
    points = next(trace for trace in figure.data if trace.name == "parm")
    assert max(points.x) <= 64


def test_pools_that_are_there_are_not_drawn_again(reports):
    pools = [list(SAMPLER.draw(task, range(16))) for task in TASKS]
    again = list(compare(TASKS, SAMPLER, {}, GUIDE, CountsD(), PLAN, pools=pools))
    assert len(again) == 1
    assert again[0].curve.mean == pytest.approx(reports[-1].curve.mean)


def test_one_task_gives_bands_over_seeds_and_a_budget_may_count_anything():
    plan = ComparisonPlan(budgets=(4,), seeds=3, pool=8, by="verifier_calls")
    last = list(compare(TASKS[:1], SAMPLER, {"parm": PARM()}, GUIDE, GUIDE, plan))[-1]
    (point,) = last.points
    assert point.result.n == 3 and point.result.low <= point.result.value <= point.result.high
    assert all(run.cost.verifier_calls <= 4 for run in last.runs)
    assert plan.budget(3, {"tokens": 8.0}) == Budget(samples=3)


@pytest.mark.parametrize("tasks", [1, 2])
def test_points_of_few_checks_never_have_an_interval_of_no_width(tasks):
    """Two runs that both pass leave a rate that is far from known: exactly, at least 0.16."""
    last = list(compare(TASKS[:tasks], SAMPLER, {"parm": PARM()}, GUIDE, Always(), ComparisonPlan((2,), 2, pool=4)))[-1]
    (point,) = last.points
    assert point.result.value == 1.0 and point.result.high == 1.0 and point.result.low == pytest.approx(0.158, abs=1e-3)
    assert point.as_dict()["low"] == point.result.low


def test_one_run_of_a_value_has_no_interval():
    last = list(compare(TASKS[:1], SAMPLER, {"parm": PARM()}, GUIDE, GUIDE, ComparisonPlan((2,), 1, pool=4)))[-1]
    (point,) = last.points
    assert point.result.low is None and point.as_dict()["high"] is None and json.dumps(last.as_dict())
    bars = next(trace.error_y for trace in figures.strategies(last.points).data if trace.name == "parm")
    assert list(bars.array) == [None] and "no interval" in figures.strategies(last.points).data[0].text[0]


class Always:
    """A check that always passes."""

    name, revision, unit_cost = "always", "1", Cost()

    def score(self, task, samples):
        return [1.0] * len(samples)


def test_what_cannot_be_compared_is_refused():
    for wrong in ({"budgets": ()}, {"budgets": (0,)}, {"seeds": 0}, {"budgets": (32,), "pool": 8}, {"by": "seconds"}):
        with pytest.raises(BadInput):
            ComparisonPlan(**wrong)
    with pytest.raises(UnknownName, match="gridar"):
        named("t2i", ["gridarr"], SAMPLER)
    with pytest.raises(BadInput, match="at least one task"):
        next(compare([], SAMPLER, STRATEGIES, GUIDE, GUIDE))


def test_images_are_compared_at_equal_tokens_and_traced_with_glimpses(random_janus):
    sampler = ImageTokens(
        Loaded("random", "janus", Options("cpu", "float32"), "1", random_janus), ImageSettings(5.0, 1.5)
    )
    searches = named("t2i", None, sampler)
    plan = ComparisonPlan(budgets=(3,), seeds=1, pool=4)
    last = list(compare([PromptTask("a red apple")], sampler, searches, Sharpness(), Colourfulness(), plan))[-1]
    whole = 2 * random_janus.tokens
    assert last.curve.unit["tokens"] == whole
    denoising = {"zero-order", "path-search"}  # they begin from noise of their own, which tokens have none of
    assert [point.label for point in last.points] == [one for one in comparable("t2i") if one not in denoising]
    for run in last.runs:
        assert whole <= run.cost.tokens <= 3 * whole
        tree = trace(run.rounds)
        lanes = {node.lane for node in tree.nodes}
        if run.label == "lookahead":  # its rollouts are no candidates, so that no tree shows them
            continue
        assert tree.spent == run.cost.tokens and tree.spent + tree.saved + tree.shared == whole * len(lanes)
        figure = figures.trace_tree(tree, glimpse=lambda sample: sample.content)
        assert len(figure.layout.images) == len(tree.nodes)


def test_reports_between_rounds_are_no_part_of_a_run():
    strategies = {"drawn": BestOfN(batch=2, reports=True)}
    *_, last = compare(TASKS[:1], SAMPLER, strategies, GUIDE, CountsD(), ComparisonPlan((4,), 2, pool=4))
    assert [run.cost.samples for run in last.runs] == [4, 4]
    assert all(one.progress is None for run in last.runs for one in run.rounds)
    assert all(sum(len(one.candidates) for one in run.rounds) == 4 for run in last.runs)


def test_a_time_limit_ends_runs_and_is_told():
    plan = ComparisonPlan((2, 4), 2, pool=4, seconds=1e-9)
    assert plan.budget(2, {"tokens": 8.0}) == Budget(tokens=16, seconds=1e-9)
    *_, last = compare(TASKS[:1], SAMPLER, {"drawn": OneMore()}, GUIDE, CountsD(), plan)
    assert len(last.runs) == 4 and all(run.late and len(run.rounds) == 2 for run in last.runs)
    assert [point.note for point in last.points] == [
        f"budget of {budget} whole candidates, 2 runs, 2 of them ended by the time limit" for budget in (2, 4)
    ]
    *_, whole = compare(TASKS[:1], SAMPLER, {"drawn": OneMore()}, GUIDE, CountsD(), replace(plan, seconds=None))
    assert not any(run.late for run in whole.runs) and "time limit" not in whole.points[0].note
    with pytest.raises(BadInput, match="above 0 seconds"):
        ComparisonPlan(seconds=0.0)


class OneMore:
    """Draws at least one candidate, and others while the budget lasts."""

    def run(self, task, sampler, reward, *, budget, seed=0):
        cost, best, stopped, number = Cost(), None, "", 0
        while not stopped:
            yield Round(number, (), best, cost)
            (sample,) = sampler.draw(task, [number], seed=seed)
            scored = Scored(sample, reward.score(task, [sample])[0])
            best = scored if best is None or scored.reward > best.reward else best
            cost, number = cost + sample.cost + reward.unit_cost + Cost(seconds=1e-6), number + 1
            stopped = budget.exhausted(cost)
        yield Round(number, (scored,), best, cost, stopped)


def test_a_sampler_that_only_draws_is_compared_on_what_asks_no_more_of_it(monkeypatch):
    assert set(named("t2i", None, OnlyDraws())) == {"tournament"}
    assert {"adaptive", "confidence", "tournament"} == set(named("vqa", None, OnlyDraws()))
    alone = (registry.entry("strategy", "best-of-n"),)
    monkeypatch.setattr(registry, "entries", lambda *_: alone)
    with pytest.raises(BadInput, match="best-of-n only"):
        named("t2i", None, OnlyDraws())


class OnlyDraws:
    def fingerprint(self):
        return {"sampler": "only draws"}

    def draw(self, task, indices, *, seed=0):
        return SAMPLER.draw(task, indices, seed=seed)
