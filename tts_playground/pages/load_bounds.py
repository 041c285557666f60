"""How much memory requests may hold while they wait, and their answers until somebody reads them.

Measured: a body of 8 MB of empty lists takes 200 MB once it is read, and the view of one pool 0.5 MB until its page has
fetched it. Without these bounds, one visitor who never reads fills any machine.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any

LONGEST = 100
"""characters of a session's name; pages take 11, and names are kept long after their requests"""
VALUES = 10_000
"""values in one request, those in lists and objects counted; pages send some dozens"""
WAITING, EVERYBODY = 64 << 20, 256 << 20
"""bytes of the values of all requests that wait, of one address and of all"""
UNREAD = 200
"""answers that one session has not read, or waits for; its queues are shorter than that"""
UNREAD_ALL = 2000
"""answers that nobody has read yet, or that are being waited for, of all sessions together"""


def weight(value: Any) -> tuple[int, int]:
    """(how many values, about how many bytes they take) of what JSON may hold; counting ends above ``VALUES``."""
    left, count, size = [value], 0, 0
    while left and count <= VALUES:
        one = left.pop()
        count += 1
        size += sys.getsizeof(one)
        if isinstance(one, dict):
            size += sum(map(sys.getsizeof, one)) if len(one) <= VALUES else 0
            left += one.values()
        elif isinstance(one, (list, tuple)):
            left += one
    return count, size


def refused(session: str, values: int, unread: int) -> tuple[int, str] | None:
    """(HTTP status, sentence) for a request that is never taken; None for others.

    Args:
        session: what it calls its session.
        values: in it, by ``weight``.
        unread: answers that wait for the session, or that it waits for.
    """
    if len(session) > LONGEST:
        return 400, f"The session_hash of this request is too long; give one of at most {LONGEST} characters."
    if values > VALUES:
        return 413, f"This request holds more than {VALUES:,} values; send fewer."
    if unread >= UNREAD:
        return 429, f"{unread} answers wait for this session; read them before you ask for more."
    return None


def too_much(size: int, address: str, waiting: Iterable[tuple[str, int]]) -> str | None:
    """The sentence for a request that is too big while so much waits; None when there is room.

    Args:
        size: its bytes, by ``weight``.
        address: who sends it.
        waiting: (address, bytes) of the requests that wait.
    """
    everybody = own = size
    for other, held in waiting:
        everybody += held
        own += held if other == address else 0
    if own > WAITING:
        return "What your network has waiting is too large already: try again when some of it is done."
    return "What is waiting is too large already: try again when some of it is done." if everybody > EVERYBODY else None


def surplus(unread: Mapping[str, Collection[str]], needed: Collection[str]) -> list[str]:
    """The sessions to forget, so that no more than ``UNREAD_ALL`` answers are kept.

    Args:
        unread: session -> its answers; whoever came first stands first.
        needed: sessions that listen or have something in work: they go last, and of them those that read least first.
    """
    over = sum(map(len, unread.values())) - UNREAD_ALL
    gone: list[str] = []
    if over > 0:
        idle = [one for one in unread if one not in needed]
        for one in [*idle, *sorted((o for o in unread if o in needed), key=lambda one: -len(unread[one]))]:
            if over <= 0:
                break
            gone.append(one)
            over -= len(unread[one])
    return gone
