"""How a run shows where it stands: a rich bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any


class RunDisplay:
    """Loss and time left of one run; ``total`` seconds, or ``steps`` when the run is counted in steps."""

    def __init__(self, name: str, total: float | None, steps: int | None, every: float = 10.0) -> None:
        self.name, self.total, self.steps, self.every = name, total, steps, every
        self._last = -every
        self._bar = self._rich() if sys.stdout.isatty() else None

    def _rich(self) -> Any:
        try:
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
        except ImportError:
            return None
        bar = Bar(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self._task = bar.add_task(self.name, total=self.total or self.steps)
        bar.start()
        return bar

    def say(self, text: str) -> None:
        """One line for people."""
        print(text, flush=True)

    def update(self, step: int, seconds: float, row: Mapping[str, float]) -> None:
        """Show this step; plain lines come at most every ten seconds."""
        losses = "  ".join(f"{k} {v:.4g}" for k, v in row.items() if k not in ("step", "seconds"))
        if self._bar is not None:
            done = seconds if self.total is not None else step
            self._bar.update(self._task, completed=done, description=f"{self.name} step {step}  {losses}")
            return
        now = time.monotonic()
        if now - self._last < self.every:
            return
        self._last = now
        if self.total is not None:
            left = max(0.0, self.total - seconds)
        else:
            left = seconds / max(1, step) * max(0, (self.steps or 0) - step)
        self.say(f"{self.name}  step {step}  {losses}  {left / 60:.1f} min left")

    def close(self) -> None:
        """Take the progress bar down."""
        if self._bar is not None:
            self._bar.stop()
