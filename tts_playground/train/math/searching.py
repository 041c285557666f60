"""tiny:math searches for its own lessons: trees over problems of the training kind, of which solved ones are kept.

After rStar-Math (Guan et al. 2025, arXiv:2501.04519): Monte Carlo tree search guided by a process reward; of each tree
the right solutions with the highest rewards become lessons, at most two. Where their code runs what a step claims, here
the world knows each answer. The wrong solutions that the reward likes most stand beside them, as pairs of preferences
(Agent Q, Putta et al. 2024, arXiv:2408.07199). Every searched problem is a line of a journal, so that a search goes on
after a kill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tts_playground import journal
from tts_playground.core import Budget, Round, Scored
from tts_playground.errors import BadInput
from tts_playground.models import loading
from tts_playground.models.hub.locator import revision
from tts_playground.rewards.prm import ProcessReward
from tts_playground.samplers.lm import LanguageModelSampler
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.strategies.mcts import MCTS
from tts_playground.tasks.engine import whole
from tts_playground.tasks.reasoning import ReasoningTask
from tts_playground.tasks.together import JointRun, run_together
from tts_playground.worlds.arithmetic.checking import is_correct
from tts_playground.worlds.arithmetic.generate import problems
from tts_playground.worlds.arithmetic.problem import MathProblem

SEARCH_SEED = 88_000
"""seed of the problems that are searched: of the kind that training shows, and none of those it showed"""
KEPT = 2
"""right and wrong solutions kept of a problem, as in rStar-Math"""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What is searched, and how long."""

    problems: int = 1000
    """problems of all levels"""
    tokens: int = 2048
    """for each of them"""
    seed: int = 0
    temperature: float = 1.0
    max_tokens: int = 320
    """of one solution"""


@dataclass(frozen=True, slots=True)
class SearchedProblem:
    """A problem and what its tree came to."""

    problem: str
    right: tuple[str, ...]
    """solutions with the right answer, the highest reward first, at most ``KEPT``"""
    wrong: tuple[str, ...]
    """finished ones with another answer, likewise"""
    finished: int
    """different finished solutions of the tree"""
    tokens: int


def searched(
    writer: Path, judge: str, file: Path, plan: SearchPlan, *, device: str = "auto", resume: bool = False
) -> Iterator[SearchedProblem]:
    """What each problem's tree came to, in order; those of a journal first, the others as they are searched.

    Args:
        writer: folder of a tiny:math.
        judge: name or folder of the process reward that guides.
        file: the journal; begun anew without ``resume``.

    Raises:
        BadInput: the journal is of another writer, judge or plan.
        ModelUnavailable: a model is not here.
    """
    head = {"writer": _named(writer), "judge": _named(Path(judge)), **asdict(plan)}
    del head["problems"]  # more of them go on where fewer ended
    rows = journal.read(file) if resume and file.exists() else []
    if rows and rows[0] != head:
        raise BadInput(f"{file} is of another search; leave --resume off, or order what it was begun with.")
    known = [_of_row(row) for row in rows[1:]][: plan.problems]
    yield from known
    asked = problems(SEARCH_SEED + plan.seed, plan.problems - len(known), start=len(known))
    with journal.growing(file, "The journal of the search", keep=len(known) + 1 if rows else 0) as append:
        if not rows:
            append([head])
        for one in _drawn(asked, len(known), writer, judge, plan, device):
            append([asdict(one)])
            yield one


def _named(folder: Path) -> str:
    """A folder by its name and weights, wherever it stands; a name as it is."""
    return f"{folder.name}-{revision(folder)}" if folder.is_dir() else str(folder)


def _of_row(row: Mapping[str, Any]) -> SearchedProblem:
    texts = {name: tuple(map(str, row[name])) for name in ("right", "wrong")}
    return SearchedProblem(str(row["problem"]), **texts, finished=int(row["finished"]), tokens=int(row["tokens"]))


def _drawn(
    asked: Sequence[MathProblem], first: int, writer: Path, judge: str, plan: SearchPlan, device: str
) -> Iterator[SearchedProblem]:
    """Trees of all problems through one batch, handed out in order."""
    options = loading.Options(device)
    sampler = LanguageModelSampler(
        loading.load(str(writer), "lm", options), SolutionSettings(plan.temperature, max_tokens=plan.max_tokens)
    )
    jobs = (
        JointRun(ReasoningTask(one.problem), MCTS(), Budget(tokens=plan.tokens), plan.seed + first + place)
        for place, one in enumerate(asked)
    )
    rounds: dict[int, list[Round]] = {}
    ended: dict[int, SearchedProblem] = {}
    following = 0
    for number, round_ in run_together(jobs, sampler, ProcessReward(judge, device=device)):
        rounds.setdefault(number, []).append(round_)
        if round_.stopped:
            ended[number] = kept(asked[number], rounds.pop(number))
        while following in ended:
            yield ended.pop(following)
            following += 1


def kept(problem: MathProblem, rounds: Sequence[Round]) -> SearchedProblem:
    """The best right and the best wrong solutions of a tree."""
    best: dict[str, Scored] = {}
    for one in whole(rounds):
        text = str(one.sample.content).strip()
        if text and (text not in best or one.reward > best[text].reward):
            best[text] = one
    order = sorted(best, key=lambda text: -best[text].reward)
    right = [text for text in order if is_correct(problem, text)]
    wrong = [text for text in order if text not in set(right)]
    spent = rounds[-1].cost.tokens if rounds else 0
    return SearchedProblem(problem.problem, tuple(right[:KEPT]), tuple(wrong[:KEPT]), len(best), spent)
