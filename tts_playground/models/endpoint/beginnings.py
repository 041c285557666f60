"""How likely a reply of an endpoint begins with this or that, from ``top_logprobs``: the likeliest tokens at a place.

A server tells of each token that it drew which others it might have drawn there. The first place is known from any
reply; what follows a token is known only where some reply begins with it. So what cannot be told from the first token
("1" may go on to "10", and some models write a space of its own first) is read off further short replies.

What is not among the likeliest tokens counts as 0, though the server gives it a little: at most what the tokens that it
names leave of 1. The probabilities are those of temperature 1 on a server that shows log-probabilities from before its
own sampling, as the protocol means them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tts_playground.errors import CannotDo
from tts_playground.models.endpoint.reply import EndpointReply

MOST = 20
"""tokens at one place; the most that the protocol allows"""
OPEN = 0.02
"""probability that may stay untold before more replies are asked for"""
FURTHER, DEEP = 8, 3
"""replies that are asked for then, and their tokens: a space, a "1" and a "0" """

Known = Mapping[tuple[str, ...], Mapping[str, float]]
"""tokens that a reply has begun with -> probability of each token after them, as far as they are known"""
Ask = Callable[..., Sequence[EndpointReply]]
"""(seed=, n=, max_tokens=) -> replies to one prompt"""


def read(ask: Ask, options: Sequence[str]) -> tuple[list[float], float]:
    """(probability that a reply begins with each option, 0 to 1; probability that stays untold between options).

    Small and capital letters are the same.

    Args:
        ask: makes one request; it is called once, and up to eight times more where the first token does not tell.

    Raises:
        CannotDo: the server does not show the likeliest tokens.
    """
    replies = list(ask(seed=0, n=1, max_tokens=1))
    known = known_from(replies)
    if () not in known:
        raise CannotDo("This endpoint does not show the likeliest tokens (top_logprobs), which this needs.")
    found, left = chances(known, options)
    for turn in range(1, FURTHER + 1):
        if left <= OPEN or len(replies) > FURTHER:
            break
        replies += ask(seed=turn, n=FURTHER if turn == 1 else 1, max_tokens=DEEP)
        found, left = chances(known_from(replies), options)
    return found, left


def known_from(replies: Iterable[EndpointReply]) -> Known:
    """What some replies to one prompt show."""
    known: dict[tuple[str, ...], Mapping[str, float]] = {}
    for reply in replies:
        begun: tuple[str, ...] = ()
        for place in reply.places:
            known.setdefault(begun, place.chances)
            begun = (*begun, place.token)
    return known


def chances(known: Known, options: Sequence[str]) -> tuple[list[float], float]:
    """(probability of each option, probability that belongs to some of them, and is not known to which)."""
    wanted = [begun_as(option) for option in options]
    found: dict[str, float] = defaultdict(float)

    def walk(begun: tuple[str, ...], text: str, share: float) -> tuple[float, float]:
        """(what goes on to options, what is untold) of the replies that have begun so."""
        told = untold = 0.0
        for token, chance in known[begun].items():
            here, after = share * chance, (*begun, token)
            said = begun_as(text + token)
            word = said.rstrip(_ENDS)
            open_ended = token and any(len(option) > len(said) and option.startswith(said) for option in wanted)
            if not open_ended:
                if word in wanted:
                    found[word] += here
                    told += here
            elif after not in known:
                untold += here
            else:
                deeper, left = walk(after, text + token, here)
                if said in wanted:  # whatever does not go on to a longer option is this one
                    found[said] += here - deeper - left
                    deeper = here - left
                told, untold = told + deeper, untold + left
        return told, untold

    _, left = walk((), "", 1.0)
    return [min(1.0, max(0.0, found[option])) for option in wanted], left


def begun_as(text: str) -> str:
    """A beginning as it counts here: without marks for spaces, spaces before it, and capital letters."""
    return text.translate(_SPACES).lstrip().casefold()


_SPACES: dict[int, Any] = str.maketrans({"Ġ": " ", "▁": " ", "Ċ": " "})
_ENDS = " \t\r\n.,;:!"
