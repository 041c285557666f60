# torch gives tolist no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Continuous batching: one batch into which waiting texts enter as others end, whatever problem they are about.

The idea is Orca's (Yu et al. 2022): a batch is scheduled anew at every token. Sample i does not notice: its noise is a
function of its name and position, and the lean steps keep its bits apart from the others'.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING

from tts_playground.errors import CannotDo
from tts_playground.models.decode.gumbel import gumbel
from tts_playground.models.decode.linear import RowRule
from tts_playground.models.decode.microbatch import CPU_BYTES, rows_within
from tts_playground.models.decode.sampling import DrawnToken, SamplingParams, choose, distribution
from tts_playground.models.lm.seats import Seats, TextRow, seats_for

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from tts_playground.models.lm.model import TextModel

CPU_ROWS = 64
"""more at once gain nothing on a CPU: the weights then stay in its cache anyway"""
GPU_SHARE = 0.5
"""of what is free on the GPU, for keys, values and logits"""
REFILL = 8
"""one part in so many of a padded batch must be free before others enter, since each entry copies all of it"""


class RunningBatch:
    """Texts of one model that go on together, a token at a time.

    Args:
        most: rows at once; None fits them to the memory.
    """

    def __init__(self, model: TextModel, most: int | None = None) -> None:
        self.model, self.most = model, most
        self._waiting: deque[TextRow] = deque()
        self._seats: Seats = seats_for(model)
        self._knobs: tuple[SamplingParams, Tensor] | None = None
        self.capacity = most or CPU_ROWS
        """rows that go on together, as far as is known yet"""

    def add(self, rows: Iterable[TextRow]) -> None:
        """Let rows enter as soon as there is room, in this order."""
        for row in rows:
            row.sit_down()
            self._waiting.append(row)

    def drop(self, rows: Iterable[TextRow]) -> None:
        """Take rows out, wherever they are; of others nothing happens."""
        gone = set(map(id, rows))
        self._waiting = deque(row for row in self._waiting if id(row) not in gone)
        seats = [seat for seat, row in enumerate(self._seats.rows) if row is not None and id(row) in gone]
        if seats:
            import torch

            with torch.inference_mode():
                self._seats.leave(seats)
            self._knobs = None

    @property
    def left(self) -> int:
        """Rows that have not ended."""
        return len(self._waiting) + sum(row is not None for row in self._seats.rows)

    def advance(self) -> list[TextRow]:
        """One more token for every row that has a seat; those that have ended by it have left.

        Raises:
            CannotDo: the logits are not finite, or the GPU's memory does not hold even one row.
        """
        import torch

        if not self.left:
            return []
        began, running = perf_counter(), 0
        try:
            with torch.inference_mode():
                self._fill()
                running = sum(row is not None for row in self._seats.rows)
                ended = self._token()
        except torch.OutOfMemoryError as error:
            if running == 1 or not self._seats.rows:
                raise CannotDo("The GPU's memory does not hold even one text; use a smaller model.") from error
            running = 0
        if not running:
            self._retreat()  # out of the handler, so that the failed batch's tensors are gone before the next try
            return []
        spent = (perf_counter() - began) / running
        for row in (*(row for row in self._seats.rows if row is not None), *ended):
            row.seconds += spent
        return ended

    def _retreat(self) -> None:
        """Send all rows back to wait, to be read again in a smaller batch."""
        import torch

        rows = [row for row in self._seats.rows if row is not None]
        for row in reversed(rows):
            row.sit_down()
            self._waiting.appendleft(row)
        self.most = max(1, len(rows) // 2)
        self._seats, self._knobs = seats_for(self.model), None
        torch.cuda.empty_cache()

    def _fill(self) -> None:
        if not self._waiting:
            return
        taken = sum(row is not None for row in self._seats.rows)
        first = next((row for row in self._seats.rows if row is not None), self._waiting[0])
        fit = rows_that_fit(self.model, len(first.ids) + len(first.tokens) + first.most)
        most = min(self.most or fit, _rule(self.model).most or fit)
        self.capacity, free = most, most - taken
        if free < 1 or (self.model.steps is None and taken and free * REFILL < most):
            return
        self._seats.enter([self._waiting.popleft() for _ in range(min(free, len(self._waiting)))])
        self._knobs = None

    def _token(self) -> list[TextRow]:
        rows = self._seats.rows
        logits = self._seats.logits([row.ahead.pop() if row is not None else 0 for row in rows])
        knobs, streams = self._knobs = self._knobs or self._settings(logits)
        drawing = [(seat, row) for seat, row in enumerate(rows) if row is not None and not row.ahead]
        if not drawing:
            return []
        said = [0 if row is None else len(row.tokens) + len(row.new) for row in rows]
        drawn, plain = _drawn(logits, knobs, streams, said)
        if not bool(plain.isfinite().all()):
            raise CannotDo("The model gave logits that are not finite; try float32, or another model.")
        tokens, logprobs, plains = drawn.token.tolist(), drawn.logprob.tolist(), plain.tolist()
        ended: list[tuple[int, TextRow]] = []
        for seat, row in drawing:
            row.new.append(tokens[seat])
            row.logprobs.append(logprobs[seat])
            row.plain.append(plains[seat])
            if len(row.new) >= row.most or row.ends(row.new):
                ended.append((seat, row))
            else:
                row.ahead.append(tokens[seat])
        return self._left(ended)

    def _left(self, ended: list[tuple[int, TextRow]]) -> list[TextRow]:
        for seat, row in ended:
            row.piece = self._seats.piece(seat) if row.keep else None
        if ended:
            self._seats.leave([seat for seat, _ in ended])
            self._knobs = None
        return [row for _, row in ended]

    def _settings(self, logits: Tensor) -> tuple[SamplingParams, Tensor]:
        """The settings of all seats as tensors, and the starts of their noise; top_k 0 means all."""
        import torch

        rows, vocabulary, device = self._seats.rows, logits.shape[-1], logits.device
        temperature, top_p = (
            torch.tensor(values, dtype=torch.float32, device=device)
            for values in (
                [1.0 if row is None else row.temperature for row in rows],
                [1.0 if row is None else row.top_p for row in rows],
            )
        )
        top_k = torch.tensor([(row and row.top_k) or vocabulary for row in rows], device=device)
        truncates = any(row and (0 < row.top_k < vocabulary or row.top_p < 1) for row in rows)
        knobs = SamplingParams(temperature, torch.ones_like(temperature), top_k, top_p, truncates)
        return knobs, torch.tensor([row.stream if row else 0 for row in rows], dtype=torch.int64, device=device)


def _drawn(logits: Tensor, knobs: SamplingParams, streams: Tensor, positions: list[int]) -> tuple[DrawnToken, Tensor]:
    """One token of every seat, and its log-probability at temperature 1 without truncation."""
    import torch

    places = torch.tensor(positions, device=logits.device)
    drawn = choose(distribution(logits, None, knobs), gumbel(streams, places, logits.shape[-1]))
    return drawn, logits.log_softmax(-1).gather(-1, drawn.token[:, None])[:, 0]


def rows_that_fit(model: TextModel, length: int) -> int:
    """How many rows of ``length`` positions go through a model at once."""
    import torch

    config, rule = model.config, _rule(model)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    size = 2 * config.num_hidden_layers * heads * width * length * model.model.dtype.itemsize
    size += 12 * config.vocab_size
    device: torch.device = model.device
    if device.type != "cuda":
        return min(CPU_ROWS, rows_within(CPU_BYTES, size, rule))
    return rows_within(torch.cuda.mem_get_info(device)[0] * GPU_SHARE, 2 * size, rule)


def _rule(model: TextModel) -> RowRule:
    return model.steps.rule if model.steps is not None else RowRule()
