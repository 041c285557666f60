"""The one training loop: minutes on a clock instead of epochs, killable at any moment, exactly resumable.

A trainer brings a model and a function ``loss(moment)``; everything else is here: AdamW, warm-up then cosine to zero
over the allotted minutes, bf16 autocast, gradient clipping, an optional moving average of the weights, progress lines,
a log of losses, a sheet of sample images and the full state every two minutes under ``TTS_PLAYGROUND_HOME/runs/NAME``.

Batches must be a function of ``moment.step`` (see ``randomness.generator``), never of an iterator's history: that is
what makes a resumed run equal to an uninterrupted one.
"""

from __future__ import annotations

import math
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from tts_playground import files, home, journal, randomness
from tts_playground.errors import BadInput, Cancelled, CannotDo, StoreError
from tts_playground.train.common.run_display import RunDisplay


@dataclass(frozen=True)
class TrainPlan:
    """Settings of one training run."""

    name: str
    """names the folder of state under ``TTS_PLAYGROUND_HOME/runs``"""
    minutes: float = 10.0
    """wall-clock length of the loop; the learning rate reaches zero as it ends"""
    steps: int | None = None
    """stop after so many steps instead of minutes; then the schedule follows steps and is exactly repeatable"""
    lr: float = 1e-3
    """peak learning rate"""
    warmup: int = 100
    """steps of linear warm-up"""
    weight_decay: float = 0.05
    """decoupled, on matrices only"""
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0
    """largest gradient norm"""
    ema: float = 0.0
    """decay of the moving average of the weights, in [0, 1); ``fit`` leaves the average in the model; 0 keeps none"""
    bf16: bool = True
    """bfloat16 autocast around the loss"""
    device: str = "auto"
    """"auto", "cpu", "cuda" or any torch device"""
    seed: int = 0
    resume: bool = False
    """go on from the saved state when there is one"""
    save_every: float = 120.0
    """seconds between saved states"""


@dataclass(frozen=True)
class Moment:
    """Where a run stands when it asks for a loss."""

    step: int
    """0, 1, 2, ..."""
    fraction: float
    """elapsed part of the run, in [0, 1)"""
    device: torch.device
    seed: int

    def rng(self, name: str = "batch") -> np.random.Generator:
        """The random stream of this step called ``name``; the same on every machine and after a resume."""
        return randomness.generator(self.seed, self.step, name)


@dataclass
class TrainReport:
    """What a finished run did."""

    steps: int
    seconds: float
    """time in the loop, interruptions not counted"""
    losses: list[dict[str, float]] = field(default_factory=list)
    """one row per logged step: step, seconds, loss and whatever else the trainer reported"""
    folder: Path = Path()


Loss = Callable[[Moment], "torch.Tensor | Mapping[str, torch.Tensor]"]


