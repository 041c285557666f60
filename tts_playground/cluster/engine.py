"""A job on Ray: actors hold the models, and this process keeps the book of who does what.

Every worker has one call under way, in which it hears of new keys and tells what it has written. When that call fails,
its process or node is gone: keys that it wrote are read from its chunks, the others wait for somebody else, and Ray
starts it again wherever there is room. A key that kills whoever takes it is found and passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic, sleep
from typing import Any

from tts_playground import errors
from tts_playground.cluster import chunks, places
from tts_playground.cluster.book import Book
from tts_playground.cluster.desk import Desk, DeskReport
from tts_playground.cluster.ray_room import ClusterOptions, places_for, ray_for
from tts_playground.cluster.work import Cancel, ClusterJob, Done
from tts_playground.core import Cost
from tts_playground.errors import BadInput, Cancelled, CannotDo, PlaygroundError

TROUBLES = 3
"""keys that cannot be done for want of something else, before any is done, after which a job is given up"""
DEATHS = 12
"""ends of workers without a key done in between after which a job is given up"""
SILENT = 90.0
"""seconds without an answer after which a worker's keys are given to others, too"""
AGAIN = 0.3
"""seconds before a worker that is being started anew is asked again"""
PATIENCE = 5.0
"""seconds that workers have to end when they are told to"""


@dataclass(frozen=True, slots=True)
class ClusterProgress:
    """How far a job is, over all workers."""

    done: int
    """keys that have a row, those of earlier runs included"""
    of: int
    share: float
    """of the work of this run, 0-1"""
    seconds_left: float | None
    cost: Cost
    """of this run; its seconds are those on the clock"""
    failed: tuple[Done, ...]
    """keys that have no row"""
    workers: tuple[tuple[str, int], ...]
    """(name, keys that it has done) of each"""
    deaths: int = 0
    """of workers, so far"""


@dataclass
class _Seat:
    """A worker as this process knows it."""

    name: str
    actor: Any
    life: str = ""
    call: Any = None
    asked: float = 0.0
    count: int = 0
    again: float = 0.0
    """when it is asked again, while it is being started anew"""
    silent: bool = False
    seen: bool = field(default=False)
    """its first chunk was looked for"""


def run(
    job: ClusterJob, folder: str, options: ClusterOptions, *, cancel: Cancel = lambda: False
) -> Iterator[ClusterProgress]:
    """Do a job, or go on with it where the chunks in its folder end; reports as it goes. Close the generator to stop.

    Args:
        folder: where workers write, if ``options`` do not say.
        cancel: asked a few times a second; what was written is kept.

    Raises:
        BadInput: the folder holds chunks of another job, or workers write where this machine cannot see it.
        ModelUnavailable: Ray or a model is not here. CannotDo: Ray cannot be started, or workers end as soon as they
            begin. Cancelled: ``cancel()`` became true; all workers are ended then.
    """
    place = places.opened(options.chunks or folder)
    chunks.begin(place, job)
    known = chunks.read(place, rows=False).rows
    left = {key: item for key, item in job.items.items() if key not in known}
    if not left:
        yield ClusterProgress(len(job.items), len(job.items), 1.0, 0.0, Cost(), (), ())
        return
    with _hired(job, place, options, len(left)) as crew:
        crew.before = len(job.items) - len(left)
        crew.add(left)
        yield from crew.work(cancel)


@contextmanager
def waves(job: ClusterJob, folder: str, options: ClusterOptions, most: int) -> Iterator[Waves]:
    """Workers for a job whose keys come wave after wave, as what is asked next depends on what was found.

    Args:
        job: its ``items`` are empty.
        folder: as of ``run``; what stands there from an earlier run is not done again.
        most: keys of a wave; no more workers are started.

    Raises:
        As ``run``.
    """
    place = places.opened(options.chunks or folder)
    chunks.begin(place, job)
    known = chunks.read(place).rows
    with _hired(job, place, options, most) as crew:
        yield Waves(crew, known)


