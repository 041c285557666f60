"""Single rules of the later strategies, on examples so small that what must happen can be reckoned by hand."""

import math
from dataclasses import dataclass, field, replace

import pytest
from toy_tree import TASK, ToyTree, Worth

from tts_playground.core import Budget, Cost, Sample, Scored
from tts_playground.errors import BadInput, CannotDo, UnknownName
from tts_playground.strategies.adaptive import Adaptive, settled
from tts_playground.strategies.beam import Beam
from tts_playground.strategies.best_first import BestFirst
from tts_playground.strategies.budget_forcing import BudgetForcing
from tts_playground.strategies.confidence import Confidence, GroupConfidence, threshold
from tts_playground.strategies.dvts import DVTS
from tts_playground.strategies.gridar import GridAR
from tts_playground.strategies.lookahead import Lookahead
from tts_playground.strategies.mcts import MCTS
from tts_playground.strategies.rebase import Rebase, shares
from tts_playground.strategies.revision import Revision
from tts_playground.strategies.simulate import Simulate
from tts_playground.strategies.smc import SMC
from tts_playground.strategies.stage_beam import StageBeam
from tts_playground.strategies.tournament import Tournament
from tts_playground.strategies.voting import Ballot, grouped
from tts_playground.testing import ScriptedSampler, TableReward, check_strategy

LETTERS = TableReward({"a": 1, "b": 2, "c": 3, "d": 4})
LATER = [
    Beam(lookahead=2),
    Beam(lookahead=1, rollout="sampled"),
    DVTS(),
    DVTS(width=5, children=2, lookahead=1),
    Rebase(),
    Rebase(width=3, temperature=2.0, final="majority"),
    MCTS(),
    MCTS(children=2, value="rollout", walks=3),
    MCTS(reflect=True, walks=5),
    BestFirst(),
    BestFirst(branching=2, nodes=3, depth=2),
    StageBeam(),
    Lookahead(),
    Lookahead(children=2, rollouts=2, steps=1),
    Revision(),
    Revision(onto="last", parallel=1, serial=7),
    Tournament(),
    Tournament(n=5),
    Adaptive(),
    Adaptive(n=7, final="weighted"),
    Confidence(),
    Confidence(n=9, online=False, window=2),
    BudgetForcing(),
    BudgetForcing(paths=3, waits=0),
    Simulate(),
    SMC(sharpness=0.5, schedule=(0.25, 0.5)),
]
BUDGETS = [Budget(samples=1), Budget(samples=13), Budget(tokens=18), Budget(verifier_calls=9), Budget(40, 90)]


def run(strategy, sampler, budget, seed=0, reward=LETTERS):
    return list(strategy.run(TASK, sampler, reward, budget=budget, seed=seed))


@pytest.mark.parametrize("budget", BUDGETS, ids=str)
@pytest.mark.parametrize("strategy", LATER, ids=str)
def test_laws(strategy, budget):
    if strategy == Confidence() and budget == Budget(verifier_calls=9):
        budget = replace(budget, samples=9)  # it asks no verifier, so that this alone would never end it
    check_strategy(strategy, TASK, ScriptedSampler(), LETTERS, budget=budget)


@pytest.mark.parametrize("strategy", [one for one in LATER if getattr(one, "n", None) is None], ids=str)
def test_a_run_without_an_end_is_refused(strategy):
    with pytest.raises(BadInput, match=r"never (end|begin)|might never end"):
        next(strategy.run(TASK, ScriptedSampler(), LETTERS, budget=Budget()))


@pytest.mark.parametrize("strategy", LATER, ids=str)
def test_time_is_a_limit_on_the_way(strategy):
    last = run(replace(strategy, n=None) if hasattr(strategy, "n") else strategy, ToyTree(), Budget(seconds=0.03))[-1]
    assert last.stopped == "seconds" or (isinstance(strategy, (Adaptive, Confidence)) and last.stopped == "done")
    assert last.cost.seconds < 5


