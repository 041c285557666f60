"""Problems that are solved in steps of words: the task, what a model is told, and whether an answer is right."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tts_playground import answers
from tts_playground.answers.sums import sum_of
from tts_playground.tasks.validation import check_words
from tts_playground.typed import checked_text, typed

LONGEST = 20_000
"""characters of a problem"""
SYSTEM_PROMPT = """Solve the problem in steps. Write each step like this, with a blank line behind it:

## Step k: [what is done]
[the reasoning, in few words, and what it comes to]

k is 1, 2, 3 and so on; take as few steps as the problem needs. End with this line:

Therefore, the final answer is: $\\boxed{answer}$. I hope it is correct.

Between the braces stands nothing but the number or the expression that is asked for."""
EQUALITY = "tts_playground.answers.equality"
"""compares what stands in boxes as mathematics; its ``groups`` names equal answers alike"""


def truth_of(problem: str) -> str:
    """The right answer of a problem that is a plain sum, as "12*7+5"; "" of any other."""
    value = sum_of(problem)
    return "" if value is None else str(value)


@dataclass(frozen=True)
@typed
class ReasoningTask:
    """A problem in words.

    Raises:
        BadInput: no problem, or one that is too long.
    """

    problem: str
    answer: str = field(default="", compare=False)
    """the right one, where it is known; no part of what is asked"""
    level: int = field(default=0, compare=False)
    """of difficulty, 1 to 5; 0 where nobody says"""
    subject: str = field(default="", compare=False)
    unique_id: str = field(default="", compare=False)
    system_prompt: str = SYSTEM_PROMPT
    """how to solve it; "" says nothing"""
    earlier: tuple[tuple[str, str], ...] = ()
    """(role, text) of what was said before it, "user" or "assistant" """
    kind: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        check_words("problem", self.problem, LONGEST, "write what is to be solved")
        checked_text("The system prompt", self.system_prompt)
        for number, (_, said) in enumerate(self.earlier, 1):
            checked_text(f"Turn {number} of what was said before", said)

    def key(self) -> Mapping[str, Any]:
        """The problem and how it is put."""
        before = {"earlier": [list(turn) for turn in self.earlier]} if self.earlier else {}
        return {"problem": self.problem, "system_prompt": self.system_prompt, **before}

    def unanswered(self) -> ReasoningTask:
        """The same problem without its answer: what samplers and rewards are handed."""
        return replace(self, answer="")

    def right(self, answer: str) -> bool | None:
        """Whether an answer is right; None where the truth is not known."""
        if not self.answer:
            return None
        return bool(answer) and len(set(equal_groups([self.answer, answer]))) == 1


def equal_groups(said: Sequence[str]) -> list[Any]:
    """One name per answer, the same for those that are equal."""
    if importlib.util.find_spec(EQUALITY) is not None:
        return list(importlib.import_module(EQUALITY).groups(said))
    return list(answers.groups(said))
