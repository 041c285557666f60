"""What the tab of reasoning opens on, drawn on the smallest scale."""

from tts_playground.evaluation import make_math_starter
from tts_playground.experiments.step_tree import StepTree
from tts_playground.worlds.arithmetic.benchmark import math_eval


def test_a_miniature_is_drawn():
    told = make_math_starter.drawn(make_math_starter.chosen(1)[:2], n=2, widths=(2,))
    assert [len(pool) for pool in told["pools"]] == [2, 2] and len(told["runs"]) == 2 * 4
    assert all(StepTree.of_dict(one["tree"]).nodes for one in told["trees"])


def test_its_problems_are_none_of_math_eval():
    chosen = make_math_starter.chosen(4)
    assert sorted(one.level for one in chosen) == sorted([1, 2, 3, 4, 5] * 4)
    assert not {one.problem for one in chosen} & {one.problem for one in math_eval()}
