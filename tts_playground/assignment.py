"""The names and signatures of the assignment "Generating Graphics Programs with (Vision-)Language Models".

A notebook that was written against them runs here unchanged, on the small model that ships or on Gemma 3 with a GPU:

    from tts_playground.assignment import *

    model, processor = load_model_and_processor("tiny:sketch")
    print(evaluate_quantitatively_on_test_set(model, processor))

All of it is thin; the rooms below do the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tts_playground.dsl.examples import PROGRAMS
from tts_playground.dsl.extraction import extract
from tts_playground.dsl.metrics import Metrics
from tts_playground.dsl.raster import render
from tts_playground.errors import DSLError
from tts_playground.evolve.evolution import SEEDS
from tts_playground.tasks.zero_shot import Prompt, zero_shot_prompt
from tts_playground.tasks.zero_shot import generate as _generate
from tts_playground.typed import typed

if TYPE_CHECKING:
    from datasets import Dataset
    from PIL import Image

    test_dataset: Sequence[Any] = ()

__all__ = [
    "Metrics",
    "Prompt",
    "RenderingException",
    "analyze_dataset_quality",
    "compare_dataset_performance",
    "evaluate_baseline",
    "evaluate_qualitatively_on_test_programs",
    "evaluate_quantitatively_on_test_set",
    "evolve",
    "extract_program_from_text",
    "finetune",
    "generate",
    "generate_synthetic_dataset",
    "load_model_and_processor",
    "load_test_dataset",
    "qualitative_test_programs",
    "render_dsl",
    "seed_programs",
    "test_dataset",
    "zero_shot_prompt",
]
"""what ``from tts_playground.assignment import *`` gives; ``test_dataset`` is rendered then, in a fifth of a second"""

qualitative_test_programs = list(PROGRAMS.values())
seed_programs = list(SEEDS)
"""what evolution starts from"""
RenderingException = DSLError
"""what ``render_dsl`` raises for a text that is no program"""


def render_dsl(program: str, size: int = 256, show: bool = False, debug: bool = False) -> Image.Image:
    """A program's picture, RGB, black on white.

    Args:
        show: also display it, in a notebook.
        debug: also print the tree.

    Raises:
        RenderingException: the text does not parse.
    """
    if debug:
        from tts_playground.dsl.text import parse

        print(f"{program!r} is {parse(program)!r}")
    picture = render(program, size)
    if show:
        display = import_module("IPython.display").display

        display(picture)
    return picture


def load_test_dataset(source: str = "") -> Any:
    """Rows (program, image): the held-out drawings that ship, or any folder, file or hub id, such as
    "theoxo/6.5130-2025-test-set"."""
    if source:
        from tts_playground.evolve.rows import read

        return read(source, "test")
    from tts_playground.worlds import heldout

    return heldout.targets()


def evaluate_baseline(test_dataset: Iterable[Any]) -> Metrics:
    """Metrics of predicting the empty program, an all-white picture, for every row."""
    from tts_playground.evaluation.programs import baseline

    return baseline(test_dataset)


def load_model_and_processor(model_name: str = "google/gemma-3-4b-it") -> tuple[Any, Any]:
    """A model and its processor: in 4 bits on a GPU (through unsloth where it is installed), whole on a CPU.

    Args:
        model_name: a hub id, a folder, "tiny:sketch", or "adapter:NAME" for a fine-tuned one.

    Raises:
        ModelUnavailable: it is not here, cannot be reached, or does not fit.
    """
    from tts_playground.models import adapters, finetune_loading

    if model_name.startswith(adapters.MARK):
        adapter = adapters.find(model_name)
        base = finetune_loading.open_model(adapter.base)
        return adapters.attach(base.model, adapter.folder).eval(), base.processor
    opened = finetune_loading.open_model(model_name)
    return opened.model, opened.processor


def extract_program_from_text(text: str) -> str:
    """The program in a reply; where there is none, the reply itself, which then counts as one that does not parse."""
    return extract(text).text


def generate(
    model: Any,
    processor: Any,
    prompts: list[Prompt],
    images: list[list[Image.Image]] | None,
    temperature: float = 1.0,
    top_p: float = 0.95,
    top_k: int = 64,
    do_sample: bool = True,
    num_return_sequences: int = 1,
    max_new_tokens: int = 256,
    **other_forward_kwargs: Any,
) -> list[str]:
    """Replies to a batch of prompts: one a prompt, or several to a single prompt; see ``tasks.zero_shot.generate``."""
    sampling = (temperature, top_p, top_k, do_sample, num_return_sequences, max_new_tokens)
    return _generate(model, processor, prompts, images, *sampling, **other_forward_kwargs)


def evaluate_quantitatively_on_test_set(
    model: Any, processor: Any, test_data: Iterable[Any] | None = None, batch_size: int = 16
) -> Metrics:
    """Metrics of a model's greedy programs; by default on the held-out drawings that ship."""
    from tts_playground.evaluation.programs import judge

    rows = load_test_dataset() if test_data is None else test_data
    return judge(model, processor, rows, batch_size=batch_size).metrics