@pytest.mark.parametrize(
    "build",
    [
        lambda: Beam(lookahead=-1),
        lambda: DVTS(children=0),
        lambda: Rebase(temperature=0),
        lambda: MCTS(walks=0),
        lambda: MCTS(value="best"),
        lambda: BestFirst(depth=0),
        lambda: StageBeam(stage=0),
        lambda: Lookahead(steps=0),
        lambda: Revision(serial=0),
        lambda: Tournament(n=0),
        lambda: Adaptive(surely=1.0),
        lambda: Confidence(keep=0),
        lambda: BudgetForcing(word=""),
        lambda: Simulate(ideas=0),
        lambda: SMC(schedule=(1.0,)),
    ],
)
def test_settings_out_of_range_are_refused(build):
    with pytest.raises(BadInput):
        build()


# ---------------------------------------------------------------------------------------------------------- lookahead


@dataclass(frozen=True)
class NoForesight:
    """A stepped sampler that has no greedy rollouts."""

    inner: ScriptedSampler = field(default_factory=ScriptedSampler)

    def __getattr__(self, name):
        if name in ("foretell", "append", "revise", "declines"):
            raise AttributeError(name)
        return getattr(self.inner, name)


def test_a_prefix_is_scored_by_what_it_is_some_steps_later_and_stays_what_it_is():
    """Every rollout goes on with "a", the likeliest: "d" becomes "da" and is worth 5."""
    first, *_ = run(
        Beam(width=4, children=4, lookahead=1),
        ScriptedSampler(length=3, script=("ddd", "ccc", "bbb", "aaa")),
        Budget(tokens=60),
    )
    assert [(c.sample.content, c.reward) for c in first.candidates] == [("d", 5), ("c", 4), ("b", 3), ("a", 2)]
    assert first.cost == replace(Cost(tokens=8, verifier_calls=4), seconds=first.cost.seconds)


def test_sampled_rollouts_are_drawn_where_the_likeliest_tokens_are_not_known():
    rounds = run(Beam(width=4, children=4, lookahead=1), NoForesight(), Budget(tokens=60))
    assert rounds[0].cost.tokens == 8 and rounds[-1].best is not None
    with pytest.raises(BadInput, match="choose sampled"):
        run(DVTS(rollout="greedy"), NoForesight(), Budget(tokens=60))


def test_looking_ahead_averages_its_rollouts():
    """With the last letter one step away, a candidate of two letters is worth the mean of its whole words."""

    class Watched(TableReward):
        def score(self, task, samples):
            found = super().score(task, samples)
            seen.extend(zip([s.content for s in samples], found, strict=True))
            return found

    seen: list = []
    rounds = run(
        Lookahead(2, rollouts=3, steps=1), ScriptedSampler(length=2), Budget(samples=2), reward=Watched(LETTERS.table)
    )
    first = rounds[0]
    for place, one in enumerate(first.candidates):
        mine = [value for word, value in seen[:6] if word.startswith(one.sample.content)][:6]
        own = [value for _, value in seen[place:6:2]]
        assert one.reward == pytest.approx(sum(own) / 3) and set(own) <= set(mine)


# ------------------------------------------------------------------------------------------------------- dvts, rebase


def test_subtrees_do_not_compete():
    """The first subtree's best is worse than all of the second, and goes on all the same."""
    sampler = ScriptedSampler(length=3, script=("aaa", "bbb", "ddd", "ccc"))
    first, second, *_ = run(DVTS(width=4, children=2), sampler, Budget(tokens=12))
    assert [c.sample.content for c in first.candidates] == list("abdc")
    assert [c.sample.content[0] for c in second.candidates] == ["b", "b", "d", "d"]


@pytest.mark.parametrize(
    ("rewards", "children", "temperature", "given"),
    [
        ([1.0, 1.0], 4, 0.2, [2, 2]),
        ([0.0, math.log(3)], 4, 1.0, [1, 3]),
        ([0.0, 1.0, 0.0], 5, 1e-6, [0, 5, 0]),
        ([0.0, 0.0, 0.0], 4, 1.0, [2, 2, 0]),  # ceil(4/3) each, the earlier first, until four are given
        ([0.5], 0, 0.2, [0]),
        ([], 3, 0.2, []),
    ],
)
def test_children_are_shared_out_by_exp_of_the_reward(rewards, children, temperature, given):
    assert shares(rewards, children, temperature) == given


