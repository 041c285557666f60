"""Who is next, who may wait, and who still listens: the rules of the queue, over plain data.

``gradio_patches.FairQueue`` puts them in place. A *group* is what shares a limit of jobs at a time (``events.GPU``,
``events.LIGHT``); a *session* is one open page or one client.
"""

from __future__ import annotations

import ipaddress
import math
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tts_playground.errors import BadInput

PER_ADDRESS = "TTS_PLAYGROUND_WAITING_PER_ADDRESS"
UNKNOWN = 10.0
"""seconds that a job is taken to last while none of its kind has ended"""


@dataclass(frozen=True, slots=True)
class Job:
    """A request that waits or runs."""

    session: str
    """the address once more for a call that belongs to no session"""
    address: str
    arrived: float
    """seconds on a clock that only goes forward"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many jobs may wait in one group."""

    everybody: int
    address: int
    session: int


HEAVY = Bounds(everybody=200, address=60, session=16)
"""a classroom of thirty behind one address is far from it, and so is a person at a page"""
LIGHT = Bounds(everybody=1000, address=600, session=60)
"""what only looks: a page asks for several views at once, and all of them wait some milliseconds at most"""


def bounds(everybody: int) -> tuple[Bounds, Bounds]:
    """(heavy, light), with what the environment says of one address.

    Raises:
        BadInput: the environment variable is not a number of 1 or more.
    """
    text = os.environ.get(PER_ADDRESS, "").strip() or str(HEAVY.address)
    if not text.isdecimal() or int(text) < 1:
        raise BadInput(f"{PER_ADDRESS} is “{text}”; set it to a whole number of 1 or more, or leave it out.")
    each = int(text)
    return replace(HEAVY, everybody=everybody, address=each), replace(LIGHT, address=each * LIGHT.address // 60)


def address_of(peer: str, forwarded: str, *, trusted: bool) -> str:
    """Who sends: the last hop that a trusted proxy names, else the peer. One network of IPv6 (/64) counts as one.

    Args:
        peer: the other end of the connection.
        forwarded: all of X-Forwarded-For; anybody can write its first entries, so only the last one counts.
        trusted: every connection comes through a proxy that appends to it.
    """
    told = forwarded.rpartition(",")[2].strip() if trusted else ""
    try:
        address = ipaddress.ip_address(told or peer)
    except ValueError:
        return peer
    if address.version == 4 or address.ipv4_mapped:
        return str(address if address.version == 4 else address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def in_turn(waiting: Sequence[Job], running: Mapping[str, int], served: Mapping[str, float]) -> list[int]:
    """The order in which jobs of one group are taken: round-robin over sessions.

    A session that has fewer at work comes first; of equals, the one that has waited longer since it came or was last
    served, so that a new session never overtakes one that is waiting already. A session's own jobs stay in their order.

    Args:
        waiting: the jobs, in any order.
        running: session -> jobs at work in this group.
        served: session -> when its last job was taken; sessions that are not there were not served.

    Returns: indices into ``waiting``.
    """
    rounds: Counter[str] = Counter(running)
    since: dict[str, float] = {}
    keys: dict[int, tuple[int, float]] = {}
    for place in sorted(range(len(waiting)), key=lambda place: waiting[place].arrived):
        job = waiting[place]
        since.setdefault(job.session, max(job.arrived, served.get(job.session, job.arrived)))
        keys[place] = (rounds[job.session], since[job.session])
        rounds[job.session] += 1
    return sorted(keys, key=keys.__getitem__)  # stable: equals stay in the order in which they came


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a job may not wait, and for how long."""

    sentence: str
    seconds: int
    """until there is room, about"""


def refusal(job: Job, ordered: Sequence[Job], bounds: Bounds, *, each: float | None, at_once: int) -> Refusal | None:
    """None when the job may wait.

    Args:
        job: the one that comes.
        ordered: those that wait in its group, the next one first.
        bounds: how many of them there may be.
        each: seconds that one lasts, of late; None when that is not known.
        at_once: how many are at work at a time.
    """
    each_session = bounds.address if job.session == job.address else bounds.session
    kinds = (
        ([o.session == job.session for o in ordered], each_session, "You have {} waiting already"),
        (
            [o.address == job.address for o in ordered],
            bounds.address,
            "Your network has {} waiting already",
        ),
        ([True] * len(ordered), bounds.everybody, "The queue is full, with {} waiting"),
    )
    for own, most, words in kinds:
        if sum(own) >= most:
            turns = own.index(True) + 1  # there is room when the first of them is taken
            seconds, spoken = rounded(turns * (UNKNOWN if each is None else each) / at_once)
            some = "1 request" if sum(own) == 1 else f"{sum(own)} requests"
            return Refusal(f"{words.format(some)}: try again in about {spoken}.", seconds)
    return None


def rounded(seconds: float) -> tuple[int, str]:
    """A time to wait, rounded up: in seconds, and in words."""
    if seconds > 60:
        minutes = min(math.ceil(seconds / 60), 60)
        return minutes * 60, f"{minutes} minutes"
    exact = max(math.ceil(seconds), 1)
    exact = exact if exact < 10 else math.ceil(exact / 5) * 5
    return exact, "1 second" if exact == 1 else "1 minute" if exact == 60 else f"{exact} seconds"


class Recent:
    """How long the last ``KEPT`` jobs of a kind took, in seconds."""

    KEPT = 20

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=self.KEPT)

    def add(self, seconds: float) -> None:
        """One more has ended."""
        self._last.append(seconds)

    @property
    def count(self) -> int:
        """How many are known."""
        return len(self._last)

    @property
    def avg_time(self) -> float:
        """Their mean; 0 when none is known."""
        return sum(self._last) / len(self._last) if self._last else 0.0


class Hearing:
    """Which sessions have somebody at the other end, and which jobs have had nobody for too long.

    Time is counted in looks, not in seconds: when the whole process stands still, nobody is late.
    """

    def __init__(self) -> None:
        self._streams: Counter[str] = Counter()
        self._missed: dict[str, int] = {}

    def begins(self, session: str) -> None:
        """A stream of the session is open."""
        self._streams[session] += 1

    def ends(self, session: str) -> None:
        """A stream of the session is closed."""
        self._streams[session] -= 1
        if self._streams[session] <= 0:
            del self._streams[session]

    @contextmanager
    def during(self, session: str) -> Iterator[None]:
        """A stream of the session is open for as long as this lasts."""
        self.begins(session)
        try:
            yield
        finally:
            self.ends(session)

    def hears(self, session: str) -> bool:
        """Whether a stream of the session is open."""
        return session in self._streams

    def look(self, jobs: Iterable[tuple[str, str, int]]) -> list[str]:
        """Those of the jobs that nobody has listened to for more looks than they may go unheard.

        Args:
            jobs: (name, session, looks that it may go unheard) of each; the count begins anew when it is heard.
        """
        before, self._missed = self._missed, {}
        late = []
        for name, session, patience in jobs:
            if not self.hears(session):
                self._missed[name] = before.get(name, 0) + 1
                if self._missed[name] > patience:
                    late.append(name)
        return late
