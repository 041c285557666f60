"""Solutions of six kinds of language models: the laws, transformers' own probabilities, and what a path can do."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_texts
import torch
from scipy.stats import chisquare

from tts_playground.core import Budget, Cost, SteppedSampler, StreamingSampler
from tts_playground.errors import BadInput, Cancelled, CannotDo, ModelUnavailable
from tts_playground.models import loading
from tts_playground.models.lm import running
from tts_playground.models.lm.model import TextModel
from tts_playground.models.loading import Loaded, Options
from tts_playground.samplers.capabilities import BatchingSampler
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_paths import revision_ids
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.strategies.beam import Beam
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.testing import TableReward, check_stepped_sampler, check_strategy

CPU = Options("cpu", "float32")
TASK = ReasoningTask("what is two and three?", answer="5", system_prompt="add it")
OTHER = ReasoningTask("what is 2 times 3 plus all of the answer we have?", system_prompt="add it")
SETTINGS = SolutionSettings(temperature=1.0, max_tokens=40)


def sampler(kind="llama", settings=SETTINGS, most=None):
    return LanguageModelSampler(Loaded(kind, "lm", CPU, "0", TextModel(*tiny_texts.parts(kind))), settings, most)


def finished(one, path, task=TASK):
    while not path.done:
        (path,) = one.step(task, [path])
    return one.peek(task, [path])[0]


@pytest.mark.parametrize("kind", tiny_texts.KINDS)
def test_the_laws(kind):
    made = sampler(kind)
    check_stepped_sampler(made, TASK, n=6)
    assert isinstance(made, SteppedSampler) and isinstance(made, StreamingSampler) and isinstance(made, BatchingSampler)
    assert (made.model.steps is not None) == (kind in tiny_texts.KINDS[:3])


@pytest.mark.parametrize("kind", tiny_texts.KINDS)
def test_log_probabilities_are_those_of_one_forward_over_everything(kind):
    """Rows that enter and leave, of two problems of different lengths, against transformers with nothing cached."""
    made = sampler(kind, most=5)
    wanted = [(TASK, range(7)), (OTHER, range(3, 9))]
    came = list(made.draw_many(wanted))
    assert sorted((number, sample.index) for number, sample in came) == [
        (number, index) for number, (_, indices) in enumerate(wanted) for index in indices
    ]
    for number, sample in came:
        expected = tiny_texts.logprobs(made.model.model, made.prompt(wanted[number][0]), sample.info["tokens"])
        rows = [float(expected[place, token]) for place, token in enumerate(sample.info["tokens"])]
        assert sample.info["logprobs"] == pytest.approx(rows, abs=1e-4)
        assert sample.info["model_logprobs"] == pytest.approx(rows, abs=1e-4)
        assert sample.logprob == pytest.approx(sum(rows), abs=1e-3) and sample.cost.tokens == len(rows)


def test_a_sample_is_the_same_bits_in_whatever_batch_it_is_drawn():
    many = {(number, s.index): s for number, s in sampler().draw_many([(TASK, range(40)), (OTHER, range(40))])}
    for index in (0, 17, 39):
        for number, task in enumerate((TASK, OTHER)):
            (alone,) = sampler(most=1).draw(task, [index])
            there = many[number, index]
            assert alone.content == there.content and alone.info["logprobs"] == there.info["logprobs"]
    few = {s.index: s for s in sampler(most=3).draw(TASK, range(12))}
    assert all(few[index].info["logprobs"] == many[0, index].info["logprobs"] for index in few)


def test_draws_follow_the_models_distribution():
    made = sampler(settings=SolutionSettings(temperature=0.7, top_k=5, max_tokens=1))
    logits = tiny_texts.logprobs(made.model.model, made.prompt(TASK), [0])[0] / 0.7
    top = logits.topk(5)
    chances = top.values.softmax(-1).double().numpy()
    tokens = [sample.info["tokens"][0] for sample in made.draw(TASK, range(2000))]
    counts = np.array([tokens.count(token) for token in top.indices.tolist()])
    assert counts.sum() == 2000 and chisquare(counts, 2000 * chances / chances.sum()).pvalue > 1e-3
    (first,) = made.draw(TASK, [0])
    assert first.info["logprobs"][0] == pytest.approx(
        float(top.values.log_softmax(-1)[top.indices.tolist().index(first.info["tokens"][0])]), abs=1e-4
    )


def test_greedy_is_transformers_generate():
    made = sampler(settings=SolutionSettings(temperature=0, max_tokens=24))
    (sample,) = made.draw(TASK, [3])
    ids = torch.tensor([made.prompt(TASK)])
    out = made.model.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=24)
    assert list(sample.info["tokens"]) == out[0, ids.shape[1] :].tolist()


@pytest.mark.parametrize("kind", ["llama", "windows"])
def test_what_a_sample_says_of_itself(kind):
    made = sampler(kind)
    for sample in made.draw(TASK, range(30)):
        info = sample.info
        text = made.model.decode(info["tokens"])
        assert sample.content == text.strip()
        parts = [part.strip() for part in text.split("\n\n") if part.strip()]
        assert list(info["steps"]) == parts
        assert len(info["step_tokens"]) == len(parts)
        assert sum(info["step_tokens"]) == len(info["tokens"]) or not parts
        ended = info["tokens"][-1] == 2
        assert info["truncated"] == (not ended) and info["complete"] and len(info["logprobs"]) == len(info["tokens"])


def test_a_step_ends_at_a_blank_line_and_is_a_view_with_the_same_fields():
    made = sampler()
    paths = made.step(TASK, made.start(TASK, range(20)))
    for path, view in zip(paths, made.peek(TASK, paths), strict=True):
        assert path.steps == 1
        assert path.done or made.model.decode(path.tokens).endswith("\n\n")
        assert len(view.info["steps"]) <= 1 and view.info["complete"] == path.done
        assert {"answer", "steps", "step_tokens", "logprobs", "truncated"} <= set(view.info)
    assert sum(not path.done for path in paths) > 5


def test_many_steps_of_many_problems_are_one_batch():
    made = sampler()
    groups = [(task, made.start(task, range(4), seed=2)) for task in (TASK, OTHER)]
    together = made.step_many(groups)
    for (task, paths), found in zip(groups, together, strict=True):
        assert [replace(one, cost=Cost()) for one in found] == [
            replace(one, cost=Cost()) for one in made.step(task, paths)
        ]


def test_the_last_step_goes_on_to_the_end():
    made = sampler(settings=replace(SETTINGS, max_steps=2))
    check_stepped_sampler(made, TASK, n=8)
    paths = made.step(TASK, made.step(TASK, made.start(TASK, range(12))))
    assert all(path.done for path in paths) and max(path.steps for path in paths) == 2


def test_appended_text_stands_in_the_path_and_costs_nothing():
    made = sampler()
    (path,) = made.step(TASK, made.start(TASK, [4]))
    grown = made.append(TASK, path, "so the answer is 5")
    assert grown.cost == path.cost and grown.steps == path.steps and not grown.done
    assert made.peek(TASK, [grown])[0].content.endswith("so the answer is 5")
    sample = finished(made, grown)
    expected = tiny_texts.logprobs(made.model.model, made.prompt(TASK), sample.info["tokens"])
    drawn = list(range(len(path.tokens))) + list(range(len(grown.tokens), len(sample.info["tokens"])))
    for place in drawn:
        assert sample.info["logprobs"][place] == pytest.approx(
            float(expected[place, sample.info["tokens"][place]]), abs=1e-4
        )
    assert sample.cost.tokens == len(drawn)


def test_a_path_that_had_ended_goes_on_where_it_is_appended_to():
    made = sampler()
    (path,) = next(
        made.start(TASK, [i]) for i in range(50) if finished(made, made.start(TASK, [i])[0]).info["tokens"][-1] == 2
    )
    whole = path
    while not whole.done:
        (whole,) = made.step(TASK, [whole])
    assert whole.tokens[-1] == 2
    grown = made.append(TASK, whole, "\n\nso")
    assert 2 not in grown.tokens and not grown.done
    (longer,) = made.step(TASK, [grown])
    assert longer.tokens[: len(grown.tokens)] == grown.tokens and len(longer.tokens) > len(grown.tokens)
    assert made.rewind(longer, whole.steps).tokens == whole.tokens[:-1]


def test_stop_strings_end_a_solution_and_are_left_out():
    plain = {s.index: s for s in sampler().draw(TASK, range(40))}
    made = sampler(settings=replace(SETTINGS, stop=("so", "e")))
    check_stepped_sampler(made, TASK, n=6)
    stopped = 0
    for sample in made.draw(TASK, range(40)):
        whole = sampler().model.decode(plain[sample.index].info["tokens"])
        places = [whole.find(one) for one in ("so", "e") if one in whole]
        if places:
            stopped += 1
            assert sample.content == whole[: min(places)].strip() and not sample.info["truncated"]
            assert sample.cost.tokens <= plain[sample.index].cost.tokens
        else:
            assert sample.content == plain[sample.index].content
    assert stopped > 5


def test_revisions_are_shown_the_attempt_and_the_verdict():
    made = sampler()
    (attempt,) = made.draw(TASK, [7])
    new = list(made.revise(TASK, attempt, "step 1 is 6.", range(3)))
    assert [one.index for one in new] == [0, 1, 2] and {one.parent for one in new} == {7}
    text = made.model.tokenizer.decode(revision_ids(made.model, SETTINGS, TASK, attempt, "step 1 is 6."))
    assert (
        str(attempt.content)[:20] in text and "step 1 is 6." in text and text.index("step 1 is 6.") > text.index("two")
    )
    ids = revision_ids(made.model, SETTINGS, TASK, attempt, "step 1 is 6.")
    expected = tiny_texts.logprobs(made.model.model, ids, new[1].info["tokens"])
    assert new[1].info["logprobs"][-1] == pytest.approx(float(expected[-1, new[1].info["tokens"][-1]]), abs=1e-4)
    assert [one.content for one in made.revise(TASK, attempt, "step 1 is 6.", [2])] == [new[2].content]
    assert new[0].content != next(iter(made.revise(TASK, attempt, "step 2 is 6.", [0]))).content


def test_foretelling_follows_the_likeliest_tokens():
    made = sampler()
    (one,) = made.foretell(TASK, made.start(TASK, [5], seed=1))
    (other,) = made.foretell(TASK, made.start(TASK, [6], seed=2))
    logits = tiny_texts.logprobs(made.model.model, made.prompt(TASK), one.tokens)
    assert one.tokens == other.tokens == tuple(logits.argmax(-1).tolist())


def test_cancel_is_heard_within_a_token():
    made, asked = sampler(), []

    def cancel():
        asked.append(len(asked))
        return len(asked) == 4

    with pytest.raises(Cancelled):
        list(made.stream_paths(TASK, made.start(TASK, range(3)), cancel=cancel))
    assert len(asked) == 4
    with pytest.raises(Cancelled):
        made.step_many([(TASK, made.start(TASK, range(3)))], cancel=lambda: True)


def test_a_strategy_keeps_its_laws_on_it():
    made = sampler()
    check_strategy(Beam(4, 2), TASK, made, TableReward({}, 0.5), budget=Budget(samples=6, tokens=400))


@pytest.mark.parametrize("change", [{"dtype": "bfloat16"}, {"device_map": "auto"}])
def test_half_precision_and_device_maps(change, tmp_path):
    folder = tiny_texts.save(tmp_path)
    loaded = loading.load(str(folder), "lm", Options("cpu", **change))
    made = LanguageModelSampler(loaded, SETTINGS)
    check_stepped_sampler(made, TASK, n=4)
    assert loaded.fingerprint()["dtype"] == change.get("dtype", "float32")
    loading.forget()


def test_a_model_without_a_chat_template_reads_plain_text():
    model, _ = tiny_texts.parts()
    made = LanguageModelSampler(
        Loaded("x", "lm", CPU, "0", TextModel(model, tiny_texts.tokenizer(chats=False))), SETTINGS
    )
    assert made.model.tokenizer.decode(made.prompt(TASK)) == "add it\n\nwhat is two and three?\n\n"
    check_stepped_sampler(made, TASK, n=2)


def test_what_a_problem_says_cannot_end_its_turn():
    made = sampler()
    ids = made.prompt(replace(TASK, problem="two </s><|end|> three"))
    assert ids.count(2) == 0 and ids.count(made.model.tokenizer.convert_tokens_to_ids("<|end|>")) == 2


def test_a_template_may_be_given_and_must_fit():
    given = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
    made = sampler(settings=replace(SETTINGS, chat_template=given))
    assert made.model.tokenizer.decode(made.prompt(TASK)) == "add it what is two and three? "
    no_system = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + given
    made = sampler(settings=replace(SETTINGS, chat_template=no_system))
    assert "add it" in made.model.tokenizer.decode(made.prompt(TASK))
    with pytest.raises(BadInput, match="The chat template cannot write this conversation: never"):
        sampler(settings=replace(SETTINGS, chat_template="{{ raise_exception('never') }}")).prompt(TASK)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"temperature": 9.0}, "temperature is 9.0"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"max_steps": 999}, "max_steps is 999"),
        ({"stop": ("",)}, "none of them empty"),
    ],
)
def test_settings_out_of_range_are_one_sentence(change, says):
    with pytest.raises(BadInput, match=says):
        replace(SETTINGS, **change)


def test_a_problem_that_leaves_no_room_is_refused_and_one_that_leaves_some_is_cut():
    made = sampler(settings=replace(SETTINGS, max_tokens=500))
    with pytest.raises(BadInput, match="takes .* tokens and this model holds 256"):
        list(made.draw(replace(TASK, problem="two " * 300), [0]))
    long = replace(TASK, problem="two " * 120)
    room = 256 - len(made.prompt(long))
    for sample in made.draw(long, range(6)):
        assert len(sample.info["tokens"]) <= room and sample.info["truncated"] == (len(sample.info["tokens"]) == room)


def test_logits_that_are_not_finite_are_one_sentence():
    model, words = tiny_texts.parts("qwen3")
    broken = type(model)(model.config).eval()
    with torch.no_grad():
        broken.get_output_embeddings().weight.fill_(float("nan"))
    made = LanguageModelSampler(Loaded("x", "lm", CPU, "0", TextModel(broken, words)), SETTINGS)
    with pytest.raises(CannotDo, match="not finite"):
        list(made.draw(TASK, [0]))


def test_a_gpu_out_of_memory_goes_on_with_fewer(monkeypatch):
    made = sampler()
    whole = [sample.content for sample in made.draw(TASK, range(8))]
    token, tried = running.RunningBatch._token, []

    def small(self):
        tried.append(sum(row is not None for row in self._seats.rows))
        if tried[-1] > 3:
            raise torch.OutOfMemoryError
        return token(self)

    monkeypatch.setattr(running.RunningBatch, "_token", small)
    assert [sample.content for sample in made.draw(TASK, range(8))] == whole
    assert tried[:3] == [8, 4, 2] and max(tried[2:]) <= 2
    monkeypatch.setattr(running.RunningBatch, "_token", lambda self: (_ for _ in ()).throw(torch.OutOfMemoryError()))
    with pytest.raises(CannotDo, match="does not hold even one text"):
        list(made.draw(TASK, range(2)))


def test_models_of_other_kinds_are_refused(tmp_path):
    from transformers import MambaConfig, MambaForCausalLM

    words = tiny_texts.tokenizer()
    config = MambaConfig(vocab_size=len(words), hidden_size=16, num_hidden_layers=1, state_size=4)
    MambaForCausalLM(config).save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    with pytest.raises((ModelUnavailable, BadInput)):
        made = LanguageModelSampler(loading.load(str(tmp_path), "lm", CPU), SETTINGS)
        list(made.draw(TASK, [0]))
    loading.forget()


@pytest.mark.parametrize("kind", ["llama", "qwen3"])
def test_what_is_dropped_leaves_the_others_as_they_are(kind):
    made = sampler(kind, most=6)
    whole = {sample.index: sample.content for sample in made.draw(TASK, range(4))}
    batch = made.batch()
    kept = batch.add(TASK, made.start(TASK, range(4)), whole=True)
    gone = batch.add(OTHER, made.start(OTHER, range(9)), whole=True)
    batch.advance()
    batch.advance()
    batch.drop(gone)
    came = []
    while batch.left:
        came += batch.advance()
    assert {ticket for ticket, _, _ in came} == {kept}
    assert {path.index: made.peek(TASK, [path])[0].content for _, _, path in came} == whole
