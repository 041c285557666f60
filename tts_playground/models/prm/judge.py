"""Scores steps with any form of process reward model: all steps of a solution cost one forward.

Solutions of a problem share the keys and values of what they begin with. Padding is on the right, behind everything
that is read, so that it changes nothing.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tts_playground.errors import UnknownName
from tts_playground.models.hub import folders, shapes
from tts_playground.models.hub.embedded_models import quietly
from tts_playground.models.lm.model import cache_of, layers_of
from tts_playground.models.lru_cache import LruCache
from tts_playground.models.prm.chat_turns import ChatTurns
from tts_playground.models.prm.extra_tokens import ExtraTokens
from tts_playground.models.prm.form import Form, Written
from tts_playground.models.prm.step_tags import StepTags
from tts_playground.models.prm.token_labels import TokenLabels
from tts_playground.models.prm.value_head import ValueHead, head_in

if TYPE_CHECKING:
    from torch import Tensor

TOKENS = {"cpu": 8192, "cuda": 65536}
"""of a batch, padding included"""
KEPT = 8192
"""solutions whose scores are kept"""
WORTH_SHARING = 16
"""tokens that a group's solutions must begin with together for them to be read once"""
TOKEN_FORMS = {"chat-turns": ChatTurns, "step-tags": StepTags}
"""forms of a language model that has no head of its own"""
log = logging.getLogger(__name__)

Asked = tuple[str, tuple[str, ...]]
"""a problem, and the steps of a solution"""


class StepJudge:
    """A process reward model with the form in which it is asked."""

    def __init__(self, model: Any, form: Form) -> None:
        self.model, self.form = model.eval(), form
        self._known: LruCache[Asked, tuple[float, ...]] = LruCache(KEPT)

    @property
    def longest(self) -> int:
        """Tokens that the model can hold."""
        return int(getattr(self.model.config, "max_position_embeddings", None) or 1 << 30)

    def step_scores(self, asked: Sequence[Asked]) -> list[tuple[float, ...]]:
        """P(right), 0 to 1, of each step of each solution. Equal ones are read once.

        Steps beyond what the model can hold count as wrong: 0.
        """
        each = dict.fromkeys(asked)
        found: dict[Asked, tuple[float, ...]] = {one: () for one in each if not one[1]}
        found |= {one: known for one in each if (known := self._known.get(one)) is not None}
        written = {one: self.form.write(*one) for one in each if one not in found}
        longest, cut = self.longest, 0
        rows: dict[str, list[tuple[Asked, Written]]] = defaultdict(list)
        for one, told in written.items():
            cut += told.places[-1] >= longest
            rows[one[0]].append((one, _within(told, longest)))
        if cut:
            log.warning("%d solutions are longer than the judge can hold; their last steps count as wrong.", cut)
        for some in rows.values():
            for batch in self._batches(some):
                for (one, told), chances in zip(batch, self._read([told for _, told in batch]), strict=True):
                    scores = tuple(chances) + (0.0,) * (len(one[1]) - len(told.places))
                    found[one] = self._known.put(one, scores)
        return [found[one] for one in asked]

    def forget(self) -> None:
        """Let go of what was scored lately."""
        self._known.clear()

    def _batches(self, rows: list[tuple[Asked, Written]]) -> Iterator[list[tuple[Asked, Written]]]:
        """Solutions of one problem, alike in length, as many as fit into one forward."""
        most = TOKENS.get(self._device.type, TOKENS["cpu"])
        batch: list[tuple[Asked, Written]] = []
        for row in sorted(rows, key=lambda row: -len(row[1].ids)):
            if batch and (len(batch) + 1) * len(batch[0][1].ids) > most:
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch

    @property
    def _device(self) -> Any:
        return self.model.get_input_embeddings().weight.device

    def _read(self, rows: Sequence[Written]) -> list[list[float]]:
        """One forward over a batch, and a short one over what its rows begin with."""
        import torch

        with torch.inference_mode():
            shared, cache = self._shared(rows)
            ids, mask = self._padded(rows, shared)
            states = self.form.states(ids, mask, cache)
            at = [(number, place - shared) for number, row in enumerate(rows) for place in row.places]
            if not at:
                return [[] for _ in rows]
            numbers, places = zip(*at, strict=True)
            chances = iter(self.form.chances(states[list(numbers), list(places)]).tolist())
        return [[next(chances) for _ in row.places] for row in rows]

    def _shared(self, rows: Sequence[Written]) -> tuple[int, Any]:
        """How many tokens all rows begin with, and a cache of those for every row."""
        import torch

        # what is read of a row must come after what is shared
        most = min((row.places[0] for row in rows if row.places), default=0)
        shared = _common([row.ids for row in rows], most)
        if len(rows) < 2 or shared < WORTH_SHARING or not self.form.shares:
            return 0, None
        one = torch.tensor([rows[0].ids[:shared]], device=self._device)
        cache = cache_of(())
        self.form.states(one, torch.ones_like(one), cache)
        each = tuple(
            (keys.expand(len(rows), -1, -1, -1), values.expand(len(rows), -1, -1, -1))
            for keys, values in layers_of(cache)
        )
        return shared, cache_of(each)

    def _padded(self, rows: Sequence[Written], shared: int) -> tuple[Tensor, Tensor]:
        import torch

        longest = max(len(row.ids) for row in rows)
        ids = torch.zeros(len(rows), longest - shared, dtype=torch.int64)
        mask = torch.zeros(len(rows), longest, dtype=torch.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row.ids) - shared] = torch.tensor(row.ids[shared:])
            mask[number, : len(row.ids)] = 1
        return ids.to(self._device), mask.to(self._device)


