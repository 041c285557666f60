"""Fine-tuning on programs with low-rank adapters (Hu et al. 2021): trl and peft anywhere, unsloth's QLoRA on a GPU.

The loss is that of the response alone: what the model is asked and shown is never a target.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from tts_playground.errors import BadInput, Cancelled, CannotDo, ModelUnavailable
from tts_playground.models import finetune_loading
from tts_playground.tasks.zero_shot import prompt_for
from tts_playground.train.common.freeze_batchnorm import freeze_batchnorm
from tts_playground.train.finetune.collating import collator, whole_template
from tts_playground.typed import typed


@dataclass(frozen=True)
@typed
class Tuning:
    """How to fine-tune; raises BadInput where a setting is out of its range."""

    rank: int = 16
    """of the adapters, 1-256"""
    alpha: int = 32
    """scale of the adapters; twice the rank is customary"""
    dropout: float = 0.0
    """0-0.9"""
    rate: float = 2e-4
    """highest learning rate, reached after the warm-up and then lowered linearly"""
    warmup: float = 0.03
    """share of the steps, 0-1"""
    batch: int = 16
    """rows a step, 1 or more"""
    epochs: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= 256 or not 0 <= self.dropout <= 0.9 or not 0 <= self.warmup <= 1:
            raise BadInput("Fine-tuning needs a rank of 1-256, a dropout of 0-0.9 and a warm-up share of 0-1.")
        if self.rate <= 0 or self.batch < 1 or self.epochs < 1 or self.alpha < 1:
            raise BadInput("Fine-tuning needs a positive rate, and batch, epochs and alpha of at least 1.")


@dataclass(frozen=True, slots=True)
class FinetuneStep:
    """One step of a run."""

    number: int
    total: int
    loss: float
    """mean cross-entropy of the response's tokens, nats"""
    rate: float
    seconds: float


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned model, its adapter not yet saved."""

    model: Any
    """a ``peft.PeftModel`` around the given model"""
    steps: tuple[FinetuneStep, ...]
    rows: int
    seconds: float
    trained_weights: int
    weights: int
    """of the model, the adapter's among them"""
    settings: Tuning

    def facts(self) -> dict[str, Any]:
        """For ``tuning.json``: settings and the loss curve."""
        return {
            "rows": self.rows,
            "seconds": self.seconds,
            "trained_weights": self.trained_weights,
            "weights": self.weights,
            "settings": asdict(self.settings),
            "loss": [[step.number, step.loss] for step in self.steps],
        }


Watch = Callable[[FinetuneStep], bool | None]
"""called after every step; returning False stops the run"""


