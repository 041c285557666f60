"""PARM and GridAR with a judge that says yes or no, GridAR with a writer, revision with tests that did not guide."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from tts_playground import registry
from tts_playground.core import Budget, Cost, Sample
from tts_playground.dsl.drawings import overlap, unpack
from tts_playground.dsl.raster import render
from tts_playground.dsl.text import parse
from tts_playground.errors import BadInput, CannotDo
from tts_playground.rewards.pixels import PixelsReward, part_of
from tts_playground.samplers.prompt_writer import ModelWriter
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.parm import PARM
from tts_playground.strategies.revision import Revision
from tts_playground.tasks.sketch import SketchTask
from tts_playground.testing import ScriptedSampler, TableReward, TextTask, check_strategy

TASK = TextTask()
LETTERS = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})


@dataclass(frozen=True)
class Possible:
    """Says yes to what has none of some letters."""

    never: str
    seen: list = field(default_factory=list, compare=False)
    name: str = "possible"
    revision: str = "1"
    unit_cost: Cost = field(default=Cost(verifier_calls=1))

    def score(self, task, samples):
        self.seen.extend(one.content for one in samples)
        return [float(not set(one.content) & set(self.never)) for one in samples]


SCRIPT = ("aaaa", "dddd", "bbbb", "aaaa")


def run(strategy, budget, sampler=None, seed=0):
    sampler = sampler or ScriptedSampler(script=SCRIPT)
    return list(strategy.run(TASK, sampler, LETTERS, budget=budget, seed=seed))


def test_parm_drops_whom_the_judge_says_no_to_whatever_the_reward_thinks():
    judge = Possible("d")
    rounds = run(PARM(paths=4, looks=(0.5,), judge=judge), Budget(samples=4))
    assert [len(r.candidates) for r in rounds[:2]] == [4, 3]
    assert rounds[1].best.sample.content == "bbbb", "d is worth more and was dropped"
    assert all(len(view) == 2 for view in judge.seen), "whole candidates are left to the reward"
    nobody = run(PARM(paths=4, looks=(0.5,), judge=Possible("abcd")), Budget(samples=4))
    assert [len(r.candidates) for r in nobody[:2]] == [4, 1], "one goes on"


def test_gridar_rejects_whom_the_judge_says_no_to_and_refills_from_all_others():
    rounds = run(GridAR(pieces=(0.5,), judge=Possible("d")), Budget(samples=4))
    assert "1 rejected" in rounds[0].note
    assert not any(c.sample.content.startswith("dd") for c in rounds[1].candidates)
    (fork,) = [c.sample for c in rounds[1].candidates if c.sample.index >= 4]
    assert fork.content[:2] in ("aa", "bb") and fork.parent in (0, 2, 3)
    nobody = run(GridAR(pieces=(0.5,), judge=Possible("abcd")), Budget(samples=4))
    assert "rejected" not in nobody[0].note


@pytest.mark.parametrize("strategy", [PARM(judge=Possible("d")), GridAR(judge=Possible("bd"))], ids=str)
@pytest.mark.parametrize("budget", [Budget(samples=5), Budget(tokens=30), Budget(verifier_calls=11)], ids=str)
def test_laws(strategy, budget):
    check_strategy(strategy, TASK, ScriptedSampler(), LETTERS, budget=budget)


def test_a_judge_is_a_reward():
    for strategy in (PARM(judge=3), GridAR(judge=Possible)):
        with pytest.raises(BadInput, match="judge is"):
            run(strategy, Budget(samples=4))


# ------------------------------------------------------------------------------------------------------- a writer


@dataclass(frozen=True)
class Prompt:
    prompt: str
    kind: ClassVar[str] = "t2i"

    def key(self):
        return {"prompt": self.prompt}


@dataclass(frozen=True)
class Told(ScriptedSampler):
    """Remembers under which prompt each batch of steps was drawn, and which paths were told anew."""

    steps: list = field(default_factory=list, compare=False)

    def step(self, task, paths):
        self.steps.append(task.prompt)
        return super().step(task, paths)

    def retold(self, path):
        return replace(path)


@dataclass(frozen=True)
class Writer:
    unit_cost: Cost = field(default=Cost(verifier_calls=1))

    def rewrite(self, task, view):
        return replace(task, prompt=f"{task.prompt} with {view.content}")


def test_gridar_goes_on_under_the_prompt_that_fits_the_best_view():
    sampler = Told(script=SCRIPT)
    rounds = list(
        GridAR(pieces=(0.5,), writer=Writer()).run(Prompt("letters"), sampler, LETTERS, budget=Budget(samples=4))
    )
    assert sampler.steps == ["letters"] * 2 + ["letters with dd"] * 2
    assert rounds[0].cost.verifier_calls == 4 + 1
    for wrong, words in ((GridAR(writer="gpt"), "PromptWriter"), (GridAR(writer=Writer()), "another prompt")):
        with pytest.raises(BadInput, match=words):
            list(wrong.run(Prompt("letters"), ScriptedSampler(), LETTERS, budget=Budget(samples=4)))


def test_a_picture_goes_on_under_another_prompt_as_if_it_had_been_drawn_for_it(random_janus):
    from tts_playground.models.loading import Loaded, Options
    from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
    from tts_playground.tasks.text_to_image import PromptTask

    sampler = ImageTokens(
        Loaded("random", "janus", Options("cpu", "float32"), "1", random_janus), ImageSettings(cfg=2.0)
    )
    old, new = PromptTask("a red apple"), PromptTask("a cat left of three red apples")
    (path,) = sampler.step(old, sampler.start(old, [0]))
    (ours,) = sampler.step(new, [sampler.retold(path)])
    (theirs,) = sampler.step(new, [sampler.resume(new, path.tokens, 0)])
    assert ours.tokens == theirs.tokens


class Says:
    """Replies with a sentence."""

    def __init__(self, said, no=""):
        self.said, self.no, self.asked = said, no, []

    def fingerprint(self):
        return {}

    def draw(self, task, indices, *, seed=0):
        self.asked.append(task.question)
        for index in indices:
            yield Sample(self.said, index, seed)

    def declines(self, capability):
        return self.no


def test_a_model_rewrites_the_prompt_and_a_tiny_one_says_that_it_cannot():
    model = Says(" a cat,\nabove a dog ")
    view = Sample("picture", 0)
    assert ModelWriter(model).rewrite(Prompt("a cat and a dog"), view).prompt == "a cat, above a dog"
    assert "a cat and a dog" in model.asked[0]
    assert ModelWriter(Says("  ")).rewrite(Prompt("a cat"), view).prompt == "a cat"
    with pytest.raises(CannotDo, match="can write. tiny:vlm"):
        ModelWriter(Says("", "tiny:vlm knows few words."))


# ------------------------------------------------------------------------------------------------------- tests


DRAWING = "(+ (Circle 3 5 5) (Quad 10 10 3 4 0))"


def test_the_pixels_that_are_seen_and_held_out_are_all_pixels():
    task = SketchTask.of(render(DRAWING), outline="keep")
    seen, held = PixelsReward("seen"), PixelsReward("held-out")
    (sample,) = ProposalSampler().draw(task, [3])
    where = part_of(task.side, 16, 0.5, 0)
    assert where.mean() == 0.5 and where.reshape(16, 16, 16, 16).any((1, 3)).sum() == 128
    ink, painted = unpack(task.mask, task.side), np.asarray(render(sample.content, task.side).convert("L")) < 128
    for reward, mine in ((seen, where), (held, ~where)):
        hit, union = (ink & painted & mine).sum(), ((ink | painted) & mine).sum()
        assert reward.score(task, [sample]) == [pytest.approx(hit / union)]
    assert overlap(task, sample.content).hit == (ink & painted).sum()
    assert registry.resolve("reward", "pixels:held-out", "sketch") == held
    with pytest.raises(BadInput, match="seen, held-out"):
        registry.resolve("reward", "pixels:all")
    with pytest.raises(BadInput, match="share"):
        PixelsReward(share=1.0)


def test_revision_ends_with_a_selection_by_tests_that_did_not_guide():
    task, tests = SketchTask.of(render(DRAWING), outline="keep"), PixelsReward("held-out")
    strategy, guide = Revision(3, 3, tests="pixels:held-out"), PixelsReward("seen")
    rounds = check_strategy(strategy, task, ProposalSampler(), guide, budget=Budget(samples=9))
    assert all(r.best is None for r in rounds[:3]) and "3 of 3 tested by pixels:held-out" in rounds[3].note
    last = rounds[-1].best
    assert last.reward == tests.score(task, [last.sample])[0]
    chains = {0: [], 1: [], 2: []}
    owner = {}
    for r in rounds:
        for c in r.candidates:
            owner[c.sample.index] = owner.get(c.sample.parent, c.sample.index)
            chains[owner[c.sample.index]].append(c)
    finalists = [max(chain, key=lambda c: c.reward).sample for chain in chains.values()]
    assert last.reward == max(tests.score(task, finalists))


def test_revised_programs_are_near_the_attempt_and_by_their_own_index():
    task, sampler = SketchTask.of(render(DRAWING), outline="keep"), ProposalSampler()
    attempt = Sample(parse("(Circle 4 6 6)"), 2)
    many = list(sampler.revise(task, attempt, "", range(10, 18)))
    assert [s.index for s in many] == list(range(10, 18)) and {s.parent for s in many} == {2}
    (alone,) = sampler.revise(task, attempt, "", [13])
    assert alone.content == many[3].content
    assert len({str(s.content) for s in many}) > 3
    assert sum(s.cost.renders for s in many) > 0


def test_images_follow_their_likeliest_tokens_and_keep_their_settings(random_janus):
    from tts_playground.models.loading import Loaded, Options
    from tts_playground.samplers.image_tokens import ImageSettings, ImageTokens
    from tts_playground.tasks.text_to_image import PromptTask

    loaded, task = Loaded("random", "janus", Options("cpu", "float32"), "1", random_janus), PromptTask("a red apple")
    sampler = ImageTokens(loaded, ImageSettings(cfg=2.0))
    one, other = sampler.foretell(task, sampler.start(task, [0, 7]))
    assert one.tokens == other.tokens and one.settings == sampler.settings
    greedy = ImageTokens(loaded, ImageSettings(0.0, 2.0))
    (cold,) = greedy.step(task, greedy.start(task, [0]))
    assert one.tokens == cold.tokens
