"""What the parts of ``bench gpu`` ask of the machine and of the clock: a GPU, or a CPU in its place for tests."""

from __future__ import annotations

import gc
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tts_playground.errors import ModelUnavailable


class Late(Exception):
    """The share of time of a part does not hold what comes next; the message says what."""


class Clock:
    """How long a part may still take."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; below zero where they are over."""
        return self.end - time.monotonic()

    def hold(self, seconds: float, what: str) -> None:
        """Raises Late where less than ``seconds`` are left for ``what``."""
        if self.left() < seconds:
            raise Late(f"{what} left out: it takes some {seconds:.0f} s, and {max(0.0, self.left()):.0f} s are left")


class Card:
    """One device. On a CPU nothing is captured, and memory runs out only where ``squeezed`` says so."""

    def __init__(self, device: str) -> None:
        import torch

        self.device = device
        self.cuda = device.startswith("cuda")
        self.dtype = torch.bfloat16
        self.allowed: int | None = None
        """on a CPU: images that one batch may hold; None for any number"""

    @staticmethod
    def there() -> Card:
        """The GPU of this machine.

        Raises:
            ModelUnavailable: torch sees none.
        """
        import torch

        if not torch.cuda.is_available():
            raise ModelUnavailable("bench gpu measures on an NVIDIA GPU, and torch sees none here.")
        return Card("cuda")

    @property
    def name(self) -> str:
        """What it is, with the versions that matter."""
        import torch
        import transformers

        software = f"torch {torch.__version__}, transformers {transformers.__version__}"
        if not self.cuda:
            return f"CPU, {software}"
        return f"{torch.cuda.get_device_name()}, driver {_driver()}, {software}"

    def sync(self) -> None:
        """Wait until everything that was launched is done."""
        import torch

        if self.cuda:
            torch.cuda.synchronize()

    def seconds(self, call: Callable[[], Any]) -> float:
        """Wall-clock seconds of one call, the device's work included."""
        self.sync()
        start = time.perf_counter()
        call()
        self.sync()
        return time.perf_counter() - start

    def tidy(self) -> None:
        """Give back memory that nobody uses."""
        import torch

        gc.collect()
        if self.cuda:
            torch.cuda.empty_cache()

    def copying(self) -> float:
        """Bytes a second of a small copy by the wall clock, where there are no events of a GPU."""
        import torch

        source = torch.empty(1 << 24, dtype=torch.uint8)
        target = torch.empty_like(source)
        return 2 * source.numel() / min(self.seconds(lambda: target.copy_(source)) for _ in range(5))

    @contextmanager
    def squeezed(self, room: int, images: int) -> Iterator[None]:
        """Within it this process may take only ``room`` more bytes of the GPU; on a CPU, ``images`` a batch."""
        import torch

        self.tidy()
        if not self.cuda:
            self.allowed = images
        else:
            total = torch.cuda.get_device_properties(0).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, (torch.cuda.memory_reserved() + room) / total))
        try:
            yield
        finally:
            self.allowed = None
            if self.cuda:
                torch.cuda.set_per_process_memory_fraction(1.0)
            self.tidy()

    def shipped(self, call: Callable[[], Any]) -> Callable[[], Any]:
        """A peer's call with attention as torch itself would choose it (``models.repeatable`` has narrowed it)."""
        import torch

        def chosen() -> Any:
            before = torch.backends.cuda.cudnn_sdp_enabled()
            torch.backends.cuda.enable_cudnn_sdp(True)
            try:
                return call()
            finally:
                torch.backends.cuda.enable_cudnn_sdp(before)

        return chosen if self.cuda else call

    def admit(self, images: int) -> None:
        """Raises torch's own error where a CPU stands in for a GPU that is too full for so many images."""
        import torch

        if self.allowed is not None and images > self.allowed:
            raise torch.OutOfMemoryError("a stand-in for a full GPU")


def _driver() -> str:
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        said = []
    return said[0] if said else "unknown"


def in_turn(
    card: Card, clock: Clock, ours: Callable[[], Any], peer: Callable[[], Any], *, most: int = 3
) -> tuple[list[float], list[float]]:
    """Seconds of two calls in turn, once at least, ``most`` times if the time holds. Both have been warmed up."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(most):
        if number and clock.left() < 1.3 * (times[0][-1] + times[1][-1]):
            break
        times[0].append(card.seconds(ours))
        times[1].append(card.seconds(peer))
    return times