@dataclass
class Waves:
    """Workers that stay at hand between waves of keys."""

    crew: _Crew
    known: dict[str, Done]

    def run(self, items: Mapping[str, Any], cancel: Cancel = lambda: False) -> dict[str, Done]:
        """What comes of each key; one that was given up has no row.

        Raises:
            As ``run``.
        """
        fresh = {key: item for key, item in items.items() if key not in self.known}
        if fresh:
            self.crew.add(fresh)
            for _ in self.crew.work(cancel):
                pass
            self.known |= {one.key: one for one in self.crew.failed if one.key in fresh}
            for name in sorted(self.crew.files):
                self.known |= {one.key: one for one in chunks.read(self.crew.place, name).done.values()}
            self.crew.files.clear()
            if not self.known.keys() >= fresh.keys():  # a worker began another file before it told of the last one
                self.known |= chunks.read(self.crew.place).done
        return {key: self.known[key] for key in items}


@contextmanager
def _hired(job: ClusterJob, place: places.FileFolder, options: ClusterOptions, most: int) -> Iterator[_Crew]:
    """Workers, at most ``most``; ended in any case."""
    with ray_for(options) as ray:
        count, gpus = places_for(ray, options)
        how = {"num_cpus": options.cpus_per_worker, "num_gpus": gpus, "max_restarts": -1, "max_concurrency": 4}
        actors = ray.remote(**how)(Desk)
        crew = _Crew(
            ray, job, place, lambda name: actors.remote(name, job.load, place.name, job.batch), min(count, most)
        )
        try:
            yield crew
        finally:
            crew.dismiss()


