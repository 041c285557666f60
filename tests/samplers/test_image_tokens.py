"""The image sampler: the laws of stepped samplers, sweeps, streams, cancel, resume."""

import pytest

from tts_playground.core import Budget, SteppedSampler
from tts_playground.errors import BadInput, Cancelled
from tts_playground.models.loading import Loaded, Options
from tts_playground.rewards.baselines import Sharpness
from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.smc import SMC
from tts_playground.strategies.suffix import Suffix
from tts_playground.testing import TextTask, check_stepped_sampler, check_strategy


class Prompt(TextTask):
    @property
    def prompt(self):
        return self.text


TASK = Prompt("a red apple")


@pytest.fixture(scope="module")
def sampler(random_janus):
    loaded = Loaded("random", "janus", Options("cpu", "float32"), "1", random_janus)
    return ImageTokens(loaded, ImageSettings(temperature=5.0, cfg=1.5), most=5)


def test_it_keeps_the_laws(sampler):
    assert isinstance(sampler, SteppedSampler)
    check_stepped_sampler(sampler, TASK, n=3)


def test_samples_carry_log_probability_tokens_and_cost(sampler):
    (sample,) = sampler.draw(TASK, [4], seed=1)
    total = sampler.janus.tokens
    assert len(sample.info["tokens"]) == total and sample.info["complete"]
    assert sample.logprob == pytest.approx(sum(sample.info["logprobs"]))
    assert sample.cost.tokens == 2 * total and sample.cost.samples == 1
    chosen, entropy = sampler.inspect(TASK, sample.info["tokens"]).report(sampler.settings)
    assert sum(chosen) == pytest.approx(sample.logprob, abs=0.05)
    assert entropy == pytest.approx(sample.info["entropies"], abs=0.05)
    top = sampler.inspect(TASK, sample.info["tokens"]).top(2, sampler.settings)
    assert len(top.tokens) == 20 and 0 < float(top.guided.sum()) <= 1.0001


def test_a_sweep_in_one_batch_equals_a_call_for_each_cell(sampler):
    cells = [ImageSettings(t, cfg) for t in (0.0001, 0.7, 1.5) for cfg in (1.0, 5.0, 100.0)]
    together = sampler.sweep(TASK, cells, 2, seed=9)
    for cell, sample in zip(cells, together, strict=True):
        (alone,) = ImageTokens(sampler.loaded, cell).draw(TASK, [2], seed=9)
        assert alone.info["tokens"] == sample.info["tokens"]
        assert alone.content.tobytes() == sample.content.tobytes()
        assert sample.info["settings"] == cell.as_dict()
        assert sample.cost.tokens == sampler.janus.tokens * (1 if cell.cfg == 1 else 2)


def test_a_stream_shows_row_after_row_and_ends_with_the_drawn_images(sampler):
    *frames, last = sampler.stream(TASK, range(3))
    assert [frame.unfinished[0].steps for frame in frames] == list(range(1, sampler.janus.grid))
    assert [frame.share for frame in (*frames, last)] == pytest.approx(
        [row / sampler.janus.grid for row in range(1, sampler.janus.grid + 1)]
    )
    first = sampler.peek(TASK, frames[0].unfinished)[0].content
    assert first.getpixel((5, first.height - 1)) == (128, 128, 128)
    for streamed, drawn in zip(last.finished, sampler.draw(TASK, range(3)), strict=True):
        assert streamed.info["tokens"] == drawn.info["tokens"]


def test_a_frame_can_be_gone_on_from_and_others_join_in(sampler):
    drawn = [sample.info["tokens"] for sample in sampler.draw(TASK, range(2))]
    frame = next(sampler.stream(TASK, range(2)))
    paths = list(frame.unfinished)
    while not all(path.done for path in paths):
        paths = sampler.step(TASK, paths)
    assert [path.tokens for path in paths] == drawn
    mixed = [frame.unfinished[0], *sampler.start(TASK, [1])]  # of two lengths: not in lock-step
    assert [sample.info["tokens"] for sample in sampler.finish(TASK, mixed)] == drawn


def test_cancel_is_heard_within_one_token(sampler):
    asked = []

    def cancel():
        asked.append(1)
        return len(asked) == 3

    with pytest.raises(Cancelled):
        list(sampler.finish(TASK, sampler.start(TASK, range(4)), cancel=cancel))
    assert len(asked) == 3


@pytest.mark.parametrize("length", [1, 6, 8])
def test_resuming_from_tokens_alone_gives_the_same_image(sampler, length):
    (whole,) = sampler.draw(TASK, [3])
    path = sampler.resume(TASK, whole.info["tokens"][:length], 3)
    while not path.done:
        (path,) = sampler.step(TASK, [path])
    assert path.tokens == whole.info["tokens"]


def test_a_fork_differs_after_the_fork_and_steps_mix_lengths(sampler):
    (path,) = sampler.step(TASK, sampler.start(TASK, [0]))
    fork = sampler.fork(path, 77)
    young = sampler.start(TASK, [5])[0]
    ahead = sampler.step(TASK, [path, young, fork])
    assert [one.steps for one in ahead] == [2, 1, 2]
    assert ahead[2].tokens[:4] == path.tokens and ahead[2].tokens != ahead[0].tokens
    assert ahead[2].parent == 0 and ahead[2].cost.tokens == 2 * sampler.janus.grid


@pytest.mark.parametrize(
    "wrong", [{"temperature": 9}, {"temperature": 1e-5}, {"cfg": 0.5}, {"cfg": 101}, {"top_p": 0}, {"top_k": -1}]
)
def test_settings_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(BadInput, match=next(iter(wrong))):
        ImageSettings(**wrong)


def test_tokens_that_no_image_has_are_refused(sampler):
    with pytest.raises(BadInput, match="tokens from 0 to"):
        sampler.resume(TASK, [10**6], 0)


@pytest.mark.parametrize(
    "strategy", [SMC(sharpness=1.0), Beam(), PARM(), GridAR(), Suffix()], ids=lambda s: type(s).__name__
)
def test_strategies_search_on_partial_decodes(sampler, strategy):
    """The laws of strategies on real image tokens; the views they judge are whole rows over grey."""
    whole = 2 * sampler.janus.tokens
    rounds = check_strategy(strategy, TASK, sampler, Sharpness(), budget=Budget(tokens=6 * whole), seed=2)
    assert rounds[-1].best is not None and rounds[-1].best.sample.info["complete"]
    views = [c.sample for r in rounds for c in r.candidates]
    seen = {}
    for view in views:
        tokens = view.info["tokens"]
        if view.parent is not None and view.index not in seen:
            kept = view.info["forked_at"] * sampler.janus.grid
            assert tokens[:kept] == seen[view.parent][:kept]
            assert view.cost.tokens == 2 * (len(tokens) - kept)
        if view.index in seen:
            assert tokens[: len(seen[view.index])] == seen[view.index]
        seen[view.index] = tokens
    assert all(view.info["steps"] == len(view.info["tokens"]) // sampler.janus.grid for view in views)
