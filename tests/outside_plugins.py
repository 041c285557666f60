"""What a package from outside may bring: a plug-in of each kind, and one line of registration each."""

from dataclasses import dataclass
from typing import Any

from PIL import Image

from tts_playground import registry
from tts_playground.core import Cost, Sample, Verdict
from tts_playground.randomness import generator
from tts_playground.strategies.best_of_n import BestOfN


@dataclass(frozen=True)
class TwoThirds(BestOfN):
    """A strategy from outside."""


@dataclass(frozen=True)
class Brightness:
    """How bright a picture is, 0 to 255."""

    name = "brightness-of-pixels"  # what scores are kept under; menus know it by its registered name
    revision = "1"
    unit_cost = Cost(verifier_calls=1)

    def score(self, task, samples):
        return [float(sample.content.convert("L").resize((1, 1)).getpixel((0, 0))) for sample in samples]


@dataclass(frozen=True)
class Brevity:
    """Prefers short replies."""

    name = "brevity"
    revision = "1"
    unit_cost = Cost()

    def score(self, task, samples):
        return [-float(len(sample.content)) for sample in samples]


@dataclass(frozen=True)
class Polite:
    """Passes replies that say please."""

    name = "polite"
    revision = "1"
    unit_cost = Cost()

    def judge(self, task, samples):
        return [Verdict(0.0, "please" in sample.content) for sample in samples]


@dataclass(frozen=True)
class Paintings:
    """Pictures of one grey; the lower the temperature, the darker."""

    temperature: float = 1.0

    def fingerprint(self):
        return {"sampler": "paintings", "temperature": self.temperature}

    def draw(self, task, indices, *, seed=0):
        for index in indices:
            grey = int(min(1.0, self.temperature) * generator(seed, index, "grey").integers(256))
            yield Sample(Image.new("RGB", (32, 32), (grey,) * 3), index, seed, cost=Cost(samples=1))


@dataclass(frozen=True)
class Guesses:
    """Says yes or no, without looking."""

    def fingerprint(self):
        return {"sampler": "guesses"}

    def draw(self, task, indices, *, seed=0):
        for index in indices:
            word = ("yes", "no")[int(generator(seed, index, "guess").integers(2))]
            yield Sample(word, index, seed, cost=Cost(samples=1, tokens=1), info={"answer": word})


@dataclass(frozen=True)
class Last:
    """A selector: the last answer."""

    def pick(self, answers, scores):
        return len(answers) - 1


@dataclass(frozen=True)
class Dimmest:
    """A selector by a score: the answer whose log-probability is lowest."""

    def pick(self, answers, scores):
        return min(range(len(answers)), key=lambda place: scores[place])


ROWS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("strategy", "two-thirds", f"{__name__}:TwoThirds", {"label": "two thirds", "needs": "Sampler"}),
    ("reward", "brightness", f"{__name__}:Brightness", {"label": "brightness", "tasks": ("t2i",)}),
    ("reward", "brevity", f"{__name__}:Brevity", {"label": "brevity", "tasks": ("vqa",)}),
    ("verifier", "polite", f"{__name__}:Polite", {"label": "politeness", "tasks": ("vqa",)}),
    ("sampler", "paintings", f"{__name__}:Paintings", {"tasks": ("t2i",)}),
    ("sampler", "guesses", f"{__name__}:Guesses", {"tasks": ("vqa",)}),
    ("selector", "last", f"{__name__}:Last", {"label": "last answer", "tasks": ("vqa",)}),
    ("selector", "dimmest", f"{__name__}:Dimmest", {"label": "least likely", "tasks": ("vqa",), "needs": "logprob"}),
)


def register():
    for kind, name, target, words in ROWS:
        registry.register(kind, name, target, **words)


def unregister():
    for kind, name, *_ in ROWS:
        registry.unregister(kind, name)