def evaluate_qualitatively_on_test_programs(
    model: Any, processor: Any
) -> tuple[Metrics, list[str], list[Image.Image | None]]:
    """Metrics, programs and pictures (None where a program does not parse) on ``qualitative_test_programs``."""
    from tts_playground.evaluation.programs import drawn, hard_four, judge

    judged = judge(model, processor, hard_four(), batch_size=4)
    return judged.metrics, [answer.text for answer in judged.answers], [drawn(answer) for answer in judged.answers]


@typed
def evolve(
    model: Any,
    seed_programs: list[str],
    barred_programs: set[str],
    training_set_size: int,
    *,
    processor: Any = None,
    fitness: bool = False,
    generated: int = 0,
    seed: int = 0,
) -> Dataset:
    """Exactly ``training_set_size`` rows (program, image) evolved from seeds; nothing barred, in any spelling.

    Args:
        model: who mutates: a model, whose processor is given too (or found by the model's name), or None for typed tree
            surgery.
        fitness: turn away and rank programs as training data (part 4, topic 1).
        generated: hybrid start with so many programs of the hand-written generator (part 4, topic 2).
    """
    from tts_playground.evolve.evolution import EvolutionPlan, run
    from tts_playground.evolve.fitness import Fitness
    from tts_playground.evolve.llm_mutator import ModelMutator
    from tts_playground.evolve.rows import dataset

    mutator = None if model is None else ModelMutator(model, processor or _processor_of(model))
    rules = Fitness() if fitness else None
    plan = EvolutionPlan(training_set_size, tuple(seed_programs), min(generated, training_set_size), rules, seed=seed)
    return dataset([member.text for member in run(plan, barred_programs, mutator).kept()])


def _processor_of(model: Any) -> Any:
    """The processor that was saved with a model."""
    from transformers import AutoProcessor

    from tts_playground.errors import BadInput

    try:
        return AutoProcessor.from_pretrained(model.name_or_path, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a damaged folder makes transformers raise errors of every kind
        raise BadInput(
            "This model's processor is not where the model came from; pass processor=... as well."
        ) from error


def finetune(model: Any, processor: Any, dataset: Dataset, num_training_epochs: int = 1) -> Any:
    """The model with low-rank adapters trained on rows (program, image), the loss on the programs alone."""
    from tts_playground.train.finetune.trainer import Tuning
    from tts_playground.train.finetune.trainer import finetune as tune

    rows: list[Any] = list(dataset)
    return tune(model, processor, rows, Tuning(epochs=num_training_epochs)).model


def analyze_dataset_quality(dataset: Dataset) -> dict[str, Any]:
    """What is wrong with a data set of programs; see ``evolve.quality.Quality`` for every key."""
    from tts_playground.evolve.quality import analyze
    from tts_playground.evolve.rows import texts_of

    return analyze(texts_of(dataset)).as_dict()


def generate_synthetic_dataset(barred_programs: set[str], training_set_size: int) -> Dataset:
    """Exactly ``training_set_size`` rows (program, image) of the hand-written generator: different pictures, no operand
    without effect, nothing nearly blank or full, nothing barred."""
    from tts_playground.evolve.rows import dataset, hand_written

    return dataset(hand_written(barred_programs, training_set_size))


def compare_dataset_performance(old_metrics: Metrics, improved_metrics: Metrics) -> dict[str, dict[str, Any]]:
    """Every metric: old, improved, difference, and the difference's 95 % interval where both saw the same targets
    (None below 8 of them, of which nothing can be said)."""
    from tts_playground.evaluation.programs import compare

    return compare(old_metrics, improved_metrics)


def __getattr__(name: str) -> Sequence[Any]:
    if name == "test_dataset":  # rendered when asked for, once
        globals()[name] = load_test_dataset()
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
