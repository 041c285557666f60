"""How ``pools-VERSION`` is made, once a format of the store: ``PYTHONPATH=. python tests/data/make_pools.py FOLDER``.

A folder that is there already is not changed: it stands for what people have on their disks.
"""

import sys
from pathlib import Path

from tts_playground.dsl.examples import PROGRAMS
from tts_playground.dsl.raster import render
from tts_playground.registry import resolve
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.store.store import Store
from tts_playground.tasks.image_rewards import reward_named
from tts_playground.tasks.sketch import SketchTask
from tts_playground.tasks.text_to_image import PromptTask, image_sampler
from tts_playground.tasks.vqa import judges, vqa_sampler
from tts_playground.tasks.vqa_data import questions


def make(folder: Path) -> None:
    """A store with a pool of each kind (3 images, 4 answers, 4 programs), and each pool as parquet."""
    answering = vqa_sampler("tiny:vlm")
    drawing = SketchTask.of(render(next(iter(PROGRAMS.values())), 256))
    wanted = {
        "t2i": (PromptTask("a red apple"), image_sampler("tiny:janus", device="cpu"), [reward_named("clip")], 3),
        "vqa": (next(iter(questions("infographics-eval", 1))), answering, judges(answering), 4),
        "sketch": (drawing, ProposalSampler(), [resolve("reward", "iou")()], 4),
    }
    with Store(folder / "store") as store:
        for name, (task, sampler, rewards, n) in wanted.items():
            pool = store.pool(task, sampler)
            pool.draw(n, seed=0)
            for reward in rewards:
                pool.score(reward)
            print(name, pool.key, store.export(pool.key, folder / f"{name}.parquet"))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