def pick_device(name: str) -> torch.device:
    """``"auto"`` is CUDA where there is one.

    Raises:
        CannotDo: CUDA was asked for by name and is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise CannotDo("The device 'cuda' was asked for, but torch sees no CUDA device here; use --device cpu.")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise BadInput(f"There is no device called {name!r}; use auto, cpu or cuda.") from error


def compiled(call: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """``torch.compile`` on CUDA, where it pays; the plain function elsewhere, and where the compiler does not work."""
    if device.type != "cuda":
        return call
    fast: Callable[..., Any] | None = torch.compile(call)

    def run(*args: Any, **kwargs: Any) -> Any:
        nonlocal fast
        if fast is not None:
            try:
                return fast(*args, **kwargs)
            except torch.cuda.OutOfMemoryError:
                raise
            except Exception as error:  # any failure of the compiler's tool chain: slower beats stopped
                print(f"torch.compile does not work here ({type(error).__name__}); going on without it.", flush=True)
                fast = None
        return call(*args, **kwargs)

    return run


def optimizer_of(model: nn.Module, plan: TrainPlan) -> torch.optim.AdamW:
    """AdamW with weight decay on tensors of two or more dimensions."""
    wanted = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in wanted if p.ndim >= 2], "weight_decay": plan.weight_decay},
        {"params": [p for p in wanted if p.ndim < 2], "weight_decay": 0.0},
    ]
    on_cuda = bool(wanted) and wanted[0].is_cuda
    return torch.optim.AdamW(groups, lr=plan.lr, betas=plan.betas, fused=True if on_cuda else None)


def learning_rate(plan: TrainPlan, step: int, fraction: float) -> float:
    """Linear warm-up by steps times a half cosine by elapsed fraction, which ends at zero."""
    warm = min(1.0, (step + 1) / max(1, plan.warmup))
    return plan.lr * warm * 0.5 * (1.0 + math.cos(math.pi * min(1.0, fraction)))


class TrainRun:
    """State of one run in memory and on disk."""

    def __init__(self, model: nn.Module, plan: TrainPlan, device: torch.device) -> None:
        self.model, self.plan, self.device = model, plan, device
        self.optimizer = optimizer_of(model, plan)
        self.average = {k: v.detach().clone() for k, v in model.state_dict().items()} if plan.ema else {}
        self.step, self.before, self.started = 0, 0.0, time.monotonic()
        self.folder = home.folder("runs", plan.name)
        self.rows: list[dict[str, float]] = []
        self.append: journal.Append = lambda rows: None

    @property
    def seconds(self) -> float:
        """Time spent in the loop, over all interruptions."""
        return self.before + time.monotonic() - self.started

    @property
    def fraction(self) -> float:
        """Elapsed part of the run."""
        if self.plan.steps is not None:
            return self.step / max(1, self.plan.steps)
        return self.seconds / max(1e-9, self.plan.minutes * 60)

    def save(self) -> None:
        """Write the full state; a kill at any moment leaves the old or the new one, never half."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
            "seconds": self.seconds,
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state(self.device) if self.device.type == "cuda" else None,
        }
        file = self.folder / "state.pt"
        with files.whole(file, "The state of the training run") as partial:
            try:
                torch.save(state, partial)
            except RuntimeError as error:  # torch's word for a full disk
                raise files.cannot_write(file, error, "The state of the training run") from error

    def load(self) -> bool:
        """Take up the saved state, if there is one; the log is cut back to it.

        Raises:
            StoreError: the state is damaged.
            CannotDo: it belongs to another shape of model.
        """
        path = self.folder / "state.pt"
        if not path.exists():
            return False
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise StoreError(f"The state in {path} is damaged; start without --resume to replace it.") from error
        try:
            self.model.load_state_dict(state["model"])
        except RuntimeError as error:
            raise CannotDo(
                f"The state in {path} belongs to another shape of model; start without --resume to replace it."
            ) from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = state["average"]
        self.step, self.before, self.started = state["step"], state["seconds"], time.monotonic()
        torch.set_rng_state(state["rng"].cpu())
        if state["cuda_rng"] is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu(), self.device)
        self.rows = [row for row in read_log(self.folder) if row["step"] < self.step]
        return True

    @contextmanager
    def logging(self) -> Iterator[None]:
        """Within it, ``log`` writes to ``losses.jsonl``, cut back to the rows in memory; no other process runs here.

        Raises:
            StoreError: another process trains in this folder.
        """
        with journal.growing(self.folder / "losses.jsonl", "The log of losses", keep=len(self.rows)) as append:
            self.append = append
            yield

    def log(self, row: dict[str, float]) -> None:
        """Append one row to the log."""
        self.rows.append(row)
        self.append([row])

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within it, the model has the averaged weights, if there is an average."""
        if not self.average:
            yield
            return
        own = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        try:
            yield
        finally:
            self.model.load_state_dict(own)

    def update_average(self) -> None:
        """One step of the moving average; it follows closely at first, so that the start is forgotten."""
        decay = min(self.plan.ema, (1 + self.step) / (10 + self.step))
        now = self.model.state_dict()
        smooth = [name for name, value in now.items() if value.is_floating_point()]
        with torch.no_grad():
            # one call for all: a launch for each tensor costs more than a step of a small model on a GPU
            average = get_ema_multi_avg_fn(decay)
            average([self.average[name] for name in smooth], [now[name] for name in smooth], self.step)
            for name in now.keys() - set(smooth):
                self.average[name].copy_(now[name])


def read_log(folder: Path) -> list[dict[str, float]]:
    """The rows of a run's ``losses.jsonl``; a last line cut by a kill is dropped.

    Raises:
        StoreError: another line is damaged.
    """
    path = folder / "losses.jsonl"
    try:
        return journal.read(path) if path.exists() else []
    except BadInput as error:
        raise StoreError(f"{error} The log is damaged; start without --resume to replace it.") from error


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """SIGINT and SIGTERM ask the loop to save and stop instead of ending it in the middle of a step."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    names = (signal.SIGINT, signal.SIGTERM)
    old = [signal.signal(name, lambda *_: asked.set()) for name in names]
    try:
        yield asked
    finally:
        for name, handler in zip(names, old, strict=True):
            signal.signal(name, handler)


