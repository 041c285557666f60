"""The notebook's flow under its own names, on a random tiny:sketch and a random Gemma 3."""

import inspect

import pytest
import tiny_writers
from PIL import Image

from tts_playground import assignment
from tts_playground.assignment import *  # noqa: F403
from tts_playground.dsl import parse
from tts_playground.errors import BadInput
from tts_playground.evolve.exclusion import Barred
from tts_playground.models.hub import embedded_models

SEEDS = ["(Circle 3 8 8)", "(Quad 5 5 4 6 45)", "(- (Circle 5 5 5) (Circle 2 8 8))"]
SIGNATURES = {
    "render_dsl": "program size=256 show=False debug=False",
    "extract_program_from_text": "text",
    "generate": "model processor prompts images temperature=1.0 top_p=0.95 top_k=64 do_sample=True "
    "num_return_sequences=1 max_new_tokens=256 other_forward_kwargs",
    "zero_shot_prompt": "image",
    "evaluate_baseline": "test_dataset",
    "load_model_and_processor": "model_name='google/gemma-3-4b-it'",
    "evaluate_qualitatively_on_test_programs": "model processor",
    "finetune": "model processor dataset num_training_epochs=1",
    "analyze_dataset_quality": "dataset",
    "generate_synthetic_dataset": "barred_programs training_set_size",
    "compare_dataset_performance": "old_metrics improved_metrics",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_names_and_signatures_are_the_notebooks(name):
    parameters = inspect.signature(getattr(assignment, name)).parameters.values()
    words = [p.name + ("" if p.default is p.empty else f"={p.default!r}") for p in parameters]
    assert " ".join(words) == SIGNATURES[name]


def test_further_arguments_have_defaults():
    for name, wanted in {
        "evolve": ["model", "seed_programs", "barred_programs", "training_set_size"],
        "evaluate_quantitatively_on_test_set": ["model", "processor"],
    }.items():
        parameters = inspect.signature(getattr(assignment, name)).parameters
        assert [n for n, p in parameters.items() if p.default is p.empty] == wanted
    assert set(assignment.__all__) >= set(SIGNATURES) | {"evolve", "Metrics", "RenderingException"}


def test_a_star_gives_the_data_that_the_notebook_names():
    given: dict = {}
    exec("from tts_playground.assignment import *", given)
    assert set(assignment.__all__) <= set(given)
    assert len(given["test_dataset"]) == 200 and set(given["test_dataset"][0]) >= {"program", "image"}
    barred = {row["program"] for row in given["test_dataset"]} | set(given["qualitative_test_programs"])
    rows = given["evolve"](None, given["seed_programs"], barred, 8)
    assert len(rows) == 8 and not barred & set(rows["program"])


@pytest.mark.parametrize("kind", ["sketch", "gemma3"])
def test_the_notebooks_flow(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(embedded_models, "CHECKPOINTS", tmp_path)
    getattr(tiny_writers, f"save_{kind}")(tmp_path / "sketch")
    test_dataset = load_test_dataset()[:3]  # noqa: F405
    baseline = evaluate_baseline(test_dataset)  # noqa: F405
    assert (baseline.parse_rate, baseline.precision, baseline.f1_score) == (1.0, 1.0, 0.0)
    with pytest.raises(RenderingException):  # noqa: F405
        render_dsl("(Circle 3 8")  # noqa: F405
    monkeypatch.setattr("tts_playground.tasks.zero_shot.GREEDY", {"do_sample": False, "max_new_tokens": 8})
    monkeypatch.setattr("tts_playground.evolve.llm_mutator.ModelMutator.max_new_tokens", 8)

    model, processor = load_model_and_processor("tiny:sketch")  # noqa: F405
    zero_shot = evaluate_quantitatively_on_test_set(model, processor, test_dataset, batch_size=2)  # noqa: F405
    metrics, programs, images = evaluate_qualitatively_on_test_programs(model, processor)  # noqa: F405
    assert len(programs) == len(images) == 4 and isinstance(metrics, Metrics)  # noqa: F405
    assert all(image is None or isinstance(image, Image.Image) for image in images)

    barred = {row["program"] for row in test_dataset} | set(qualitative_test_programs)  # noqa: F405
    training = evolve(model, SEEDS, barred, 8)  # noqa: F405
    assert training.column_names == ["program", "image"] and len(training) == 8
    assert not any(parse(text) in Barred(barred) for text in training["program"])
    assert analyze_dataset_quality(training)["parse_rate"] == 1.0  # noqa: F405
    improved = generate_synthetic_dataset(barred, 8)  # noqa: F405
    assert analyze_dataset_quality(improved)["meaningless_ops_frequency"] == 0  # noqa: F405

    tuned = finetune(model, processor, training)  # noqa: F405
    old = evaluate_quantitatively_on_test_set(tuned, processor, test_dataset)  # noqa: F405
    try:
        model = model.unload()
    except Exception:
        model, processor = load_model_and_processor("tiny:sketch")  # noqa: F405
    new = evaluate_quantitatively_on_test_set(finetune(model, processor, improved), processor, test_dataset)  # noqa: F405
    table = compare_dataset_performance(old, new)  # noqa: F405
    assert list(table) == ["pixel_accuracy", "parse_rate", "precision", "recall", "f1_score"]
    for row in table.values():
        assert row["difference"] == pytest.approx(row["improved"] - row["old"]) and row["low"] is row["high"] is None
    assert set(compare_dataset_performance(zero_shot, vars_of(new))["f1_score"]) == {"old", "improved", "difference"}  # noqa: F405


def vars_of(metrics):
    return {
        name: getattr(metrics, name) for name in ("pixel_accuracy", "parse_rate", "precision", "recall", "f1_score")
    }


def test_rows_without_program_or_picture_are_one_sentence():
    for rows in ([{"x": 1}], [{"program": "(Circle 1 8 8)"}], [5]):
        with pytest.raises(BadInput, match="Row 0 is no mapping with a text 'program' and a PIL picture"):
            finetune(object(), object(), rows)  # noqa: F405
    for rows in ([{"x": 1}], ["(Circle 1 8 8)", 5]):
        with pytest.raises(BadInput, match="of the data set has no 'program'"):
            analyze_dataset_quality(rows)  # noqa: F405
