"""What a language model is told: turns of a conversation, by its own chat template or as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tts_playground.errors import BadInput

Turns = Sequence[Mapping[str, str]]
"""``[{"role": "system" | "user" | "assistant", "content": ...}]``"""
AGAIN = "{verdict}\n\nWrite the whole solution again, with its mistake put right."
"""what follows an attempt that is to be revised"""


def solve_turns(problem: str, system_prompt: str = "", earlier: Sequence[tuple[str, str]] = ()) -> Turns:
    """What asks for a solution.

    Args:
        earlier: (role, text) of what was said before, "user" or "assistant".
    """
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    before = [{"role": role, "content": text} for role, text in earlier]
    return [*system, *before, {"role": "user", "content": problem}]


def revise_turns(
    problem: str, system_prompt: str, attempt: str, verdict: str, earlier: Sequence[tuple[str, str]] = ()
) -> Turns:
    """What asks for a new solution: the attempt is shown as the model's own reply, and the verdict as the answer."""
    again = AGAIN.replace("{verdict}", verdict.strip() or "This solution is wrong.")
    shown = {"role": "assistant", "content": attempt.strip()}
    return [*solve_turns(problem, system_prompt, earlier), shown, {"role": "user", "content": again}]


def without_specials(turns: Turns, specials: Sequence[str]) -> Turns:
    """The same turns with nothing in them that ends a turn or begins one."""
    clean: list[dict[str, str]] = []
    for turn in turns:
        content = turn["content"]
        for special in specials:
            content = content.replace(special, " ")
        clean.append({"role": turn["role"], "content": content})
    return clean


def plain_text(turns: Turns) -> str:
    """Turns for a model that knows no conversations: one below the other, with a blank line between them."""
    return "".join(f"{turn['content'].strip()}\n\n" for turn in turns)


def chat_text(tokenizer: Any, turns: Turns, template: str = "", *, reply: bool = True) -> str:
    """Turns as a chat template writes them; a model without one gets ``plain_text``.

    Where a template knows no system turn, its words stand before the first user's.

    Args:
        template: Jinja, in place of the tokenizer's own.
        reply: up to where the model's reply begins.

    Raises:
        BadInput: the template cannot write these turns.
    """
    if not (template or getattr(tokenizer, "chat_template", None)):
        return plain_text(turns)
    given: dict[str, Any] = {"add_generation_prompt": reply, "tokenize": False}
    given |= {"chat_template": template} if template else {}
    refused: Exception | None = None
    for told in (turns, _merged(turns)):
        try:
            return tokenizer.apply_chat_template(list(told), **given)
        except Exception as error:  # jinja raises errors of many kinds, a template's own among them
            refused = error
    said = str(refused).splitlines()[0][:200] if str(refused) else type(refused).__name__
    raise BadInput(f"The chat template cannot write this conversation: {said}") from refused


def _merged(turns: Turns) -> Turns:
    if len(turns) < 2 or turns[0]["role"] != "system":
        return turns
    first = {"role": turns[1]["role"], "content": f"{turns[0]['content']}\n\n{turns[1]['content']}"}
    return [first, *turns[2:]]
