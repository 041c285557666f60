"""What N buys: draw a pool once, then read the expected best of N for every N from it, exactly."""

import tempfile
from pathlib import Path

from tts_playground.dsl import render
from tts_playground.figures import best_of_n, save
from tts_playground.rewards.iou import IoUReward
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.store.store import Store
from tts_playground.tasks.sketch import SketchTask

target = render("(- (+ (Circle 4 6 8) (Circle 4 10 8)) (Quad 8 8 2 6 45))")
reward = IoUReward()

with Store() as store:
    pool = store.pool(SketchTask.of(target), ProposalSampler(temperature=1.0))
    pool.draw(16)  # asking again, or for more, draws only what is missing
    pool.score(reward)
    curve = pool.curve(reward.name)

for n in (1, 2, 4, 8, 16):
    print(f"best of {n:2d}: IoU {curve.at(n):.3f}")
folder = Path(tempfile.mkdtemp(prefix="what_n_buys-"))
print("Wrote", save(best_of_n(curve), folder / "what_n_buys.html"))