def test_finished_leaves_take_children_away():
    """A word that ends at its first letter "x" leaves three of four children to the others."""

    @dataclass(frozen=True)
    class Short(ScriptedSampler):
        def _with(self, path, letter):
            grown = super()._with(path, letter)
            return replace(grown, done=grown.done or letter == "x")

    sampler = Short(length=3, script=("x", "abc", "bbc", "cbc"))
    first, second, *_ = run(Rebase(width=4, temperature=1e-6), sampler, Budget(samples=9, tokens=12))
    assert len(first.candidates) == 4 and len(second.candidates) == 3
    assert {c.sample.content[0] for c in second.candidates} == {"c"}


# ----------------------------------------------------------------------------------------------------- tree searches


def test_a_walk_goes_on_where_less_is_known_the_more_exploration_there_is():
    roots = {}
    for exploration in (0.0, 50.0):
        rounds = run(MCTS(2, exploration), ScriptedSampler(length=2, script=("da", "aa")), Budget(tokens=40))
        roots[exploration] = [r.candidates[0].sample.content[0] for r in rounds[1:3]]
    assert roots[0.0][0] == roots[50.0][0] == "d", "the better child is walked first"
    assert set(roots[50.0]) == {"d", "a"}, "then the one that was not walked through"


def test_a_reflection_stands_in_the_prefix_of_the_next_try():
    sampler = ScriptedSampler(length=3)
    found = [
        c.sample.content
        for seed in range(6)
        for r in run(MCTS(2, 0.2, reflect=True), sampler, Budget(tokens=60), seed)
        for c in r.candidates
    ]
    assert any("An earlier try from here failed, because" in word for word in found)
    assert not any("mistake" in word for word in found), "what was asked of the failed one is not in the next"
    with pytest.raises(BadInput, match="reflect"):
        run(MCTS(reflect=True), NoForesight(), Budget(tokens=60))


def test_the_most_promising_prefix_is_expanded_wherever_it_is():
    """d (4) beats a (1); below d all letters are a: d a (5); then d a is expanded, and not a."""
    sampler = ScriptedSampler(length=4, script=("daaa", "aaaa"))
    rounds = run(BestFirst(branching=2, nodes=3, depth=9), sampler, Budget(tokens=30))
    parents = [{c.sample.content[:-1] for c in r.candidates} for r in rounds[:3]]
    assert parents[0] == {""}
    best = max(rounds[0].candidates, key=lambda c: c.reward)
    assert parents[1] == {best.sample.content}
    open_ = [c for r in rounds[:2] for c in r.candidates if c is not best]
    assert parents[2] == {max(open_, key=lambda c: c.reward).sample.content}


# ------------------------------------------------------------------------------------------------------- pairs


@dataclass(frozen=True)
class Judge:
    """Prefers the word that comes later in the alphabet; with a bias, whoever is shown first wins close pairs."""

    bias: float = 0.0
    name: str = "judge"
    revision: str = "1"
    unit_cost: Cost = field(default=Cost(verifier_calls=1))

    def prefers(self, task, first, second):
        ahead = 0.5 if first.content == second.content else float(first.content > second.content)
        return min(1.0, ahead * (1 - self.bias) + self.bias)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_a_knockout_is_won_by_who_beats_all_and_asks_both_ways_around(n):
    sampler = ScriptedSampler()
    rounds = run(Tournament(n=n, judge=Judge()), sampler, Budget(samples=99))
    words = [s.content for s in sampler.draw(TASK, range(n))]
    assert rounds[-1].best.sample.content == max(words) and rounds[-1].stopped == "done"
    assert rounds[-1].cost.verifier_calls == 2 * (n - 1)
    assert all(r.best is None for r in rounds[:-1])


def test_position_bias_is_reported():
    always_first = run(Tournament(n=4, judge=Judge(bias=1.0)), ScriptedSampler(), Budget(samples=4))[-1]
    assert "of 3 pairs 3 turned with the order; shown first wins 100%" in always_first.note
    fair = run(Tournament(n=4, judge=Judge()), ScriptedSampler(), Budget(samples=4))[-1]
    assert "of 3 pairs 0 turned with the order; shown first wins 50%" in fair.note


def test_as_many_are_drawn_as_can_also_be_compared():
    for calls in range(1, 12):
        last = run(Tournament(judge=Judge()), ScriptedSampler(), Budget(verifier_calls=calls))[-1]
        assert last.best is not None and last.cost.verifier_calls <= calls and last.stopped
        assert last.cost.samples == 1 + calls // 2


