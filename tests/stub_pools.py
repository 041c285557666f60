"""Samplers and mutators from outside for workers in other processes; some end the process that asks them."""

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import outside_plugins

from tts_playground.errors import BadInput
from tts_playground.evolve.clustered import EvolutionLoader
from tts_playground.evolve.variation import TreeMutator
from tts_playground.experiments.clustered_images import ImageLoader


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Deadly(outside_plugins.Paintings):
    """Ends its process at one prompt, and cannot draw another."""

    def draw(self, task, indices, *, seed=0):
        if "deadly" in task.prompt:
            die()
        if "unspeakable" in task.prompt:
            raise BadInput("Nobody can draw this.")
        return super().draw(task, indices, seed=seed)


@dataclass(frozen=True)
class DeadlyImages(ImageLoader):
    """Paintings by ``Deadly``."""

    def __call__(self):
        return replace(super().__call__(), sampler=Deadly())


@dataclass(frozen=True)
class Mortal(TreeMutator):
    """Surgery that ends its process the first time that it is asked."""

    marks: str = ""

    def vary(self, parents, rng, hint=""):
        try:
            Path(self.marks).touch(exist_ok=False)
            die()
        except FileExistsError:
            pass
        return super().vary(parents, rng, hint)


@dataclass(frozen=True)
class MortalMutator:
    """Loads ``Mortal``."""

    marks: str

    def __call__(self, *words):
        return _Loader(*words, self.marks)


@dataclass(frozen=True)
class _Loader(EvolutionLoader):
    marks: str

    def __call__(self):
        return replace(super().__call__(), mutator=Mortal(marks=self.marks))
