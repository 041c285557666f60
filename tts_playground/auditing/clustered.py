"""An audit on many machines: its pictures are the keys of a job, and what is joined is the file of one process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tts_playground import files, journal
from tts_playground.auditing import run
from tts_playground.auditing.choosers import Chooser
from tts_playground.auditing.responders import resolve
from tts_playground.auditing.settings import AuditSettings
from tts_playground.cluster import chunks, engine, places
from tts_playground.cluster.ray_room import ClusterOptions
from tts_playground.cluster.work import Cancel, ClusterJob, Done, Item, gathered
from tts_playground.core import Cost, Progress
from tts_playground.errors import CannotDo, plural
from tts_playground.models.loading import Options
from tts_playground.samplers.cancellation import never, stop_if


@dataclass(frozen=True)
class AuditMaker:
    """Somebody who chooses, in a worker."""

    chooser: Chooser
    settings: AuditSettings
    batch: int

    def facts(self) -> Mapping[str, Any]:
        """Who is asked what."""
        return {"audit": run.signature(self.chooser, self.settings)}

    def run(self, items: Iterator[Item | None], cancel: Cancel) -> Iterator[Done | None]:
        """Ask about pictures, a batch at a time.

        Raises:
            CannotDo: the chooser cannot do what the protocol needs. Cancelled: ``cancel()`` became true.
        """
        sign = run.signature(self.chooser, self.settings)
        for some in gathered(items, self.batch):
            stop_if(cancel)
            for row in run.ask(self.chooser, self.settings, [picture for _, picture in some]) if some else ():
                cost = Cost(samples=max(1, row.n))
                yield Done(row.picture.key, run.facts_of(row, sign, self.chooser, self.settings), cost)
            if not some:
                yield None


@dataclass(frozen=True)
class AuditLoader:
    """Loads who is to choose; what a worker calls."""

    model: str | None
    where: Options
    batch: int
    extra_body: Mapping[str, Any] | None = None

    def __call__(self, settings: AuditSettings) -> AuditMaker:
        """Load it.

        Raises:
            BadInput, ModelUnavailable: as ``responders.resolve``.
        """
        chooser = resolve(self.model, self.where, self.batch, own=True, extra_body=self.extra_body)
        return AuditMaker(chooser, settings, self.batch)


def recorded(
    folder: Path,
    settings: AuditSettings,
    load: AuditLoader,
    options: ClusterOptions,
    *,
    cancel: Cancel = never,
    found: Callable[[Path], None] = lambda file: None,
) -> Iterator[Progress[Any]]:
    """``run.recorded`` on Ray: the same rows in the same file, beside the chunks that the workers wrote.

    Args:
        folder: where the file goes; its name depends on the model, which the workers load.
        found: told the file when it is written.

    Raises:
        BadInput, CannotDo, ModelUnavailable, Cancelled: as ``run.recorded`` and ``cluster.engine.run``; CannotDo, too,
            where a picture has no row: those of the others are in the file then.
    """
    facts = {"settings": settings.answers(), "model": load.model, "dtype": load.where.dtype}
    facts |= {"four_bit": load.where.four_bit, "extra_body": dict(load.extra_body or {})}
    name = hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=5).hexdigest()
    place = f"{folder}/audit_chunks_{name}"
    pictures = {picture.key: picture for picture in settings.pictures()}
    job = ClusterJob("audit", facts, pictures, partial(load, settings), 2 * load.batch)
    for report in engine.run(job, place, options, cancel=cancel):
        yield Progress(share=report.share, done=report.done, of=report.of)
    done, read = chunks.merged(places.opened(options.chunks or place), pictures)
    task = "color" if settings.task == "color" else "only"
    file = folder / f"choice_{task}_{settings.protocol}_{read.facts['audit']}.jsonl"
    known = {row.picture.key for row in run.read(file, read.facts["audit"])} if file.is_file() else set()
    files.make_folder(folder)
    with journal.growing(file, "The audit") as append:
        append(one.row for one in done if one.row is not None and one.key not in known)
    if bad := [one for one in done if one.row is None]:
        others = f"the rows of the {plural(len(done) - len(bad), 'other')} are in {file}"
        raise CannotDo(
            f"{plural(len(bad), 'picture')} could not be answered ({bad[0].key}: {bad[0].why.rstrip('.')}); {others}, "
            "which 'audit analyze' reads, and a further run tries again."
        )
    found(file)