def _one_step(run: TrainRun, loss: Loss) -> dict[str, torch.Tensor]:
    plan, moment = run.plan, Moment(run.step, min(run.fraction, 1.0), run.device, run.plan.seed)
    for group in run.optimizer.param_groups:
        group["lr"] = learning_rate(plan, run.step, moment.fraction)
    run.model.train()
    with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=plan.bf16):
        value = loss(moment)
    parts = dict(value) if isinstance(value, Mapping) else {"loss": value}
    run.optimizer.zero_grad(set_to_none=True)
    parts["loss"].backward()
    norm = nn.utils.clip_grad_norm_(run.model.parameters(), plan.clip)
    if bool(torch.isfinite(norm)):  # a rare overflow costs one batch, not the run
        run.optimizer.step()
    run.step += 1
    if run.average:
        run.update_average()
    return {name: part.detach() for name, part in parts.items()}


def fit(
    model: nn.Module,
    loss: Loss,
    plan: TrainPlan,
    *,
    sheet: Callable[[], Any] | None = None,
    log_every: int = 10,
    stop_after: int | None = None,
) -> TrainReport:
    """Train ``model`` in place until the plan's minutes (or steps) are over.

    Args:
        model: everything with weights, already built; it is moved to the plan's device.
        loss: scalar tensor, or a mapping with "loss" and other scalars to log, for one step's batch.
        sheet: makes a ``PIL.Image`` of samples by the averaged weights, if there is an average; written as
            ``sheet.png`` whenever the state is saved.
        stop_after: leave after this step as a kill would, state saved (for tests of resuming).

    Raises:
        Cancelled: SIGINT, SIGTERM or ``stop_after``; the state is on disk and ``resume`` goes on from it.
    """
    device = pick_device(plan.device)
    model.to(device)
    line = RunDisplay(plan.name, plan.minutes * 60 if plan.steps is None else None, plan.steps)
    with torch.random.fork_rng([device] if device.type == "cuda" else []), closing(line):
        torch.manual_seed(plan.seed)
        run = TrainRun(model, plan, device)
        resumed = plan.resume and run.load()
        with run.logging():
            line.say(
                f"{plan.name}: {'going on' if resumed else 'starting'} at step {run.step} on {device}, in {run.folder}"
            )
            _loop(run, loss, sheet, line, log_every, stop_after)
            run.save()  # with the last weights, from which a resumed run would go on
            if run.average:
                model.load_state_dict(run.average)
            _show(run, sheet)
        model.eval()
    line.say(f"{plan.name}: {run.step} steps in {run.seconds / 60:.1f} minutes")
    return TrainReport(run.step, run.seconds, run.rows, run.folder)


def _loop(
    run: TrainRun,
    loss: Loss,
    sheet: Callable[[], Any] | None,
    line: RunDisplay,
    log_every: int,
    stop_after: int | None,
) -> None:
    saved = time.monotonic()
    with _stop_signals() as asked:
        while run.fraction < 1.0:
            parts = _one_step(run, loss)
            if (run.step - 1) % log_every == 0:
                row = {"step": run.step - 1, "seconds": round(run.seconds, 2)}
                row |= {name: round(float(part), 5) for name, part in parts.items()}
                run.log(row)
                line.update(run.step, run.seconds, row)
            if asked.is_set() or run.step == stop_after:
                run.save()
                raise Cancelled(f"Training {run.plan.name} was stopped at step {run.step}; --resume goes on from it.")
            if time.monotonic() - saved > run.plan.save_every:
                _checkpoint(run, sheet)
                saved = time.monotonic()


def _checkpoint(run: TrainRun, sheet: Callable[[], Any] | None) -> None:
    run.save()
    with run.averaged():
        _show(run, sheet)


def _show(run: TrainRun, sheet: Callable[[], Any] | None) -> None:
    if sheet is None:
        return
    run.model.eval()
    with torch.no_grad():
        picture = sheet()
    with files.whole(run.folder / "sheet.png", "The sheet") as partial:
        picture.save(partial, "PNG")
