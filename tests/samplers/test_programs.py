"""A model as a program sampler: the sampler's laws, the grammar, what is kept of a reply, any class of model."""

import pytest
import tiny_writers
from PIL import ImageChops

from tts_playground.core import Neighbourhood, Sampler
from tts_playground.dsl import parse, render
from tts_playground.dsl.prefixes import ProgramPrefix
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput, ModelUnavailable, UnknownName
from tts_playground.models import adapters, loading
from tts_playground.samplers.grammar import grammar
from tts_playground.samplers.programs import ProgramSampler, picture, request
from tts_playground.tasks.sketch import SketchTask
from tts_playground.testing import check_sampler
from tts_playground.worlds.programs import PROMPT

TARGET = "(- (Quad 8 8 8 8 0) (Circle 3 8 8))"


@pytest.fixture(scope="module")
def sketch(tmp_path_factory):
    return str(tiny_writers.save_sketch(tmp_path_factory.mktemp("sketch")))


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    return str(tiny_writers.save_gemma3(tmp_path_factory.mktemp("gemma")))


@pytest.fixture(scope="module")
def task():
    return SketchTask.of(render(TARGET))


@pytest.mark.parametrize("ruled", [False, True])
def test_the_laws_of_samplers(sketch, task, ruled):
    sampler = ProgramSampler(sketch, grammar=ruled, max_tokens=24)
    assert isinstance(sampler, Sampler) and isinstance(sampler, Neighbourhood)
    check_sampler(sampler, task)


@pytest.mark.parametrize("name", ["sketch", "gemma"])
def test_under_the_grammar_everything_parses(name, request, task):
    sampler = ProgramSampler(request.getfixturevalue(name), grammar=True, max_tokens=30, temperature=1.5, top_p=1.0)
    for sample in sampler.draw(task, range(6)):
        assert len(sample.content) >= 1 and not sample.info["error"]
        assert parse(sample.info["reply"]) == sample.content
        assert sample.logprob < 0 < sample.cost.tokens <= 30


def test_without_it_a_random_model_writes_nonsense_that_is_kept(sketch, task):
    samples = list(ProgramSampler(sketch, max_tokens=30).draw(task, range(4)))
    assert all(sample.content == Program() and sample.info["error"] and sample.info["reply"] for sample in samples)


def test_greedy_draws_are_equal(sketch, task):
    first, second = ProgramSampler(sketch, temperature=0, max_tokens=20).draw(task, [0, 5])
    assert first.info["reply"] == second.info["reply"]


def test_who_was_trained_on_the_short_request_is_asked_that(sketch, gemma):
    short, long = (adapters.load(name).value.tokenizer for name in (sketch, gemma))
    assert request(short) == PROMPT and "Circle" in request(long)
    assert ProgramSampler(gemma).fingerprint() != ProgramSampler(gemma, grammar=True).fingerprint()


def test_the_model_sees_the_drawing(task):
    assert ImageChops.difference(picture(task), render(TARGET)).getbbox() is None


def test_masks_allow_what_the_automaton_allows(sketch):
    vlm = adapters.load(sketch).value
    rules = grammar(vlm.tokenizer, len(vlm.tokenizer) + 7, vlm.ends)
    state, text = ProgramPrefix(), ""
    for token in vlm.tokenizer(TARGET, add_special_tokens=False)["input_ids"]:
        mask = rules.mask(state)
        assert mask[token] and not mask[-1] and not mask[list(vlm.ends)].any()
        assert {rules.pieces[int(t)] for t in mask.nonzero().flatten()} == {
            piece for piece in rules.pieces.values() if state.advance(piece) is not None
        }
        state, text = rules.after(state, token), text + rules.pieces[token]
    assert text == TARGET and state.complete
    assert rules.mask(state).nonzero().flatten().tolist() == sorted(vlm.ends)


def test_neighbours_are_those_of_the_search(sketch, task):
    sampler = ProgramSampler(sketch, grammar=True, max_tokens=20)
    (sample,) = sampler.draw(task, [0])
    near = next(iter(sampler.neighbours(task, sample)))
    assert near.content != sample.content and near.parent == 0


@pytest.mark.parametrize("bad", [{"temperature": -1}, {"top_p": 0}, {"top_k": -1}, {"max_tokens": 0}, {"batch": 0}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(BadInput):
        ProgramSampler(**bad)


def test_what_is_not_here_is_a_sentence(task, tmp_path, monkeypatch):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    monkeypatch.setattr("tts_playground.models.hub.embedded_models.CHECKPOINTS", tmp_path / "none")
    loading.forget()
    with pytest.raises(ModelUnavailable, match="train tiny-sketch"):
        next(iter(ProgramSampler().draw(task, [0])))
    with pytest.raises(BadInput, match="none has been trained"):
        next(iter(ProgramSampler("adapter:mine").draw(task, [0])))
    folder = tmp_path / "adapters" / "other"
    folder.mkdir(parents=True)
    (folder / adapters.FACTS).write_text('{"base": "tiny:sketch"}')
    with pytest.raises(UnknownName, match="other"):
        adapters.find("adapter:othr")
