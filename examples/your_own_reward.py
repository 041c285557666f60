"""Your own reward: prefer short programs among those that fit, by wrapping the reward that ships."""

from dataclasses import dataclass

from tts_playground.core import Budget, Cost
from tts_playground.dsl import render
from tts_playground.rewards.iou import IoUReward
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.strategies.best_of_n import BestOfN
from tts_playground.tasks.sketch import SketchTask
from tts_playground.testing import check_reward


@dataclass(frozen=True)
class ShortAndRight:
    """IoU minus a price per primitive."""

    price: float = 0.02
    name = "short-and-right"
    revision = "1"
    unit_cost = Cost(renders=1)

    def score(self, task, samples):
        fits = IoUReward().score(task, samples)
        return [fit - self.price * len(sample.content) for fit, sample in zip(fits, samples, strict=True)]


task = SketchTask.of(render("(+ (Circle 3 5 5) (Quad 10 10 6 4 0))"))
sampler, reward = ProposalSampler(temperature=2.0), ShortAndRight()

for round_ in BestOfN().run(task, sampler, reward, budget=Budget(samples=16)):
    last = round_
print(last.best.sample.content, f"scores {last.best.reward:.3f} after {last.cost.samples} samples")

check_reward(reward, task, [c.sample for c in last.candidates])
print("It keeps the laws of a reward.")