def test_a_stage_is_won_in_pairs():
    sampler = ScriptedSampler(length=2, script=("bb", "dd", "aa", "cc"))
    first, *_ = run(StageBeam(4, judge=Judge()), sampler, Budget(samples=4))
    assert "candidate 2 of 4" in first.note and "of 3 pairs 0 turned" in first.note
    with pytest.raises(BadInput, match="judge is"):
        run(StageBeam(judge=3), sampler, Budget(samples=4))
    with pytest.raises((UnknownName, BadInput)):
        run(Tournament(judge="nobody"), sampler, Budget(samples=4))


# ------------------------------------------------------------------------------------------------------- votes


def voted(*pairs):
    return [Scored(Sample("", i, info={"answer": answer}), reward) for i, (answer, reward) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("how", "ones", "answer", "weight"),
    [
        ("weighted", voted(("1", 0.4), ("2", 0.7), ("1", 0.4)), "1", 0.8),
        ("majority", voted(("1", 0.1), ("2", 0.9), ("1", 0.1)), "1", 2),
        ("majority", voted(("1", 0.1), ("2", 0.9)), "2", 1),
        ("weighted", voted(("1", -5.0), ("2", -1.0)), "2", 0),
        ("majority", voted(("", 0.9), ("", 0.9), ("3", 0.1)), "3", 1),
        ("majority", voted(("", 0.9), ("", 0.2)), "", 2),
    ],
)
def test_a_vote(how, ones, answer, weight):
    ballot = Ballot(TASK, how)
    for one in ones:
        ballot.add(one)
    assert ballot.elected.sample.info["answer"] == answer and ballot.elected.reward == pytest.approx(weight)


def test_equal_answers_about_pictures_vote_together_and_pictures_alone():
    from PIL import Image

    task = type("Vqa", (), {"kind": "vqa"})()
    said = [one.sample for one in voted(("1,200 km", 0), ("1200 kilometres", 0), ("5", 0))]
    names = grouped(task, said)
    assert names[0] == names[1] != names[2]
    pictures = [Sample(Image.new("RGB", (2, 2), colour), 0) for colour in ("red", "blue", "red")]
    first, second, third = grouped(task, pictures)
    assert first == third != second


@pytest.mark.parametrize("votes", [[3], [4], [5, 1], [7, 7], [10, 4, 3]])
def test_sureness_is_that_of_a_beta(votes):
    """I(1/2; a, b) as the chance of a or more heads in a + b - 1 throws of a fair coin."""
    first, second = (*votes, 0)[:2]
    a, n = first + 1, first + second + 1
    heads = sum(math.comb(n, k) for k in range(a, n + 1)) / 2**n
    assert settled(votes) == pytest.approx(1 - heads)
    assert settled([]) == 0.0


def test_drawing_stops_when_the_vote_is_settled_and_not_before():
    same = run(Adaptive(batch=1), ScriptedSampler(script=("aaaa",) * 50), Budget(samples=50))
    assert same[-1].cost.samples == 4, "1 - 2^-5 is the first above 0.95"
    assert same[-1].best.reward == 4 and same[-1].stopped == "done"
    split = run(Adaptive(batch=1), ScriptedSampler(script=("aaaa", "bbbb") * 10), Budget(samples=20))
    assert split[-1].cost.samples == 20 and split[-1].stopped == "samples"


# ------------------------------------------------------------------------------------------------------- confidence


def trace(*logprobs, answer="1"):
    return Sample("", 0, info={"logprobs": logprobs, "answer": answer})


@pytest.mark.parametrize("window", [1, 2, 3, 9])
def test_a_trace_is_as_confident_as_its_weakest_window(window):
    logprobs = (-0.1, -2.0, -0.3, -1.0, -1.5, -0.2)
    size = min(window, 6)
    least = min(sum(logprobs[i : i + size]) / size for i in range(6 - size + 1))
    assert GroupConfidence(window).score(TASK, [trace(*logprobs)]) == [pytest.approx(math.exp(least))]
    assert GroupConfidence(window).score(TASK, [trace()]) == [1.0]
    with pytest.raises(CannotDo, match="log-probabilities"):
        GroupConfidence(window).score(TASK, [Sample("", 0)])


