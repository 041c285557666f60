"""Replies of four kinds of models: the laws, the tokens of transformers' generate, and its distribution."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
import tiny_vlms
import torch
from scipy.stats import chi2_contingency, chisquare

from tts_playground.core import Budget, Cost, SteppedSampler
from tts_playground.errors import BadInput, Cancelled, CannotDo
from tts_playground.models.loading import Loaded, Options
from tts_playground.models.vlm import decode
from tts_playground.models.vlm.model import Vlm
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.strategies.beam import Beam
from tts_playground.testing import check_reward, check_stepped_sampler, check_strategy

CPU = Options("cpu", "float32")


@dataclass(frozen=True)
class Asked:
    image: Any
    question: str
    kind: ClassVar[str] = "vqa"

    def key(self):
        return {"question": self.question}


TASK = Asked(tiny_vlms.picture(), "what is the value of kiwi?")


@pytest.fixture(scope="module", params=tiny_vlms.KINDS)
def sampler(request):
    vlm = Vlm(*tiny_vlms.parts(request.param))
    return VlmSampler(Loaded(request.param, "vlm", CPU, "r", vlm), AnswerSettings(1.0, most_tokens=20))


def test_the_laws(sampler):
    assert isinstance(sampler, SteppedSampler)
    check_stepped_sampler(sampler, TASK, n=8)


def test_lines_are_steps(sampler):
    lines = replace(sampler, settings=AnswerSettings(3.0, most_tokens=60, most_steps=6))
    check_stepped_sampler(lines, TASK, n=12)
    paths = lines.start(TASK, range(24))
    while not all(path.done for path in paths):
        paths = lines.step(TASK, paths)
    # with the words of tiny:vlm a random model writes a line end every 900 tokens
    newline = lines.vlm.tokens("\n")[-1]
    assert newline in lines.vlm.newlines
    for path in paths:
        ended = [path.tokens[end - 1] for end in path.ends]
        assert all(token in lines.vlm.newlines for token in ended[:-1])
        assert path.ends[-1] == len(path.tokens) and path.steps <= 6


@pytest.mark.parametrize("step", ["line", "paragraph"])
def test_a_step_ends_where_it_should(sampler, step):
    lines = replace(sampler, settings=AnswerSettings(step=step))
    newline, word = lines.vlm.tokens("\n")[-1], lines.vlm.tokens("kiwi")[-1]
    assert lines._step_ended(None, [word, newline]) == (step == "line")
    assert lines._step_ended(None, [word, newline, newline])
    assert not lines._step_ended(None, [newline])
    assert not lines._step_ended(None, [word])
    assert lines._step_ended(None, [word, next(iter(lines.vlm.ends))])


def generate(sampler, n, most, **options):
    inputs = sampler.vlm.inputs([TASK.image], [TASK.question])
    with torch.inference_mode():
        out = sampler.vlm.model.generate(**inputs, num_return_sequences=n, max_new_tokens=most, **options)
    return out[:, inputs["input_ids"].shape[1] :].tolist()


def test_greedy_is_generates_greedy(sampler):
    greedy = replace(sampler, settings=AnswerSettings(0.0, most_tokens=20))
    (sample,) = greedy.draw(TASK, [0])
    assert sample.info["tokens"] == generate(sampler, 1, 20, do_sample=False)[0]
    assert sample.logprob == 0.0 and sample.info["model_logprob"] < 0
    assert sample.cost.tokens == len(sample.info["tokens"]) and sample.cost.samples == 1


@pytest.mark.parametrize("knobs", [{"temperature": 0.7}, {"temperature": 1.5, "top_p": 0.6, "top_k": 12}])
def test_the_distribution_is_generates(sampler, knobs):
    n = 500
    drawer = replace(sampler, settings=AnswerSettings(**knobs, most_tokens=2))
    ours = [tuple(sample.info["tokens"]) for sample in drawer.draw(TASK, range(n))]
    torch.manual_seed(0)
    theirs = generate(sampler, n, 2, do_sample=True, **{"top_k": 0} | knobs)
    for place in (0, 1):
        counts = [Counter(row[place] for row in rows if len(row) > place) for rows in (ours, theirs)]
        common = [token for token, _ in (counts[0] + counts[1]).most_common(12)]
        table = [[*(c[t] for t in common), sum(c.values()) - sum(c[t] for t in common) + 1] for c in counts]
        assert chi2_contingency(table).pvalue > 1e-4, (place, table)


def test_draws_follow_the_exact_probabilities_and_logprobs_say_so(sampler):
    drawer = replace(sampler, settings=AnswerSettings(0.9, most_tokens=1))
    exact = (sampler.prefix(TASK).logits.double() / 0.9).softmax(-1)
    drawn = list(drawer.draw(TASK, range(3000)))
    counts = np.bincount([s.info["tokens"][0] for s in drawn], minlength=len(exact))
    likely = exact.topk(8).indices.numpy()
    seen = np.append(counts[likely], counts.sum() - counts[likely].sum())
    wanted = np.append(exact[likely], 1 - exact[likely].sum())
    wanted *= 3000 / wanted.sum()
    assert chisquare(seen, wanted).pvalue > 1e-4
    for sample in drawn[:20]:
        assert sample.logprob == pytest.approx(float(exact[sample.info["tokens"][0]].log()), abs=1e-4)


def _whole(sampler, tokens):
    """Log-probability of a reply to ``TASK`` by one forward over all of its tokens."""
    vlm, prefix = sampler.vlm, sampler.prefix(TASK)
    rows = [prefix.logits[None]]
    if len(tokens) > 1:
        with torch.inference_mode():
            fed = torch.tensor([tokens[:-1]])
            rows.append(vlm.forward(fed, vlm.forked(prefix, 1), prefix.position, range(len(tokens) - 1))[0])
    logprobs = torch.cat(rows).log_softmax(-1)
    return sum(logprobs[place, token].item() for place, token in enumerate(tokens))


def test_logprobs_are_those_of_the_whole_forward(sampler):
    samples = list(sampler.draw(TASK, range(6)))
    scores = [_whole(sampler, sample.info["tokens"]) for sample in samples]
    for sample, score in zip(samples, scores, strict=True):
        assert sample.info["model_logprob"] == pytest.approx(score, abs=2e-3)
        assert sample.logprob == pytest.approx(score, abs=2e-3)  # temperature 1, nothing cut


def test_replies_come_as_they_finish_and_can_be_cancelled(sampler):
    hot = replace(sampler, settings=AnswerSettings(1.3, most_tokens=40))
    finished = [sample.index for report in hot.stream(TASK, range(24)) for sample in report.finished]
    assert sorted(finished) == list(range(24))
    asked = []
    with pytest.raises(Cancelled):
        list(hot.stream_paths(TASK, hot.start(TASK, range(4)), cancel=lambda: asked.append(1) or len(asked) > 3))
    assert len(asked) == 4


def test_a_draw_can_be_left_between_any_two_tokens(sampler, monkeypatch):
    cold = replace(sampler, settings=AnswerSettings(1.0, most_tokens=6))
    came = list(cold.stream(TASK, range(4)))
    replies = sorted((sample for report in came for sample in report.finished), key=lambda sample: sample.index)
    assert [one.content for one in replies] == [one.content for one in cold.draw(TASK, range(4))]
    assert 1 <= sum(not report.finished for report in came) < 6  # after every token but the last
    steps = []
    logits = decode.ModuleDecoder.logits, decode.LeanDecoder.logits
    for kind, method in zip((decode.ModuleDecoder, decode.LeanDecoder), logits, strict=True):
        monkeypatch.setattr(kind, "logits", lambda self, last, method=method: steps.append(1) or method(self, last))
    left = replace(sampler, settings=AnswerSettings(1.0, most_tokens=60)).stream(TASK, range(4))
    next(left)
    left.close()
    assert len(steps) == 1


def test_small_batches_change_nothing(sampler):
    whole = [sample.content for sample in sampler.draw(TASK, range(7))]
    assert whole == [sample.content for sample in replace(sampler, most=3).draw(TASK, range(7))]


@dataclass(frozen=True)
class Short:
    name: ClassVar[str] = "short"
    revision: ClassVar[str] = "1"
    unit_cost: ClassVar[Cost] = Cost(verifier_calls=1)

    def score(self, task, samples):
        return [-float(len(sample.content)) for sample in samples]


def test_beam_searches_over_lines():
    vlm = Vlm(*tiny_vlms.parts("tiny"))
    lines = VlmSampler(Loaded("t", "vlm", CPU, "r", vlm), AnswerSettings(2.0, most_tokens=30, most_steps=4))
    check_reward(Short(), TASK, list(lines.draw(TASK, range(3))))
    rounds = check_strategy(Beam(), TASK, lines, Short(), budget=Budget(verifier_calls=24, tokens=2000))
    assert rounds[-1].best is not None


def test_settings_and_questions_out_of_range_are_one_sentence(sampler):
    for wrong in ({"temperature": -1}, {"top_p": 0}, {"top_k": -2}, {"most_tokens": 0}, {"template": "hm"}):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            AnswerSettings(**wrong)
    with pytest.raises(BadInput, match="shorten the question"):
        list(replace(sampler, settings=AnswerSettings(most_tokens=sampler.vlm.longest)).draw(TASK, [0]))


def test_logits_that_are_not_finite_are_one_sentence():
    model, processor = tiny_vlms.llava()
    model.get_output_embeddings().weight.data[3] = float("nan")
    broken = VlmSampler(Loaded("b", "vlm", CPU, "r", Vlm(model, processor)))
    with pytest.raises(CannotDo, match="not finite"):
        list(broken.draw(TASK, [0]))


def test_the_fingerprint_leaves_out_what_whole_replies_do_not_depend_on(sampler):
    facts = sampler.fingerprint()
    assert facts["model"] == sampler.loaded.name and "step" not in facts and facts["template"] == "{question}"
