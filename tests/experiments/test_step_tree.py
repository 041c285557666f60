"""Trees of steps from rounds: who goes on from whom, when, what is right; and back from plain values."""

import json

import pytest

from tts_playground.core import Cost, Round, Sample, Scored
from tts_playground.experiments.step_tree import StepTree, step_tree
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.worlds.arithmetic.problem import MathProblem

SOLUTION = (
    "## Step 1: Apples\n3 × 4 = 12\n\n## Step 2: Left\n12 - 2 = 10\n\n"
    "Therefore, the final answer is: $\\boxed{10}$. I hope it is correct."
)
PROBLEM = MathProblem(
    "There are 3 bags of 4 apples. Mia eats 2. How many are left?", SOLUTION, "10", "apples", 2, "t/1"
)
TASK = ReasoningTask(PROBLEM.problem, PROBLEM.answer)
FIRST, LAST = "## Step 1: Apples\n3 × 4 = 12", "## Step 2: Left\n12 - 2 = 10\n\\boxed{10}"
WRONG = "## Step 1: Apples\n3 × 4 = 14"


class StepTable:
    """Scores each step by its text: 0.9, or 0.2 for one that says 14."""

    name, revision, unit_cost = "table", "1", Cost(verifier_calls=1)

    def step_scores(self, task, samples):
        return [tuple(0.2 if "14" in step else 0.9 for step in one.info["steps"]) for one in samples]

    def score(self, task, samples):
        return [min(scores) for scores in self.step_scores(task, samples)]


def view(index, steps, *, done=False, parent=None, forked_at=0, answer=""):
    info = {"steps": tuple(steps), "step_tokens": tuple(range(5, 5 + len(steps))), "forked_at": forked_at}
    info |= {"complete": done, "answer": answer}
    return Sample("\n\n".join(steps), index, cost=Cost(1, 11), parent=parent, info=info)


@pytest.fixture
def beam():
    """Two paths begin; the wrong one is dropped, the other ends right, and a copy of it ends wrong."""
    begun = (Scored(view(0, [FIRST]), 0.9), Scored(view(1, [WRONG]), 0.2))
    right = Scored(view(0, [FIRST, LAST], done=True, answer="10"), 0.9)
    other = Scored(view(2, [FIRST, "so \\boxed{14}"], done=True, parent=0, forked_at=1, answer="14"), 0.2)
    cost = Cost(2, 40, 4, seconds=1.5)
    rounds = (
        Round(0, begun, None, Cost(0, 20, 2), note="step 1"),
        Round(1, (right, other), right, cost, "done", "end"),
    )
    return step_tree("beam", rounds, TASK, StepTable(), PROBLEM)


def test_a_search_is_a_tree_with_fates_scores_and_truths(beam):
    assert [node.parent for node in beam.nodes] == [None, None, 0, 0]
    assert [node.fate for node in beam.nodes] == ["went on", "dropped", "best", "finished"]
    assert [node.frame for node in beam.nodes] == [0, 0, 1, 1]
    assert [node.right for node in beam.nodes] == [True, False, True, False]
    assert beam.nodes[2].scores == (0.9, 0.9) and beam.nodes[3].scores == (0.9, 0.2)
    assert beam.nodes[2].tokens == 6 and beam.lineage(beam.best) == [0, 2]
    assert (beam.tokens, beam.verifier_calls, beam.seconds) == (40, 4, 1.5)
    assert beam.notes == ("step 1", "end")


def test_solutions_drawn_in_one_go_become_chains(beam):
    whole = [view(0, [FIRST, LAST], done=True, answer="10"), view(1, [WRONG, "\\boxed{12}"], done=True, answer="12")]
    scored = tuple(Scored(one, 0.5) for one in whole)
    tree = step_tree("best-of-n", [Round(0, scored, scored[0], Cost(2, 22), "done")], TASK, StepTable(), PROBLEM)
    assert [node.parent for node in tree.nodes] == [None, 0, None, 2]
    assert [node.frame for node in tree.nodes] == [0, 1, 0, 1]
    assert [node.fate for node in tree.nodes] == ["went on", "best", "went on", "finished"]
    assert [node.right for node in tree.nodes] == [True, True, False, False]


def test_a_right_answer_does_not_make_wrong_steps_right():
    lucky = Scored(view(0, [WRONG, "\\boxed{10}"], done=True, answer="10"), 0.5)
    tree = step_tree("beam", [Round(0, (lucky,), lucky, Cost(1, 11), "done")], TASK, StepTable(), PROBLEM)
    assert [node.right for node in tree.nodes] == [False, True]


def test_without_a_known_problem_answers_alone_are_judged(beam):
    one = Scored(view(0, [FIRST, LAST], done=True, answer="10"), 0.5)
    rounds = [Round(0, (one,), one, Cost(1, 11), "done")]
    known = step_tree("beam", rounds, ReasoningTask("?", "10"), StepTable())
    assert [node.right for node in known.nodes] == [None, True]
    unknown = step_tree("beam", rounds, ReasoningTask("?"))
    assert [node.right for node in unknown.nodes] == [None, None] and unknown.nodes[0].scores == ()


def test_plain_values_bring_the_tree_back(beam):
    assert StepTree.of_dict(json.loads(json.dumps(beam.as_dict()))) == beam


def test_nothing_makes_an_empty_tree():
    assert step_tree("beam", [], TASK).nodes == ()