def test_the_threshold_lets_a_share_through():
    assert threshold([0.1, 0.9, 0.5, 0.7], 0.5) == 0.7
    assert threshold([0.1, 0.9], 0.1) == 0.9 and threshold([], 0.5) == 0.0


@dataclass(frozen=True)
class Doubtful(ScriptedSampler):
    """Words that begin with "b" were drawn with little confidence."""

    def peek(self, task, paths):
        views = super().peek(task, paths)
        return [
            replace(
                v,
                info={
                    **v.info,
                    "answer": v.content,
                    "logprobs": (-3.0 if v.content[:1] == "b" else -0.1,) * len(v.content),
                },
            )
            for v in views
        ]


def test_only_the_confident_vote_and_the_others_are_stopped_on_their_way():
    script = ("bbbb", "bbbb", "bbbb", "aaaa", "bbbb", "bbbb", "aaaa", "cccc")
    sampler = Doubtful(script=script)
    settings = Confidence(n=8, warmup=4, keep=0.25, window=2, consensus=1.0)
    offline = run(replace(settings, online=False, consensus=1.0), sampler, Budget())
    assert offline[-1].best.sample.content == "aaaa", "three of four traces say bbbb, and none of them votes"
    online = run(
        replace(settings, warmup=5, keep=0.2),
        Doubtful(script=("bbbb", "aaaa", "cccc", "bbbb", "bbbb", *script)),
        Budget(samples=9, tokens=400),
    )
    seen = [c.sample for r in online for c in r.candidates if c.sample.index >= 5 and not c.sample.info["complete"]]
    stopped = {s.content for s in seen if s.content[0] == "b"}
    assert stopped == {"b"}, "one letter is enough to know"


# ------------------------------------------------------------------------------------------------------- others


def test_particles_are_resampled_on_schedule_and_only_then():
    rounds = run(SMC(4, 0.5, schedule=(0.25, 0.75)), ScriptedSampler(length=8), Budget(samples=4))
    assert [r.number + 1 for r in rounds if "resampled" in r.note] == [2, 6]


def test_revisions_go_on_from_the_best_or_from_the_last():
    for onto, expected in (("best", max), ("last", None)):
        rounds = run(Revision(1, 6, onto), ScriptedSampler(length=6), Budget(samples=6))
        seen = [rounds[0].candidates[0]]
        for r in rounds[1:-1]:
            (one,) = r.candidates
            before = seen[-1] if expected is None else max(seen, key=lambda c: c.reward)
            assert one.sample.parent == before.sample.index
            assert sum(a != b for a, b in zip(one.sample.content, before.sample.content, strict=True)) == 1
            seen.append(one)


@pytest.mark.parametrize(("n", "grid"), [(1, (1, 1)), (4, (2, 2)), (8, (2, 4)), (16, (4, 4)), (30, (5, 6))])
def test_a_grid_of_n_is_nearly_a_square(n, grid):
    made = Revision().of_width(n, 8)
    assert (made.parallel, made.serial) == grid


def test_steps_are_planned_by_what_whole_paths_took():
    """Paths that may take 64 steps and take 3: once one is whole, many begin together within the same budget."""

    @dataclass(frozen=True)
    class Short(ToyTree):
        def horizon(self, task):
            return 64

    rounds = run(Rebase(width=8, final="best"), Short(), Budget(tokens=200), reward=Worth())
    widths = [len(r.candidates) for r in rounds if "level 1" in r.note]
    assert widths[0] == 3 and widths[1] == 8
    assert rounds[-1].cost.tokens > 180


@dataclass(frozen=True)
class Unsure(ToyTree):
    """Paths of 3 letters that might have become 64."""

    def horizon(self, task):
        return 64


@pytest.mark.parametrize(
    "strategy",
    [Beam(), DVTS(), Rebase(), MCTS(), BestFirst(), StageBeam(), SMC(), GridAR(), Lookahead()],
    ids=str,
)
def test_a_budget_that_sees_no_longest_path_is_spent_on_those_that_there_are(strategy):
    last = run(strategy, Unsure(), Budget(tokens=36), reward=Worth())[-1]
    assert last.best is not None and 24 <= last.cost.tokens <= 36
