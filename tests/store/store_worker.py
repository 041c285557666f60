"""A process of its own for the store's tests: `store_worker.py FOLDER SAMPLES SEED` draws, scores, says done."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from PIL import Image

from tts_playground.core import Cost, Sample
from tts_playground.randomness import generator
from tts_playground.store.store import Store
from tts_playground.testing import TextTask


@dataclass(frozen=True)
class NoiseSampler:
    """Draws small pictures of noise; counts what it drew."""

    size: int = 12

    def fingerprint(self) -> Mapping[str, Any]:
        return {"sampler": "noise", "size": self.size}

    def draw(self, task: Any, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        for index in indices:
            pixels = generator(seed, index, task.text).integers(256, size=(self.size, self.size, 3), dtype="uint8")
            yield Sample(Image.fromarray(pixels), index, seed, -float(index), Cost(samples=1, tokens=4))


@dataclass(frozen=True)
class Brightness:
    """The mean pixel."""

    name: ClassVar[str] = "brightness"
    revision: ClassVar[str] = "1"
    unit_cost: ClassVar[Cost] = Cost(verifier_calls=1)

    def score(self, task: Any, samples: Sequence[Sample]) -> list[float]:
        return [float(sum(sample.content.convert("L").tobytes())) for sample in samples]


if __name__ == "__main__":
    folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with Store(folder) as store:
        pool = store.pool(TextTask("noise"), NoiseSampler())
        for sample in pool.stream(count, seed=seed):
            if sample.index % 8 == 7:
                pool.score(Brightness(), sample.index, seed=seed, batch=4)
            print(sample.index, flush=True)
        pool.score(Brightness(), seed=seed)
    print("done", flush=True)
