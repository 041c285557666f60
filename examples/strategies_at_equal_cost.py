"""Strategies at equal cost: dropping, refilling and redrawing against the exact curve of best-of-N.

A toy sampler writes words letter by letter; swap in ``tts_playground.tasks.text_to_image.image_sampler()``, a
``PromptTask`` and two rewards to run the same on images.
"""

import tempfile
from pathlib import Path

from tts_playground import figures
from tts_playground.experiments.comparison import ComparisonPlan, compare
from tts_playground.experiments.trace import trace
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.suffix import Suffix
from tts_playground.testing import ScriptedSampler, TableReward, TextTask

guide = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})  # chooses
judge = TableReward({"d": 1})  # measures, and guides nobody
searches = {"parm": PARM(), "gridar": GridAR(), "suffix": Suffix()}

plan = ComparisonPlan(budgets=(2, 4, 8), seeds=10, pool=32)
for report in compare([TextTask()], ScriptedSampler(length=8), searches, guide, judge, plan):
    last = report

for point in last.points:
    n = round(point.cost["tokens"] / last.curve.unit["tokens"])
    print(
        f"{point.label:7} {point.cost['tokens']:5.1f} tokens: {point.result.value:.2f} "
        f"({point.result.words('.2f')}); best-of-{n}: {last.curve.at(max(1, n)):.2f}"
    )

folder = Path(tempfile.mkdtemp(prefix="strategies-"))
figures.save(figures.strategies(last.points, "tokens", [last.curve]), folder / "strategies.html")
parm = next(run for run in last.runs if run.label == "parm" and run.budget == 8)
tree = trace(parm.rounds)
figures.save(figures.trace_tree(tree, title="one run of PARM"), folder / "trace.html")
print(f"PARM drew {tree.spent} tokens and saved {tree.saved} by dropping paths.")
print("Wrote", *sorted(folder.iterdir()))
