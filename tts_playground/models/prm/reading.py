"""One forward over solutions of a problem: what all begin with is read once, and what was read before not again.

A search asks about a solution after every step. The keys and values of unfinished ones are kept, so that a further step
costs its own tokens and not those of all steps before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tts_playground.models.lm.model import Layers, cache_of, layers_of
from tts_playground.models.lru_cache import LruCache
from tts_playground.models.prefix_room import held, room
from tts_playground.models.prm.form import Form, Written

if TYPE_CHECKING:
    from torch import Tensor

KEPT = 4096
"""unfinished solutions whose keys and values are kept, as far as ``prefix_room.room`` holds them"""
WORTH_SHARING = 16
"""tokens that solutions must begin with together for them to be read once"""


@dataclass(frozen=True, slots=True)
class Asking:
    """A solution as a form writes it."""

    told: Written
    keep: bool
    """it is likely to go on"""


@dataclass(frozen=True, eq=False, slots=True)
class Read:
    """A solution that was read up to its last step."""

    layers: Layers
    """keys and values of everything up to where that step's probability stands"""
    chances: tuple[float, ...]
    """of its steps"""

    @property
    def length(self) -> int:
        """Tokens."""
        return self.layers[0][0].shape[2]

    @property
    def bytes(self) -> int:
        """What it holds."""
        return held([one for pair in self.layers for one in pair])


class Reading:
    """A judge's network, with what it has read lately."""

    def __init__(self, form: Form, device: Any) -> None:
        self.form, self.device = form, device
        self._shares = form.shares and is_causal(form, device)
        self._read: LruCache[tuple[int, ...], Read] = LruCache(KEPT, lambda one: one.bytes, room(device))

    def forget(self) -> None:
        """Let go of what was read."""
        self._read.clear()

    def known(self, told: Written) -> Read | None:
        """The longest beginning of a solution that was read, up to a step before its last."""
        for place in reversed(told.places[:-1] if self._shares else ()):
            if (found := self._read.get(told.ids[: place + 1])) is not None:
                return found
        return None

    def chances(self, asked: Sequence[Asking], known: Sequence[Read | None]) -> list[list[float]]:
        """P(right) of each step of each of the solutions of one problem.

        Args:
            known: what ``known`` says of each: of all of them something, or of none.
        """
        import torch

        with torch.inference_mode():
            begun = [one for one in known if one is not None]
            starts, cache = self._after(begun) if begun else self._together(asked)
            before = 0 if cache is None else _length(cache)
            ids, mask, positions = self._inputs(asked, starts, before)
            states = self.form.states(ids, mask, cache, positions)
            found = self._chances(asked, starts, states)
            whole = [[*(one.chances if one else ()), *more] for one, more in zip(known, found, strict=True)]
            if cache is not None:
                self._keep(asked, starts, whole, cache, before)
        return whole

    def _together(self, asked: Sequence[Asking]) -> tuple[list[int], Any]:
        """How many tokens all begin with, and a cache of those for each; None where nothing is shared or kept."""
        import torch

        rows = [one.told for one in asked]
        # what is read of a row must come after what is shared
        most = min((row.places[0] for row in rows if row.places), default=0)
        shared = common([row.ids for row in rows], most)
        if not self._shares:
            return [0] * len(rows), None
        if len(rows) < 2 or shared < WORTH_SHARING:
            return [0] * len(rows), cache_of(()) if any(one.keep for one in asked) else None
        one = torch.tensor([rows[0].ids[:shared]], device=self.device)
        cache = cache_of(())
        self.form.states(one, torch.ones_like(one), cache, None)
        each = tuple(
            (keys.expand(len(rows), -1, -1, -1), values.expand(len(rows), -1, -1, -1))
            for keys, values in layers_of(cache)
        )
        return [shared] * len(rows), cache_of(each)

    def _after(self, begun: Sequence[Read]) -> tuple[list[int], Any]:
        """A cache of what was read of each, padded on the left."""
        import torch
        from torch.nn.functional import pad

        longest = max(one.length for one in begun)

        def joined(parts: Sequence[Tensor]) -> Tensor:
            return torch.cat([pad(part, (0, 0, longest - part.shape[2], 0)) for part in parts])

        each = tuple(
            (joined([keys for keys, _ in layer]), joined([values for _, values in layer]))
            for layer in zip(*(one.layers for one in begun), strict=True)
        )
        return [one.length for one in begun], cache_of(each)

    def _inputs(self, asked: Sequence[Asking], starts: Sequence[int], before: int) -> tuple[Tensor, Tensor, Tensor]:
        """What comes behind ``before`` positions of a cache: tokens padded on the right, a mask over all, positions."""
        import torch

        longest = max(len(one.told.ids) - start for one, start in zip(asked, starts, strict=True))
        ids = torch.zeros(len(asked), longest, dtype=torch.int64)
        mask = torch.zeros(len(asked), before + longest, dtype=torch.int64)
        for number, (one, start) in enumerate(zip(asked, starts, strict=True)):
            more = len(one.told.ids) - start
            ids[number, :more] = torch.tensor(one.told.ids[start:])
            mask[number, before - start : before + more] = 1
        positions = torch.tensor(list(starts))[:, None] + torch.arange(longest)
        return ids.to(self.device), mask.to(self.device), positions.to(self.device)

    def _chances(self, asked: Sequence[Asking], starts: Sequence[int], states: Tensor) -> list[list[float]]:
        """Of the steps that were not known."""
        at = [
            (number, place - start)
            for number, (one, start) in enumerate(zip(asked, starts, strict=True))
            for place in one.told.places
            if place >= start
        ]
        found: list[list[float]] = [[] for _ in asked]
        if at:
            numbers, places = zip(*at, strict=True)
            chances = self.form.chances(states[list(numbers), list(places)]).tolist()
            for number, chance in zip(numbers, chances, strict=True):
                found[number].append(chance)
        return found

    def _keep(
        self,
        asked: Sequence[Asking],
        starts: Sequence[int],
        chances: Sequence[Sequence[float]],
        cache: Any,
        before: int,
    ) -> None:
        """What was read of solutions that are likely to go on."""
        layers = layers_of(cache) if any(one.keep for one in asked) else ()
        for number, (one, start) in enumerate(zip(asked, starts, strict=True)):
            if not one.keep or not one.told.places:
                continue
            end = one.told.places[-1] + 1
            cut = slice(before - start, before - start + end)
            copied = tuple(
                (keys[number : number + 1, :, cut].clone(), values[number : number + 1, :, cut].clone())
                for keys, values in layers
            )
            self._read.put(one.told.ids[:end], Read(copied, tuple(chances[number])))


def is_causal(form: Form, device: Any) -> bool:
    """Whether a network's state at a token does not depend on what follows, as it does in one that reads both ways."""
    import torch

    rows = torch.tensor([[0, 1], [0, 2]], device=device)
    with torch.inference_mode():
        states = form.states(rows, torch.ones_like(rows), None, None)[:, 0].float()
    return bool(torch.allclose(states[0], states[1], rtol=1e-4, atol=1e-4))


def _length(cache: Any) -> int:
    return layers_of(cache)[0][0].shape[2] if cache.layers else 0


def common(rows: Sequence[tuple[int, ...]], most: int) -> int:
    """How many tokens, up to ``most``, all rows begin with."""
    first, last = min(rows), max(rows)  # of sorted rows these two differ first
    reach = min(most, len(first))
    return next((place for place in range(reach) if first[place] != last[place]), reach)