def conversations(processor: Any, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows (program, image) as trl wants them: prompt, completion, images.

    Raises:
        BadInput: a row has no program or no image.
    """
    from PIL import Image

    found = []
    for place, row in enumerate(rows):
        given = row if isinstance(row, Mapping) else {}
        if not isinstance(given.get("program"), str) or not isinstance(given.get("image"), Image.Image):
            raise BadInput(f"Row {place} is no mapping with a text 'program' and a PIL picture 'image'.")
        (turn,) = prompt_for(processor, row["image"])
        asked = [{name: value for name, value in part.items() if name != "image"} for part in turn["content"]]
        answer = [{"type": "text", "text": row["program"]}]
        prompt, completion = [{"role": "user", "content": asked}], [{"role": "assistant", "content": answer}]
        found.append({"prompt": prompt, "completion": completion, "images": [row["image"].convert("RGB")]})
    return found


def finetune(
    model: Any,
    processor: Any,
    rows: Sequence[Mapping[str, Any]],
    tuning: Tuning | None = None,
    watch: Watch | None = None,
) -> Tuned:
    """Train low-rank adapters on rows (program, image); the given model is changed in place (peft wraps it).

    Raises:
        BadInput: there are no rows. ModelUnavailable: trl or peft is missing.
        Cancelled: ``watch`` stopped it. CannotDo: out of GPU memory, or the loss is not finite.
    """
    import torch
    from transformers import PrinterCallback

    tuning, data = tuning or Tuning(), conversations(processor, list(rows))
    if not data:
        raise BadInput("The training set is empty; give rows with a program and an image.")
    begun, steps = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder, _quiet(), torch.random.fork_rng():
        trainer = _trainer(model, processor, data, tuning, folder)
        trainer.add_callback(_callback(steps, begun, watch))
        trainer.remove_callback(PrinterCallback)  # this run reports through watch
        # peft's count: four-bit weights are stored two in one
        trained, weights = trainer.model.get_nb_trainable_parameters()
        try:
            with freeze_batchnorm(trainer.model):
                trainer.train()
        except torch.OutOfMemoryError as error:
            raise CannotDo(f"The GPU's memory does not hold a batch of {tuning.batch}; use a smaller one.") from error
    if steps and steps[-1].loss != steps[-1].loss:
        raise CannotDo("The loss is not a number; use a lower rate.")
    if watch is not None and len(steps) < trainer.state.max_steps:
        raise Cancelled(f"Fine-tuning was stopped after {len(steps)} of {trainer.state.max_steps} steps.")
    tuned = trainer.model.eval()
    return Tuned(tuned, tuple(steps), len(data), time.perf_counter() - begun, trained, weights, tuning)


def _trainer(model: Any, processor: Any, data: list[dict[str, Any]], tuning: Tuning, folder: str) -> Any:
    """trl's trainer, on the model as it stands or with unsloth's adapters and collator on it."""
    try:
        from datasets import Dataset
        from peft import LoraConfig
        from transformers import Trainer
        from trl.trainer.sft_trainer import SFTTrainer
    except ImportError as error:
        raise ModelUnavailable(f"Fine-tuning needs the packages trl and peft: {error}.") from error
    on_gpu = model.device.type == "cuda"

    class PlainLoss(SFTTrainer):
        """trl's own loss is a kernel for GPUs; on a CPU transformers' loss is the same number."""

        def compute_loss(self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None):
            if on_gpu:
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            return Trainer.compute_loss(self, model, inputs, return_outputs, num_items_in_batch)

    if finetune_loading.is_unsloth():
        return SFTTrainer(**_unsloth_parts(model, processor, data, tuning, folder))
    adapters = LoraConfig(
        r=tuning.rank, lora_alpha=tuning.alpha, lora_dropout=tuning.dropout, target_modules=targets(model)
    )
    return PlainLoss(
        model=model,
        args=_settings(model, tuning, folder),
        train_dataset=Dataset.from_list(data),
        processing_class=processor,
        data_collator=collator(processor),
        peft_config=adapters,
    )


def _settings(model: Any, tuning: Tuning, folder: str, **more: Any) -> Any:
    """trl's settings."""
    from trl.trainer.sft_config import SFTConfig

    on_gpu = model.device.type == "cuda"
    return SFTConfig(
        output_dir=folder,
        num_train_epochs=tuning.epochs,
        per_device_train_batch_size=tuning.batch,
        learning_rate=tuning.rate,
        warmup_steps=tuning.warmup,
        lr_scheduler_type="linear",
        max_length=None,
        seed=tuning.seed,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=not on_gpu,
        bf16=on_gpu and next(model.parameters()).dtype.itemsize == 2,
        gradient_checkpointing=on_gpu,
        dataloader_pin_memory=on_gpu,
        **more,
    )


def targets(model: Any) -> str:
    """Which layers get adapters, as a pattern over module names: every linear layer of the language model.

    The eye is left as it is, and so is the output layer, whose weights are often the embeddings'.
    """
    from torch import nn

    decoder = {id(module) for module in model.get_decoder().modules()}
    names = {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if id(module) in decoder and (isinstance(module, nn.Linear) or type(module).__name__.startswith("Linear"))
    }
    prefix = next(name for name, module in model.named_modules() if module is model.get_decoder())
    return rf"{prefix.replace('.', r'[.]')}[.].*[.]({'|'.join(sorted(names))})"


def _unsloth_parts(
    model: Any, processor: Any, data: list[dict[str, Any]], tuning: Tuning, folder: str
) -> dict[str, Any]:
    """The trainer's arguments with unsloth's adapters, and its collator, which keeps the loss to the response."""
    fast = finetune_loading.unsloth().FastVisionModel
    vision_collator = import_module("unsloth.trainer").UnslothVisionDataCollator

    wrapped = fast.get_peft_model(
        model, r=tuning.rank, lora_alpha=tuning.alpha, lora_dropout=tuning.dropout, random_state=tuning.seed
    )
    fast.for_training(wrapped)
    asked, answered = chat_marks(processor)
    processor = whole_template(processor, data[0])
    beside = vision_collator(
        wrapped, processor, train_on_responses_only=True, instruction_part=asked, response_part=answered
    )
    whole = {"skip_prepare_dataset": True}
    return {
        "model": wrapped,
        "args": _settings(model, tuning, folder, dataset_kwargs=whole, remove_unused_columns=False),
        "train_dataset": [_messages(row) for row in data],
        "processing_class": processor.tokenizer,
        "data_collator": beside,
    }


def _messages(row: dict[str, Any]) -> dict[str, Any]:
    """A conversation with its picture inside, as unsloth wants it."""
    (asked,) = row["prompt"]
    content = [{**part, "image": row["images"][0]} if part["type"] == "image" else part for part in asked["content"]]
    return {"messages": [{**asked, "content": content}, *row["completion"]]}


def chat_marks(processor: Any) -> tuple[str, str]:
    """What a chat template writes before a user's turn and before a model's turn, e.g. "<start_of_turn>model\\n".

    Raises:
        ModelUnavailable: the template does not mark turns.
    """
    said = [("user", "QQQ"), ("assistant", "AAA"), ("user", "RRR")]
    turns = [{"role": role, "content": [{"type": "text", "text": text}]} for role, text in said]
    written = processor.apply_chat_template(turns, tokenize=False)
    answered, asked = (_between(written, *pair) for pair in (("QQQ", "AAA"), ("AAA", "RRR")))
    # both gaps begin with what ends a turn; what is left of them says who speaks next
    shared = next((i for i, (a, b) in enumerate(zip(asked, answered, strict=False)) if a != b), 0)
    cut = max(0, answered.rfind("<", 0, shared + 1))
    asked, answered = asked[cut:], answered[cut:]
    if not asked or not answered or asked == answered:
        raise ModelUnavailable("This model's chat template does not mark turns; its responses cannot be told apart.")
    return asked, answered


def _between(text: str, first: str, second: str) -> str:
    return text[text.index(first) + len(first) : text.index(second)]


def _callback(steps: list[FinetuneStep], begun: float, watch: Watch | None) -> Any:
    from transformers import TrainerCallback

    class Report(TrainerCallback):
        """Keeps the losses, tells the watcher, and stops when told to."""

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **others: Any) -> None:
            if not logs or "loss" not in logs:
                return
            loss, rate = float(logs["loss"]), float(logs.get("learning_rate", 0.0))
            steps.append(FinetuneStep(state.global_step, state.max_steps, loss, rate, time.perf_counter() - begun))
            if watch is not None and watch(steps[-1]) is False:
                control.should_training_stop = True

    return Report()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars of datasets."""
    import datasets

    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()
