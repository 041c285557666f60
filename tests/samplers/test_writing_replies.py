"""Replies that are written into, foretold and revised: what strategies that need words ask of a sampler."""

from dataclasses import replace

import pytest
import tiny_vlms

from tts_playground import registry
from tts_playground.core import ContinuingSampler, ForetellingSampler, RevisingSampler, Sample
from tts_playground.errors import BadInput
from tts_playground.models.loading import Loaded, Options, load
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings, revising
from tts_playground.tasks.vqa import VqaTask

SETTINGS = AnswerSettings(most_tokens=40, most_steps=6)


@pytest.fixture(scope="module")
def sampler(tmp_path_factory):
    return VlmSampler(load(str(tiny_vlms.save("tiny", tmp_path_factory.mktemp("vlm"))), "vlm"), SETTINGS)


@pytest.fixture(scope="module")
def task():
    return VqaTask.of(tiny_vlms.picture(), "what is the value of kiwi?", ["7"])


def stepped(sampler, task, index=0, steps=2):
    (path,) = sampler.start(task, [index])
    for _ in range(steps):
        (path,) = sampler.step(task, [path])
    return path


def test_it_has_the_protocols(sampler):
    assert all(isinstance(sampler, one) for one in (ContinuingSampler, ForetellingSampler, RevisingSampler))


def cut(sampler, task, steps):
    """A reply of ten tokens, with what was kept of them; of no steps none; of two, with the token that ends a reply."""
    short = VlmSampler(sampler.loaded, replace(SETTINGS, most_tokens=10))
    path = stepped(short, task, steps=min(steps, 1))
    if steps < 2:
        return path
    end = (*path.tokens, min(sampler.vlm.ends))
    return replace(path, tokens=end, logprobs=(*path.logprobs, 0.0), plain=(*path.plain, 0.0), ends=(11,))


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_what_is_appended_stands_in_the_reply_as_if_it_had_been_drawn(sampler, task, steps):
    path = cut(sampler, task, steps)
    assert len(path.tokens) == (0, 10, 11)[steps] and path.done == (steps > 0)
    grown = sampler.append(task, path, "\nkiwi 7")
    whole = bool(path.tokens) and path.tokens[-1] in sampler.vlm.ends
    kept = path.tokens[: len(path.tokens) - whole]
    more = tuple(sampler.vlm.tokens("\nkiwi 7"))
    assert grown.tokens == kept + more and not grown.done and grown.cost == path.cost
    assert grown.logprobs[len(kept) :] == (0.0,) * len(more) and len(grown.plain) == len(grown.tokens)
    (ours,) = sampler.step(task, [grown])
    (theirs,) = sampler.step(task, [replace(grown, pieces=())])
    assert ours.tokens == theirs.tokens and ours.cost.tokens == len(ours.tokens) - len(grown.tokens) + path.cost.tokens
    assert sampler.peek(task, [grown])[0].content.rstrip().endswith("kiwi 7")


def test_a_reply_that_holds_no_more_stays_ended(sampler, task):
    path = stepped(sampler, task)
    full = sampler.append(task, path, "\nkiwi 7" * 40)
    assert full.done and full.tokens == path.tokens


def test_steps_are_foretold_by_the_likeliest_tokens_whoever_asks(sampler, task):
    one, other = sampler.start(task, [0, 5])
    ours, theirs = sampler.foretell(task, [one, other])
    cold = VlmSampler(sampler.loaded, replace(SETTINGS, temperature=0.0))
    (greedy,) = cold.step(task, cold.start(task, [0]))
    assert ours.tokens == theirs.tokens == greedy.tokens
    (kept,) = sampler.step(task, [one])
    assert kept.tokens == stepped(sampler, task, steps=1).tokens, "a look ahead changes nothing"


def test_a_revised_reply_was_asked_with_the_attempt_and_the_verdict(sampler, task):
    attempt = Sample("kiwi 3", 4)
    told = revising(SETTINGS, attempt, "that is wrong.").prompt(task.question)
    assert told.startswith(task.question) and "kiwi 3" in told and "that is wrong." in told
    many = list(sampler.revise(task, attempt, "that is wrong.", [8, 9]))
    assert [(s.index, s.parent) for s in many] == [(8, 4), (9, 4)]
    asked = VlmSampler(sampler.loaded, revising(SETTINGS, attempt, "that is wrong."))
    assert [s.content for s in asked.draw(task, [8, 9])] == [s.content for s in many]


@pytest.mark.parametrize("name", ["revision", "budget-forcing", "simulate"])
def test_the_embedded_model_says_that_it_cannot_write(sampler, name):
    tiny = VlmSampler(Loaded("tiny:vlm", "vlm", Options("cpu", "float32"), "1", sampler.vlm), SETTINGS)
    row = registry.entry("strategy", name)
    assert registry.runs(row, sampler) and not registry.runs(row, tiny)
    with pytest.raises(BadInput, match=r"trained on short questions alone and cannot do that; name a larger model"):
        registry.fitting("strategy", name, "vqa", tiny)
    assert registry.fitting("strategy", "beam", "vqa", tiny).name == "beam"


def test_replies_carry_the_log_probabilities_of_their_tokens(sampler, task):
    (sample,) = sampler.draw(task, [0])
    assert len(sample.info["logprobs"]) == len(sample.info["tokens"])
    assert sum(sample.info["logprobs"]) == pytest.approx(sample.logprob)
