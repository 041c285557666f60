"""Any image-text-to-text model of transformers as a chooser: exact chances from logits, and replies drawn from them.

The picture and the prompt go through the model once a question; what may follow is scored on top of the kept keys and
values, one token deeper at a time. Replies that begin alike share their computation, so a thousand draws cost about as
much as the few dozen different replies among them; each is still an independent draw.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tts_playground import randomness
from tts_playground.auditing.choosers import ChoiceQuestion
from tts_playground.auditing.statistics import Floats
from tts_playground.errors import BadInput, CannotDo
from tts_playground.models.loading import Loaded
from tts_playground.models.vlm.model import Vlm
from tts_playground.models.vlm.option_probabilities import TokenIds, option_probabilities, spelt_options
from tts_playground.typed import typed

VERSION = "1"
COLDEST = 1e-4
"""lowest temperature; below it the likeliest token is all"""


@dataclass(frozen=True)
@typed
class VisionChooser:
    """A vision-language model that is asked to choose; raises BadInput where ``batch`` is below 1."""

    loaded: Loaded
    batch: int = 8
    """pictures, or different beginnings of a reply, in one forward pass"""
    _kept: dict[tuple[str, tuple[str, ...]], list[list[TokenIds]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise BadInput(f"A batch holds at least 1 picture, not {self.batch}.")

    def fingerprint(self) -> Mapping[str, Any]:
        """The model's name, revision and dtype."""
        return {**self.loaded.fingerprint(), "version": VERSION}

    @cached_property
    def _vlm(self) -> Vlm:
        return self.loaded.value

    def chances(self, questions: Sequence[ChoiceQuestion], temperature: float = 1.0) -> Floats:
        """[questions, options] chance that the reply begins with each option, whichever way it is spelt in tokens.

        The temperature divides the logits of every token, as it does when a reply is drawn.
        """
        rows: list[Floats] = []
        for start in range(0, len(questions), self.batch):
            part = questions[start : start + self.batch]
            if len({(question.prompt, question.options) for question in part}) == 1:
                rows += list(self._chances(part, temperature))
            else:
                rows += [self._chances([question], temperature)[0] for question in part]
        return np.array(rows)

    def _chances(self, questions: Sequence[ChoiceQuestion], temperature: float) -> Floats:
        first, cache, position = self._prefill(questions)

        def after(stem: TokenIds) -> Floats:
            fed = [list(stem)] * len(questions)
            logits = self._feed(fed, copy.deepcopy(cache), position) if stem else first
            return self._log_softmax(logits, temperature)

        return option_probabilities(self._spellings(questions[0]), after)

    def replies(
        self, question: ChoiceQuestion, n: int, *, seed: int = 0, temperature: float = 1.0, longest: int = 8
    ) -> list[str]:
        """``n`` independent replies of at most ``longest`` tokens."""
        prefix = self._vlm.prefix(question.image, question.prompt)
        noise = randomness.generator(seed, "replies", *question.stream).random((n, longest))
        said: list[list[int]] = [[] for _ in range(n)]
        start = Branch(self._log_softmax(prefix.logits[None], temperature), prefix.cache, prefix.position)
        self._go_on(said, [list(range(n))], start, noise, temperature)
        return [self._vlm.decode(tokens).strip() for tokens in said]

    def _go_on(
        self, said: list[list[int]], groups: list[list[int]], branch: Branch, noise: Floats, temperature: float
    ) -> None:
        """Draw the next token of every reply; those of a group have said the same, and are one row of the branch."""
        depth = len(said[groups[0][0]])
        beginnings: dict[tuple[int, int], list[int]] = {}
        for number, group in enumerate(groups):
            edges = np.cumsum(np.exp(branch.table[number]))
            picks = np.searchsorted(edges, noise[group, depth] * edges[-1], side="right")
            for reply, token in zip(group, picks.clip(max=len(edges) - 1).tolist(), strict=True):
                if token not in self._vlm.ends:
                    said[reply].append(token)
                    beginnings.setdefault((number, token), []).append(reply)
        if depth + 1 >= noise.shape[1]:
            return
        items = list(beginnings.items())
        for start in range(0, len(items), self.batch):
            part = items[start : start + self.batch]
            cache = _rows(branch.cache, [number for (number, _), _ in part])
            logits = self._feed([[token] for (_, token), _ in part], cache, branch.position)
            after = Branch(self._log_softmax(logits, temperature), cache, branch.position + 1)
            self._go_on(said, [replies for _, replies in part], after, noise, temperature)

    def _prefill(self, questions: Sequence[ChoiceQuestion]) -> tuple[Any, Any, Any]:
        """(logits of the first token [n, vocabulary], keys and values, position of the next token) for one prompt."""
        import torch

        vlm = self._vlm
        inputs = vlm.inputs([question.image for question in questions], [question.prompt for question in questions])
        cache = vlm.fresh_cache()
        try:
            with torch.inference_mode():
                out = vlm.model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        except torch.OutOfMemoryError as error:
            raise CannotDo(f"{len(questions)} pictures at once do not fit into the memory; lower the batch.") from error
        return out.logits[:, -1], cache, vlm.next_positions(inputs)

    def _feed(self, tokens: list[list[int]], cache: Any, position: Any) -> Any:
        """Logits [n, vocabulary] behind the given tokens [n, m]; the cache grows."""
        import torch

        with torch.inference_mode():
            ids = torch.tensor(tokens, device=self._vlm.device)
            return self._vlm.forward(ids, cache, position, [ids.shape[1] - 1])[:, 0]

    def _log_softmax(self, logits: Any, temperature: float) -> Floats:
        scaled = logits.double() / max(temperature, COLDEST)
        return scaled.log_softmax(-1).cpu().numpy()

    def _spellings(self, question: ChoiceQuestion) -> list[list[TokenIds]]:
        key = (question.prompt, question.options)
        if key not in self._kept:
            self._kept[key] = spelt_options(self._vlm, self.loaded.name, *key)
        return self._kept[key]


@dataclass(frozen=True, eq=False)
class Branch:
    """Replies that go on: a row each for those that have said the same so far."""

    table: Floats
    """[rows, vocabulary] log-probabilities of the next token"""
    cache: Any
    position: int


def _rows(cache: Any, rows: list[int]) -> Any:
    """A copy of kept keys and values with these rows (any number of times each)."""
    import torch

    branch = copy.deepcopy(cache)
    branch.batch_select_indices(torch.tensor(rows))
    return branch