def _common(rows: Sequence[tuple[int, ...]], most: int) -> int:
    first, last = min(rows), max(rows)  # of sorted rows these two differ first
    return next((place for place in range(min(most, len(first))) if first[place] != last[place]), min(most, len(first)))


def _within(told: Written, longest: int) -> Written:
    """What a model can hold of it, up to the last step that is read."""
    places = tuple(place for place in told.places if place < longest)
    return Written(told.ids[: places[-1] + 1] if places else told.ids[:1], places)


def step_judge(folder: str, tokenizer: Any, given: Mapping[str, Any], placed: Callable[[Any], Any]) -> StepJudge:
    """The judge in a folder, in the form that its files tell.

    A language model with neither labels nor a value head is asked in chat turns where it has a chat template, else by
    step tags; ``"prm_form"`` in its config.json says otherwise.

    Args:
        given: what ``from_pretrained`` is told. placed: puts a model where it is wanted.

    Raises:
        UnknownName: no such form. ModelUnavailable: the tokenizer lacks what the form needs.
    """
    import transformers

    if given.get("trust_remote_code"):
        with quietly(folder):
            model = placed(transformers.AutoModel.from_pretrained(folder, **given))
        return StepJudge(model, ExtraTokens(model, tokenizer))
    config = folders.config(Path(folder), folder)
    auto = shapes.judging_class(config.get("architectures"))
    with quietly(folder):
        model = placed(getattr(transformers, auto).from_pretrained(folder, **given))
    if auto == "AutoModelForTokenClassification":
        return StepJudge(model, TokenLabels(model, tokenizer, chat=config.get("prm_prompt") == "chat"))
    head = head_in(Path(folder))
    if head is not None:
        return StepJudge(model, ValueHead(model, tokenizer, head))
    form = config.get("prm_form") or ("chat-turns" if _chats(tokenizer, folder) else "step-tags")
    if form not in TOKEN_FORMS:
        raise UnknownName("form of process reward models (prm_form)", str(form), TOKEN_FORMS)
    return StepJudge(model, TOKEN_FORMS[form](model, tokenizer))


def _chats(tokenizer: Any, folder: str) -> bool:
    """Whether a language model judges in a chat; Math-Shepherd's does not, whatever its tokenizer brings along."""
    return bool(tokenizer.chat_template) and "shepherd" not in folder.lower()
