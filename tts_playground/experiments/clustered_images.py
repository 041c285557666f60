"""``generate`` on many machines: blocks of the images of a prompt are the keys, and the pools are those of one process.

A key is (prompt, seed, block of ``BATCH`` indices): one process draws and scores the same images in one batch, so that
even rewards whose last bits depend on their batch are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tts_playground.cluster import engine
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import Cancel, ClusterJob, Done, Item, gathered
from tts_playground.core import Cost, Reward, Sampler
from tts_playground.errors import BadInput, CannotDo
from tts_playground.experiments import clustered_pools as pools
from tts_playground.experiments.image_pools import generated
from tts_playground.models import loading
from tts_playground.models.load_options import options_of
from tts_playground.samplers.cancellation import never, stop_if
from tts_playground.store.store import Store
from tts_playground.tasks.image_rewards import on_device, rewards_of
from tts_playground.tasks.reward_worlds import AUTO, rewards_for
from tts_playground.tasks.text_to_image import (
    BATCH,
    MOST,
    Generated,
    PromptTask,
    image_sampler,
    image_settings,
)
from tts_playground.tasks.validation import check_count


@dataclass(frozen=True)
class ImageRequest:
    """Images that are wanted of each of some prompts; fields as the arguments of ``text_to_image.generate``."""

    model: str | None = None
    n: int = 4
    seed: int = 0
    reward: str | None = AUTO
    temperature: float = 1.0
    cfg: float | None = None
    top_p: float = 1.0
    top_k: int = 0
    steps: int | None = None
    eta: float | None = None
    dtype: str = "auto"
    load_in_4bit: bool = False
    device: str = "auto"

    @property
    def settings(self) -> Any:
        """Those of the sampler.

        Raises:
            BadInput: one is out of its range, or not the model's.
        """
        return image_settings(self.model, self.temperature, self.cfg, self.top_p, self.top_k, self.steps, self.eta)

    @property
    def judges(self) -> list[Reward]:
        """The rewards, the one that picks first.

        Raises:
            UnknownName: no reward of that name.
        """
        named = rewards_for(self.model)[0] if self.reward == AUTO else self.reward
        return [on_device(judge, self.device) for judge in rewards_of(named)]

    def facts(self) -> dict[str, Any]:
        """What decides an image and its scores besides its prompt and index."""
        found = asdict(self) | {
            "model": self.model or loading.default_name("janus"),
            "settings": self.settings.as_dict(),
        }
        return {name: value for name, value in found.items() if name not in ("n", "device")}


@dataclass(frozen=True)
class ImageMaker:
    """A sampler of images and what judges them, in a worker."""

    sampler: Sampler
    judges: Sequence[Reward]
    seed: int

    def facts(self) -> Mapping[str, Any]:
        """The versions of the model and of the rewards."""
        return {
            "sampler": dict(self.sampler.fingerprint()),
            "rewards": [[judge.name, judge.revision] for judge in self.judges],
        }

    def run(self, items: Iterator[Item | None], cancel: Cancel) -> Iterator[Done | None]:
        """Draw and score block after block.

        Raises:
            Cancelled: ``cancel()`` became true.
        """
        with pools.own_store() as store:
            for some in gathered(items, 1):
                stop_if(cancel)
                if not some:
                    yield None
                for key, (prompt, first, end) in some or ():
                    try:
                        yield from self._block(store, key, PromptTask(prompt), range(first, end), cancel)
                    except (BadInput, CannotDo) as error:
                        yield pools.not_done(key, error, isinstance(error, CannotDo))

    def _block(self, store: Store, key: str, task: PromptTask, block: range, cancel: Cancel) -> Iterator[Done | None]:
        pool = store.pool(task, self.sampler)
        for _ in pool.reports(block, seed=self.seed):
            stop_if(cancel)
            yield None
        for judge in self.judges:
            pool.score(judge, seed=self.seed, batch=len(block))
        row, cost = pools.as_row(store, pool)
        judged = sum((judge.unit_cost * len(block) for judge in self.judges), Cost())
        yield Done(key, {"pool": row}, cost + judged)


@dataclass(frozen=True)
class ImageLoader:
    """Loads what is asked for; what a worker calls."""

    request: ImageRequest

    def __call__(self) -> ImageMaker:
        """Load it.

        Raises:
            BadInput, UnknownName, ModelUnavailable: as ``text_to_image.generate``.
        """
        asked = self.request
        options = options_of(asked.device, asked.dtype, asked.load_in_4bit)
        return ImageMaker(image_sampler(asked.model, asked.settings, options=options), asked.judges, asked.seed)


@dataclass(frozen=True)
class GeneratedByMany:
    """What came of each prompt."""

    results: dict[int, Generated] = field(default_factory=dict[int, Generated])
    """place of the prompt -> its images"""
    failed: dict[int, str] = field(default_factory=dict[int, str])
    """place of the prompt -> why it has none"""


def run(
    prompts: Sequence[str],
    request: ImageRequest,
    options: ClusterOptions,
    store: Store,
    found: GeneratedByMany,
    *,
    cancel: Cancel = never,
    load: Any = ImageLoader,
) -> Iterator[engine.ClusterProgress]:
    """``generate`` of several prompts on Ray: the same images and scores in the store's pools.

    Args:
        found: filled in at the end.
        cancel: asked a few times a second; what was drawn is kept in the workers' chunks.
        load: what makes, of the request, what a worker calls to load its models.

    Raises:
        BadInput, UnknownName: something cannot be asked for. ModelUnavailable, CannotDo, StoreError, Cancelled: as
            ``cluster.engine.run`` and ``clustered_pools.keep``; CannotDo, too, where no prompt has its images.
    """
    check_count(request.n, MOST)
    keys = [_keys(PromptTask(prompt), request) for prompt in prompts]
    judges, facts = request.judges, request.facts()
    job = ClusterJob("generate", facts, {key: item for some in keys for key, item in some.items()}, load(request), 2)
    where = pools.folder_of(job.name, facts, options)
    yield from engine.run(job, where, options, cancel=cancel)
    names: dict[str, str] = {}
    why = pools.keep(where, job.items, store, lambda key, _, pool: names.update({key: pool.key}))
    for place, some in enumerate(keys):
        if bad := next((why[key] for key in some if key in why), ""):
            found.failed[place] = bad
        else:
            pool = store.open(names[next(iter(some))])
            model = request.model or loading.default_name("janus")
            made = generated(pool, prompts[place], request.settings, judges, request.n, request.seed, model)
            found.results[place] = made
    if not found.results:
        raise CannotDo(f"No prompt could be drawn: {next(iter(found.failed.values()))}.")


def _keys(task: PromptTask, request: ImageRequest) -> dict[str, tuple[str, int, int]]:
    """key -> (prompt, first index, the one after the last) of each block."""
    name = hashlib.blake2b(task.prompt.encode(), digest_size=8).hexdigest()
    ends = [(first, min(first + BATCH, request.n)) for first in range(0, request.n, BATCH)]
    return {f"{name}-{request.seed}-{first}-{end}": (task.prompt, first, end) for first, end in ends}
