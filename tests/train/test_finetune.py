"""Fine-tuning on a CPU: the loss counts programs alone and falls; adapters are saved once and change replies."""

import json

import numpy as np
import pytest
import tiny_writers
import torch

from tts_playground.dsl import render
from tts_playground.errors import BadInput, Cancelled, CannotDo, ModelUnavailable
from tts_playground.models import adapters, finetune_loading, loading
from tts_playground.samplers.programs import ProgramSampler
from tts_playground.tasks.sketch import SketchTask
from tts_playground.train.finetune import trainer as module
from tts_playground.train.finetune.adapting import adapt, expert_iteration, free_name, reserve
from tts_playground.train.finetune.trainer import Tuning, chat_marks, conversations, finetune, targets

TEXTS = ["(Circle 3 8 8)", "(Quad 8 8 4 4 0)"]
ROWS = [{"program": text, "image": render(text, 64)} for text in TEXTS * 8]
FAST = Tuning(rank=8, rate=2e-2, batch=4)


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_writers.save_sketch(tmp_path_factory.mktemp("sketch")))


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    return str(tiny_writers.save_gemma3(tmp_path_factory.mktemp("gemma")))


def test_the_loss_is_that_of_the_programs_alone(folder):
    opened = finetune_loading.open_model(folder)
    data = conversations(opened.processor, ROWS[:2])
    trainer = module._trainer(opened.model, opened.processor, data, FAST, folder + "-out")
    batch = next(iter(trainer.get_train_dataloader()))
    said = [opened.processor.tokenizer.decode(row[row >= 0]) for row in batch["labels"]]
    assert sorted(said) == sorted(f"{text}<eos>" for text in TEXTS)
    with torch.no_grad():
        ours = float(trainer.compute_loss(trainer.model, dict(batch)))
        logits = trainer.model(**{k: v for k, v in batch.items() if k != "labels"}).logits
    wanted = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch["labels"][:, 1:].flatten())
    assert ours == pytest.approx(float(wanted), rel=1e-4)


@pytest.mark.parametrize("name", ["folder", "gemma"])
def test_training_lowers_the_loss_and_leaves_the_eye_alone(name, request):
    opened = finetune_loading.open_model(request.getfixturevalue(name))
    before = {key: value.clone() for key, value in opened.model.state_dict().items()}
    seen = []
    tuned = finetune(opened.model, opened.processor, ROWS, FAST, seen.append)
    assert tuned.steps == tuple(seen) and [step.number for step in seen] == [1, 2, 3, 4]
    assert all(np.isfinite(step.loss) for step in seen) and seen[-1].loss < seen[0].loss
    adapted = [key for key, value in tuned.model.state_dict().items() if "lora_" in key and value.abs().sum() > 0]
    assert adapted and not [key for key in adapted if "vision" in key or "lm_head" in key]
    after = tuned.model.unload().state_dict()
    assert all(torch.equal(value, after[key]) for key, value in before.items())


def test_rows_that_are_held_out_are_measured_and_not_learnt(folder):
    adapter = adapt(folder, "held", ROWS[1:], FAST, held=ROWS[:1])
    held = adapter.facts["held_out"]
    assert held["rows"] == 1 and held["before"] > 0 < held["after"] != held["before"]
    assert adapter.facts["rows"] == len(ROWS) - 1 and "held_out" not in adapt(folder, "none", ROWS, FAST).facts


def test_an_adapter_is_saved_listed_and_used(folder):
    adapter = adapt(folder, "mine", ROWS, FAST, note="a test")
    assert [one.name for one in adapters.listed()] == ["mine"] and adapter.base == folder
    facts = json.loads((adapter.folder / adapters.FACTS).read_text())
    assert facts["rows"] == 16 and len(facts["loss"]) == 4 and facts["settings"]["epochs"] == 1
    assert sorted(p.suffix for p in adapter.folder.iterdir() if "model" in p.name) == [".safetensors"]
    task = SketchTask.of(render(TEXTS[0]))
    base, tuned = (ProgramSampler(name, max_tokens=16) for name in (folder, "adapter:mine"))
    assert base.fingerprint()["revision"] != tuned.fingerprint()["revision"]
    said = [next(iter(sampler.draw(task, [0]))).info["reply"] for sampler in (base, tuned, base)]
    assert said[0] == said[2] != said[1]  # the base in the cache is untouched


def test_an_adapter_is_never_overwritten(folder):
    reserve("taken").mkdir(parents=True)
    with pytest.raises(BadInput, match="already"):
        adapt(folder, "taken", ROWS)
    assert free_name("taken") == "taken-2" and free_name("new") == "new"
    for bad in ("", "../up", "a b", "x" * 65):
        with pytest.raises(BadInput, match="name"):
            reserve(bad)


def test_what_a_watcher_stops_leaves_nothing_behind(folder):
    with pytest.raises(Cancelled, match="after 1 of 4"):
        adapt(folder, "stopped", ROWS, FAST, watch=lambda step: False)
    assert not adapters.listed() and not list(adapters.root().glob("*stopped*"))


def test_bad_orders_are_sentences(folder):
    opened = finetune_loading.open_model(folder)
    with pytest.raises(BadInput, match="empty"):
        finetune(opened.model, opened.processor, [])
    for bad in ({"rank": 0}, {"rate": 0}, {"epochs": 0}, {"dropout": 1}):
        with pytest.raises(BadInput):
            Tuning(**bad)
    with pytest.raises(BadInput, match="plain model"):
        adapt("adapter:x", "y", ROWS)
    with pytest.raises(BadInput, match="backend"):
        finetune_loading.open_model(folder, "magic")


def test_unsloth_missing_or_refusing_is_a_sentence(folder, monkeypatch, tmp_path):
    with pytest.raises(ModelUnavailable, match="unsloth"):
        finetune_loading.open_model(folder, "unsloth")
    (tmp_path / "unsloth.py").write_text("raise NotImplementedError('Unsloth needs a GPU.')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelUnavailable, match=r"refuses to run here: Unsloth needs a GPU\. Choose the backend peft"):
        finetune_loading.open_model(folder, "unsloth")
    assert not finetune_loading.is_unsloth()


def test_turns_are_told_apart(folder, gemma):
    assert chat_marks(loading.load(gemma, "vlm").value.processor) == ("<start_of_turn>user\n", "<start_of_turn>model\n")
    asked, answered = chat_marks(loading.load(folder, "vlm").value.processor)
    assert asked.endswith("<user>") and answered == "<assistant>"


def test_adapters_sit_on_the_language_model(folder):
    assert "q_proj" in targets(loading.load(folder, "vlm").value.model)


def test_expert_iteration_learns_from_its_own_best(folder, monkeypatch):
    images = [render(text) for text in TEXTS]

    def lucky(self, task, indices, *, seed=0):
        from tts_playground.core import Sample
        from tts_playground.dsl import parse

        for index in indices:
            yield Sample(parse("(Circle 3 8 8)" if index else "(Quad 8 8 5 4 0)"), index, seed)

    monkeypatch.setattr(ProgramSampler, "draw", lucky)
    rounds = list(expert_iteration(folder, "expert", images, rounds=2, samples=3, enough=0.7, tuning=FAST))
    assert [one.adapter.name for one in rounds] == ["expert-1", "expert-2"]
    assert rounds[0].kept == 2 and 0.85 < rounds[0].mean_best < 1
    with pytest.raises(BadInput, match="already"):
        next(expert_iteration(folder, "expert", images))
    with pytest.raises(CannotDo, match="reaches IoU 1"):
        next(expert_iteration(folder, "pure", [render("(Circle 1 2 2)")], enough=1.0))
