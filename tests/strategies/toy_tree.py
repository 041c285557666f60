"""A tree of words small enough to be enumerated: every step is one of a few letters, and every word's worth is known.

``ToyTree`` is a sampler of all kinds; letters that are not of its alphabet (what a strategy writes into a path) do not
count. ``Worth`` is a reward whose value of a prefix is that of the best word below it, so that a search which keeps the
best prefix loses the best word only where it never drew the right letter.
"""

from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from tts_playground.core import Cost
from tts_playground.randomness import generator
from tts_playground.testing import ScriptedSampler, TextTask

TASK = TextTask()
ALPHABET, LENGTH = "XYZ", 3


def letters_of(text, alphabet=ALPHABET):
    return "".join(letter for letter in text if letter in alphabet)


@cache
def value(word):
    """A word's worth, 0-1, as if drawn at random: no two are equal."""
    return float(generator("worth", word).random())


def words(alphabet=ALPHABET, length=LENGTH):
    return ["".join(letters) for letters in product(alphabet, repeat=length)]


@cache
def optimum(alphabet=ALPHABET, length=LENGTH):
    """By enumeration."""
    return max(words(alphabet, length), key=value)


@dataclass(frozen=True)
class ToyTree(ScriptedSampler):
    """Words over ``ALPHABET``; ``info["answer"]`` is the last letter."""

    alphabet: str = ALPHABET
    length: int = LENGTH

    def _with(self, path, letter):
        grown = path.letters + letter
        done = len(letters_of(grown, self.alphabet)) >= self.length
        return replace(path, letters=grown, done=done, cost=path.cost + Cost(tokens=1))


@dataclass(frozen=True)
class Worth:
    """What a whole word is worth; of a prefix the best that it can still become."""

    length: int = LENGTH
    alphabet: str = ALPHABET
    name = "worth"
    revision = "1"
    unit_cost = Cost(verifier_calls=1)

    def score(self, task, samples):
        return [best_below(letters_of(str(s.content), self.alphabet), self.alphabet, self.length) for s in samples]


@cache
def best_below(prefix, alphabet, length):
    if len(prefix) >= length:
        return value(prefix)
    return max(best_below(prefix + letter, alphabet, length) for letter in alphabet)


def said(rounds):
    """The letters of the word that a run ended with; None where it ended with none."""
    best = rounds[-1].best
    return None if best is None else letters_of(str(best.sample.content))
