"""The trace of a run: parents, forks, fates and tokens, for every strategy; and its figure."""

import json

import pytest
from PIL import Image

from tts_playground import figures
from tts_playground.core import Budget
from tts_playground.experiments.trace import trace
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.refine import Refine
from tts_playground.strategies.smc import SMC
from tts_playground.strategies.suffix import Suffix
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

LETTERS = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})
WHOLE_WORDS = Budget(tokens=96)
ALL = [BestOfN(), Refine(), SMC(sharpness=0.3), Beam(), PARM(), GridAR(), Suffix()]


def traced(strategy, budget=WHOLE_WORDS, seed=0):
    budget = Budget(samples=12) if isinstance(strategy, Refine) else budget
    rounds = list(strategy.run(TextTask(), ScriptedSampler(length=8), LETTERS, budget=budget, seed=seed))
    return trace(rounds), rounds


@pytest.mark.parametrize("strategy", ALL, ids=lambda s: type(s).__name__)
def test_every_view_is_a_node_and_ancestors_share_what_was_inherited(strategy):
    tree, rounds = traced(strategy)
    assert len(tree.nodes) == sum(len(r.candidates) for r in rounds)
    assert tree.nodes[tree.best].sample is rounds[-1].best.sample
    for node in tree.nodes:
        if node.parent is None:
            continue
        above = tree.nodes[node.parent]
        assert above.round <= node.round and node.left <= above.step
        if not isinstance(strategy, Refine):
            assert node.sample.content[: node.left] == above.sample.content[: node.left]
            assert node.left < node.step
    assert tree.nodes[tree.lineage(tree.best)[0]].parent is None
    json.dumps(tree.as_dict())


@pytest.mark.parametrize(
    "strategy", [SMC(sharpness=0.3), Beam(), PARM(), GridAR(), Suffix()], ids=lambda s: type(s).__name__
)
def test_tokens_add_up(strategy):
    tree, rounds = traced(strategy)
    lanes = {node.lane for node in tree.nodes}
    assert tree.spent == rounds[-1].cost.tokens
    assert tree.spent + tree.saved + tree.shared == 8 * len(lanes), "as if every path had been drawn whole and alone"


def test_parm_drops_and_gridar_forks():
    dropped, _ = traced(PARM(), Budget(samples=1))
    assert [node.fate for node in dropped.nodes].count("dropped") == 7
    assert dropped.saved == 34 and dropped.shared == 0
    forked, _ = traced(GridAR(), Budget(samples=4))
    forks = [n for n in forked.nodes if n.parent is not None and forked.nodes[n.parent].lane != n.lane]
    assert len(forks) == 4 and {n.left for n in forks} == {2, 4}
    assert forked.horizon == 8


def test_a_copy_goes_on_from_where_it_was_made_and_not_from_its_parents_next_step():
    tree, _ = traced(Beam(4, 2), Budget(samples=4))
    forks = [n for n in tree.nodes if n.parent is not None and tree.nodes[n.parent].lane != n.lane]
    assert forks and all(tree.nodes[n.parent].step == n.left == n.step - 1 for n in forks)
    assert all(tree.nodes[n.parent].round == n.round - 1 for n in forks)


def test_a_redrawn_suffix_leaves_its_parent_before_the_end():
    tree, _ = traced(Suffix(), seed=1)
    forks = [node for node in tree.nodes if node.parent is not None]
    assert forks and all(tree.nodes[n.parent].step == 8 and n.left == n.sample.info["forked_at"] for n in forks)


def test_the_figure_tells_fates_apart_and_shows_glimpses():
    tree, _ = traced(PARM(), Budget(samples=2))
    figure = figures.trace_tree(tree, title="parm")
    names = {t.name for t in figure.data if t.name}
    assert any("dropped" in name for name in names) and "the best" in names
    assert "saved by dropping" in figure.layout.xaxis.title.text.replace("<br>", " ")
    assert sum(len(t.x) for t in figure.data if t.mode == "markers") == len(tree.nodes)
    assert not figure.layout.images
    glimpsed = figures.trace_tree(tree, glimpse=lambda sample: Image.new("RGB", (9, 9), "red"))
    assert len(glimpsed.layout.images) == len(tree.nodes)
    assert glimpsed.layout.images[0].source.startswith("data:image/jpeg;base64,")
    assert "No run" in figures.trace_tree(trace([])).layout.annotations[0].text


def test_many_paths_are_cut_but_never_the_best_ones_ancestors():
    tree, _ = traced(Suffix(), Budget(tokens=800))
    lanes = {tree.nodes[place].lane for place in tree.lineage(tree.best)}
    figure = figures.trace_tree(tree, most=5)
    assert "showing" in figure.layout.xaxis.title.text.replace("<br>", " ")
    best = next(t for t in figure.data if t.name == "the best")
    assert len(best.x) == 1 and max(lanes) + 1 == int(best.text[0].split("path ")[1].split("<")[0])


def test_captions_stand_above_their_markers_and_the_bars_title_beside_it():
    figure = figures.trace_tree(traced(PARM(), Budget(samples=2))[0], caption=lambda node: ("short", "long"))
    words = [trace for trace in figure.data if trace.text is not None and "text" in trace.mode]
    marks = [trace for trace in figure.data if trace.mode == "markers"]
    assert words and [one.marker.size for one in words] == [one.marker.size for one in marks]
    assert all(one.marker.opacity == 0 for one in words)
    assert figure.layout.coloraxis.colorbar.title.side == "right"