class _Crew:
    """All workers of a job."""

    def __init__(self, ray: Any, job: ClusterJob, place: places.FileFolder, hire: Any, count: int) -> None:
        self.ray, self.place, self.hire = ray, place, hire
        self.items = dict[str, Any]()
        self.book = Book((), job.batch)
        self.before = 0
        """keys that were done in earlier runs"""
        self.files = set[str]()
        """of chunks that workers have written since these were read"""
        self.cost, self.failed = Cost(), list[Done]()
        self.deaths, self._since, self._stillborn = 0, 0, 0
        self._began = monotonic()
        mark = f"{int(monotonic() * 1000) % 10**9:09d}"  # of this run: names of files never come twice
        self.seats = [_Seat(name, hire(name)) for name in (f"w{number:04d}-{mark}" for number in range(count))]

    def told(self) -> ClusterProgress:
        """How far it is."""
        tried = len(self.items) - len(self.book.left)
        share, spent = tried / max(1, len(self.items)), monotonic() - self._began
        done = self.before + tried - len(self.failed)
        cost = self.cost + Cost(seconds=spent)
        workers = tuple((seat.name.split("-")[0], seat.count) for seat in self.seats)
        left = spent * (1 / share - 1) if share else None
        of = self.before + len(self.items)
        return ClusterProgress(done, of, share, left, cost, tuple(self.failed), workers, self.deaths)

    def add(self, items: Mapping[str, Any]) -> None:
        """Keys with what belongs to each, for ``work``."""
        self.items.update(items)
        self.book.add(items)

    def work(self, cancel: Cancel) -> Iterator[ClusterProgress]:
        """Until every key is done or given up."""
        yield self.told()
        for seat in self.seats:
            if seat.call is None:
                self._ask(seat)
            else:  # from an earlier wave; it waits for news
                seat.asked = monotonic()
                seat.actor.nudge.remote()
        while self.book.left:
            if cancel():
                raise Cancelled("The job was stopped; what is done is kept.")
            for seat in self.seats:
                if seat.call is None and monotonic() > seat.again:
                    self._ask(seat)
            calls = {seat.call: seat for seat in self.seats if seat.call is not None}
            if calls:
                ready, _ = self.ray.wait(list(calls), num_returns=len(calls), timeout=0.0)
                for call in ready or self.ray.wait(list(calls), num_returns=1, timeout=0.2)[0]:
                    self._hear(calls[call])
            else:
                sleep(0.1)
            self._mind_silence()
            yield self.told()

    def _ask(self, seat: _Seat) -> None:
        keys = self.book.give(seat.name, len(self.seats)) if seat.life else []
        items = [(key, self.items[key]) for key in keys]
        seat.call, seat.asked = seat.actor.turn.remote(seat.life, items), monotonic()

    def _hear(self, seat: _Seat) -> None:
        from ray.exceptions import ActorUnavailableError, RayActorError, RayError

        call, seat.call = seat.call, None
        try:
            report = self.ray.get(call)
        except RayActorError as error:
            gone = not isinstance(error, ActorUnavailableError)  # for good
            if gone and not seat.life:
                self._never_began(error)
            self._died(seat)
            seat.again = monotonic() + AGAIN
            if gone:
                seat.actor = self.hire(seat.name)
            return
        except RayError as error:
            raise CannotDo(f"A worker cannot be asked: {errors.shown(error, 300)}.") from error
        self._take(seat, report)
        self._ask(seat)

    def _never_began(self, error: Exception) -> None:
        """Give up where workers cannot even be started: this program is not there, or is another version."""
        self._stillborn += 1
        if self._stillborn >= TROUBLES:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            why = next((line for line in reversed(lines) if "Error" in line), lines[-1] if lines else "no reason")
            raise CannotDo(
                f"Workers cannot be started ({errors.shown(why, 300)}); this program and its packages must be "
                "installed on every machine of the cluster, in the same versions."
            ) from error

    def _take(self, seat: _Seat, report: DeskReport) -> None:
        if seat.life and report.life != seat.life:
            self._died(seat)
        seat.life, seat.silent = report.life, False
        if report.done:
            self.files.add(report.file)
        if report.done and not seat.seen:
            seat.seen = True
            if not self.place.there(report.file):
                raise BadInput(
                    f"A worker wrote {report.file} where this machine cannot see it; give --chunks a folder that all "
                    "machines share, or an address such as s3://bucket/run."
                )
        for one in report.done:
            self._finished(seat, one)
        if report.fatal is not None:
            kind = getattr(errors, report.fatal[0], CannotDo)
            raise (kind if kind is not errors.UnknownName and issubclass(kind, PlaygroundError) else BadInput)(
                report.fatal[1]
            )
        if report.crash:
            self._died(seat, report.crash)

    def _finished(self, seat: _Seat, one: Done) -> None:
        if not self.book.done(seat.name, one.key):
            return
        self.cost, seat.count, self._since = self.cost + replace(one.cost, seconds=0.0), seat.count + 1, 0
        if one.why:
            self.failed.append(one)
            self._hopeless(one)

    def _hopeless(self, one: Done) -> None:
        """Give up where it is not the keys that are at fault."""
        tried = len(self.items) - len(self.book.left)
        if one.hopeless and len(self.failed) == tried >= TROUBLES:
            raise CannotDo(one.why)

    def _died(self, seat: _Seat, why: str = "") -> None:
        """Its keys go to others, but for those that it had written."""
        life, seat.life = seat.life, ""
        if not life:
            return
        self.files.add(f"{seat.name}-{life}")
        for one in chunks.read(self.place, f"{seat.name}-{life}", rows=False).done.values():
            self._finished(seat, one)
        self.deaths, self._since = self.deaths + 1, self._since + 1
        for key in self.book.lost(seat.name):
            self.book.done(seat.name, key)
            said = why or "the process that works on it ends each time"
            self.failed.append(Done(key, None, why=f"it was given up after several tries: {said}"))
            chunks.write_failure(self.place, self.failed[-1], f"given-up-{seat.name}")
        if self._since > DEATHS:
            last = f": {why}" if why else ", as if killed; look at their memory and at Ray's logs"
            raise CannotDo(f"Workers end again and again without a key done{last}.")

    def _mind_silence(self) -> None:
        now = monotonic()
        for seat in self.seats:
            if not seat.silent and now - seat.asked > SILENT:
                seat.silent = True
                self.book.lost(seat.name, blamed=False)

    def dismiss(self) -> None:
        """End all workers: first they may write what is done, then they are ended whatever they do."""
        stops = [seat.actor.stop.remote() for seat in self.seats if seat.life]
        if stops:
            self.ray.wait(stops, num_returns=len(stops), timeout=PATIENCE if self.book.left else 1.0)
        for seat in self.seats:
            self.ray.kill(seat.actor, no_restart=True)
