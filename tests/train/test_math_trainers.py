"""tiny:math and its process rewards in miniature: they learn, go on, load the ordinary way, and read as they learnt."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tts_playground.core import Sample
from tts_playground.errors import BadInput
from tts_playground.models import loading
from tts_playground.rewards.prm import ProcessReward
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_paths import revision_ids
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.train.common.config import TrainConfig, train
from tts_playground.train.math import architecture, drawing, rows
from tts_playground.train.math.measure import judging, voted
from tts_playground.train.math.stream import TextStream
from tts_playground.train.math.tokens import ASSISTANT, EOS, STEP_END, USER, encoder, vocabulary, wrapped_tokenizer
from tts_playground.train.math.trainer import compile_layers, plain_layers
from tts_playground.worlds.arithmetic import MathProblem, math_eval, problems
from tts_playground.worlds.arithmetic.checking import step_labels, steps_of
from tts_playground.worlds.arithmetic.spoiling import verdict

PLACE = "a café\nof 3, {x} 漢字 ½ "


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("math")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TTS_PLAYGROUND_HOME", str(place / "home"))
        common = {"miniature": True, "device": "cpu", "workers": 0}
        train("tiny-math", TrainConfig(out=place / "math", steps=9, **common))
        writer = train("tiny-math", TrainConfig(out=place / "math", steps=21, resume=True, **common))
        judge = train(
            "tiny-prm", TrainConfig(out=place / "prm2", steps=9, math=writer, data_seed=3, minutes=0.5, **common)
        )
        yield place, writer, judge
    loading.forget()


def losses(place, name):
    lines = (place / "home" / "runs" / name / "losses.jsonl").read_text().splitlines()
    return [row["loss"] for row in map(json.loads, lines) if "loss" in row]


def test_both_learn(made):
    place, _, _ = made
    told = losses(place, "tiny-math")
    assert told[-1] < 0.9 * told[0]
    (told,) = {
        line.split(",")[1] for line in (place / "math" / "README.md").read_text().splitlines() if "Time:" in line
    }
    assert "21 steps" in told  # it went on where it was
    assert all(np.isfinite(losses(place, "prm2")))


def test_their_cards_tell_how_they_were_made(made):
    _, writer, judge = made
    card = (judge / "README.md").read_text()
    assert card.startswith("# tiny:prm2\n")
    assert "train tiny-prm --minutes 0.5 --steps 9 --math math --data-seed 3 --seed 0 --out prm2`" in card
    assert "- Its solutions: `python -m tts_playground.train tiny-math" in card
    assert "| greedy_level5 |" in (writer / "README.md").read_text()


def test_they_draw_and_judge_through_the_ordinary_sampler_and_reward(made):
    _, writer, judge = made
    task = ReasoningTask("Calculate 3 × 4.")
    sampler = LanguageModelSampler(loading.lm(str(writer)), SolutionSettings(max_tokens=40))
    samples = list(sampler.draw(task, range(3)))
    scores = ProcessReward(str(judge)).step_scores(task, samples)
    assert [len(one) for one in scores] == [len(one.info["steps"]) for one in samples]
    assert all(0 <= score <= 1 for one in scores for score in one)


def test_a_judge_reads_at_the_tokens_that_it_was_taught_at(made):
    """The reward's own way of feeding it and the trainer's rows give the same probabilities."""
    from transformers import LlamaForTokenClassification

    _, _, judge = made
    one = problems(9, 1, level=3)[0]
    steps = steps_of(one.solution)
    text = rows.judged(one.problem, steps, step_labels(one, steps))
    model = LlamaForTokenClassification.from_pretrained(judge, dtype=torch.float32)
    with torch.no_grad():
        said = model(input_ids=torch.tensor([text.ids])).logits[0].softmax(-1)[:, 1]
    ends = [place for place, mark in enumerate(text.marks) if mark]
    (scores,) = ProcessReward(str(judge)).step_scores(
        ReasoningTask(one.problem), [Sample(one.solution, 0, info={"steps": tuple(steps)})]
    )
    assert scores == pytest.approx(said[ends].tolist(), abs=1e-4)


def test_a_sampler_asks_for_solutions_and_revisions_in_the_words_of_training(made):
    _, writer, _ = made
    sampler = LanguageModelSampler(loading.lm(str(writer)))
    encode, one = encoder(), math_eval(3)[2]
    task = ReasoningTask(one.problem)
    asked = encode.prompt(one.problem)
    assert list(sampler.prompt(task)) == asked
    again = [*asked, *encode(one.solution), EOS, USER, *encode(verdict(2)), ASSISTANT]
    assert list(revision_ids(sampler.model, sampler.settings, task, Sample(one.solution, 0), verdict(2))) == again


@pytest.mark.parametrize("text", [PLACE, math_eval(1)[0].problem, math_eval(5)[4].solution, "", "\n\n\n", "#### 7/8"])
def test_any_text_survives_the_tokenizer(text):
    tokenizer, encode = wrapped_tokenizer(), encoder()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert ids == encode(text) and tokenizer.decode(ids) == text == encode.text(ids)
    assert max(ids, default=0) < len(vocabulary())


def test_digits_and_the_end_of_a_step_are_one_token_each():
    encode = encoder()
    assert len(encode(STEP_END)) == 1 and len(encode("4071")) == 4
    assert encode("a\n\nb").count(encode(STEP_END)[0]) == 1


def test_packed_rows_keep_texts_apart():
    packed = rows.make(0, seed=0, rows=4, mix=rows.Mix())
    assert packed.ids.shape == (4, rows.LENGTH) and (packed.segments >= 0).mean() > 0.8
    for row in range(4):
        for number in range(packed.segments[row].max() + 1):
            own = packed.segments[row] == number
            assert (packed.positions[row][own] == np.arange(own.sum())).all()
            assert packed.ids[row][own][-1] == EOS and packed.marks[row][own][-1] == 1


def test_the_share_of_judged_rows_is_what_the_world_says():
    texts = [text for text, _ in zip(rows.judgements(0, 0), range(200), strict=False)]
    labels = [mark == 2 for text in texts for mark in text.marks if mark]
    assert 0.3 < np.mean(labels) < 0.9


def test_numbers_of_a_trainer():
    one = MathProblem("Calculate 1 + 1.", "", "2", "expressions", 1, "")
    said = [f"\\boxed{{{answer}}}" for answer in (3, 3, 2, 2, 2)]
    assert voted([one], [said]).tolist() == [True]
    assert voted([one], [said], np.array([[5.0, 5, 1, 1, 1]])).tolist() == [False]
    found = judging([[0.9, 0.2], [0.8, 0.9], [0.4]], [[True, False], [True, True], [True]])
    assert found["first_error_found"] == 1.0 and found["right_kept"] == 0.5
    assert found["first_error_f1"] == pytest.approx(2 / 3) and found["step_auroc"] == 1.0


def test_settings_out_of_order_are_refused():
    with pytest.raises(BadInput):
        problems(0, 1, "nowhere")


@pytest.mark.parametrize("kind", ["writer", "judge"])
def test_on_a_cpu_a_text_a_row_teaches_what_long_rows_teach_on_a_gpu(kind, monkeypatch):
    size = architecture.MathSize(width=48, layers=2, inner=96, heads=4, key_heads=2)
    if kind == "writer":
        build, loss, packed = (
            architecture.build_writer,
            architecture.writing_loss,
            rows.make(3, seed=5, rows=3, mix=rows.Mix()),
        )
    else:
        packed = rows.make_judged(3, seed=5, rows=3, reach=3)
        build, loss = architecture.build_judge, architecture.judging_loss
    batch = TextStream(None, 1, torch.device("cpu")).tensors(packed)
    assert int(batch[1].max()) > 0 and int(batch[1].min()) == -1  # several texts a row, and padding
    torch.manual_seed(0)
    model = build(size, len(vocabulary())).train()

    def learnt(attention):
        model.set_attn_implementation(attention)
        model.zero_grad()
        value = loss(model, *batch)
        value.backward()
        return float(value.detach()), torch.cat([part.grad.flatten() for part in model.parameters()])

    by_text = [learnt(architecture.SHORT_TEXTS), learnt("sdpa")]
    whole = architecture._hidden_by_row
    monkeypatch.setattr(architecture, "_hidden_by_text", lambda model, ids, segments: whole(model, *batch[:3]))
    value, gradient = learnt("sdpa")
    for ours, own in by_text:
        assert ours == pytest.approx(value, rel=1e-5)
        assert torch.allclose(own, gradient, rtol=1e-3, atol=1e-6)


def test_a_trained_model_generates_with_the_usual_attention():
    model = architecture.build_writer(architecture.MathSize(48, 1, 96, 2, 1), len(vocabulary()))
    compile_layers(SimpleNamespace(on_gpu=False), model, None, ())
    assert model.config._attn_implementation == architecture.SHORT_TEXTS
    plain_layers(model)
    assert model.config._attn_implementation == "sdpa"


def test_on_a_cpu_solutions_are_drawn_as_generate_draws_them_and_in_time():
    torch.manual_seed(3)
    model = architecture.build_writer(architecture.MathSize(48, 2, 96, 2, 1), len(vocabulary()))
    prompts = [encoder().prompt(one.problem) for one in problems(5, 12, "seen")]
    assert len({len(prompt) for prompt in prompts}) > 3
    ours = drawing.draw(model, prompts, temperature=0, most=24)
    for place, prompt in enumerate(prompts):
        assert ours[place] == drawing._batch(model, [prompt], 0, 24)[0]
    drawn = drawing.draw(model, prompts * 4, temperature=1.0, seed=1, most=24)
    assert drawn == drawing.draw(model, prompts * 4, temperature=1.0, seed=1, most=24)
    assert drawn != drawing.draw(model, prompts * 4, temperature=1.0, seed=2, most=24)
    assert drawing.draw(model, prompts, most=24, seconds=-1.0) == [None] * len(prompts)


def test_a_judge_also_learns_to_write_the_steps_that_are_right():
    packed = rows.make_judged(3, seed=5, rows=2)
    ids, segments, positions, marks = TextStream(None, 1, torch.device("cpu")).tensors(packed)
    learnt = architecture.right_steps(ids, segments, marks)
    said = {True: 0, False: 0}
    for row in range(2):
        for number in range(int(segments[row].max()) + 1):
            places = (segments[row] == number).nonzero()[:, 0].tolist()
            told = encoder().text([int(ids[row, place]) for place in places if place and learnt[row, place - 1]])
            labels = marks[row][places][marks[row][places] > 0].tolist()
            assert len(steps_of(told)) == labels.count(2) and told.startswith("## Step 1") == (labels[0] == 2)
            said[labels[0] == 2] += 1
    assert min(said.values()) > 0  # texts that begin right, and texts that do not
    model = architecture.build_judge(architecture.MathSize(48, 1, 96, 2, 1), len(vocabulary()))
    judged = architecture.judging_loss(model, ids, segments, positions, marks, writing=0.0)
    both = architecture.judging_loss(model, ids, segments, positions, marks)
    assert float(both.detach()) == pytest.approx(
        float(judged.detach()) + architecture.WRITING * math.log(len(vocabulary())), rel=0.1
    )
