"""Scores steps with any form of process reward model: all steps of a solution cost one forward (``reading``)."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tts_playground.errors import ModelUnavailable, UnknownName, plural
from tts_playground.models.hub import folders, shapes
from tts_playground.models.hub.embedded_models import quietly
from tts_playground.models.lru_cache import LruCache
from tts_playground.models.prm import token_labels
from tts_playground.models.prm.chat_turns import ChatTurns
from tts_playground.models.prm.extra_tokens import ExtraTokens
from tts_playground.models.prm.form import Form, Written
from tts_playground.models.prm.reading import Asking, Read, Reading
from tts_playground.models.prm.step_tags import StepTags
from tts_playground.models.prm.token_labels import TokenLabels
from tts_playground.models.prm.value_head import ValueHead, head_in

TOKENS = {"cpu": 8192, "cuda": 32768}
"""of a batch, padding included"""
UNEVEN = 16
"""tokens that the longest solution of a batch may have beyond twice those of the shortest: all are padded to it"""
KEPT = 8192
"""solutions whose scores are kept"""
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
        self._reading = Reading(form, model.get_input_embeddings().weight.device)

    @property
    def longest(self) -> int:
        """Tokens that the model can hold."""
        return int(getattr(self.model.config, "max_position_embeddings", None) or 1 << 30)

    def step_scores(self, asked: Sequence[Asked], unfinished: Sequence[bool] = ()) -> list[tuple[float, ...]]:
        """P(right), 0 to 1, of each step of each solution. Equal ones are read once.

        Steps beyond what the model can hold count as wrong: 0. Where the model gives no number, neither does this.

        Args:
            unfinished: of each solution, whether it is likely to be asked about again with further steps.
        """
        going_on = {one for one, more in zip(asked, unfinished, strict=False) if more}
        each = dict.fromkeys(asked)
        found: dict[Asked, tuple[float, ...]] = {one: () for one in each if not one[1]}
        found |= {one: known for one in each if (known := self._known.get(one)) is not None}
        written = {one: self.form.write(*one) for one in each if one not in found}
        longest, cut = self.longest, 0
        rows: dict[str, list[tuple[Asked, Asking]]] = defaultdict(list)
        for one, told in written.items():
            cut += told.places[-1] >= longest
            rows[one[0]].append((one, Asking(_within(told, longest), one in going_on)))
        if cut:
            log.warning("%s longer than the judge can hold: steps beyond that count as wrong.", plural(cut, "solution"))
        for batch in self._batches(rows.values()):
            _, asking, known = zip(*batch, strict=True)
            for (one, _, _), chances in zip(batch, self._reading.chances(asking, known), strict=True):
                scores = tuple(chances) + (0.0,) * (len(one[1]) - len(chances))
                found[one] = self._known.put(one, scores)
        return [found[one] for one in asked]

    def forget(self) -> None:
        """Let go of what was scored lately."""
        self._known.clear()
        self._reading.forget()

    def _batches(self, rows: Iterable[list[tuple[Asked, Asking]]]) -> Iterator[list[Row]]:
        """Solutions of a problem, alike in what is left to read, as many as fit into one forward.

        Never of several problems: bits depend on a batch's shape, and so a row would on who shares its worker.
        """
        for some in rows:
            told = [(one, asking, self._reading.known(asking.told)) for one, asking in some]
            yield from self._alike([row for row in told if row[2] is None])
            yield from self._alike([row for row in told if row[2] is not None])

    def _alike(self, rows: list[Row]) -> Iterator[list[Row]]:
        most = TOKENS.get(self._reading.device.type, TOKENS["cpu"])
        batch: list[Row] = []
        for row in sorted(rows, key=lambda row: -_left(row)):
            full = batch and (len(batch) + 1) * len(batch[0][1].told.ids) > most
            if batch and (full or _left(batch[0]) > 2 * _left(row) + UNEVEN):
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch


Row = tuple[Asked, Asking, Read | None]
"""a solution, how it is written, and what was read of it before"""


def _left(row: Row) -> int:
    """Tokens of a solution that were not read before; without its problem, where nothing was."""
    told, known = row[1].told, row[2]
    return len(told.ids) - (min(told.places, default=0) if known is None else known.length)


def _within(told: Written, longest: int) -> Written:
    """What a model can hold of it, up to the last step that is read."""
    places = tuple(place for place in told.places if place < longest)
    return Written(told.ids[: places[-1] + 1] if places else told.ids[:1], places)


def step_judge(folder: str, tokenizer: Any, given: Mapping[str, Any], placed: Callable[[Any], Any]) -> StepJudge:
    """The judge in a folder, in the form that its files tell.

    A language model with neither labels nor a value head is asked in chat turns where it has a chat template, else by
    step tags; ``"prm_form"`` in its config.json says otherwise, and ``"prm_separator"`` what stands behind each step.

    Args:
        given: what ``from_pretrained`` is told. placed: puts a model where it is wanted.

    Raises:
        UnknownName: no such form. ModelUnavailable: the tokenizer lacks what the form needs, or no such separator.
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
        separator = _separator(config) or token_labels.SEPARATOR
        chat = config.get("prm_prompt") == "chat"
        return StepJudge(model, TokenLabels(model, tokenizer, separator, chat=chat))
    head = head_in(Path(folder))
    if head is not None:
        return StepJudge(model, ValueHead(model, tokenizer, head))
    form = config.get("prm_form") or ("chat-turns" if _chats(tokenizer, folder) else "step-tags")
    if form not in TOKEN_FORMS:
        raise UnknownName("form of process reward models (prm_form)", str(form), TOKEN_FORMS)
    if form == "step-tags" and (tag := _separator(config)):
        return StepJudge(model, StepTags(model, tokenizer, tag))
    return StepJudge(model, TOKEN_FORMS[form](model, tokenizer))


def _separator(config: Mapping[str, Any]) -> str:
    """What stands behind each step where a judge's config.json says so; "" where it does not.

    Raises:
        ModelUnavailable: it is no text, or an empty one.
    """
    told = config.get("prm_separator")
    if told is not None and not (isinstance(told, str) and told):
        raise ModelUnavailable("What stands behind each step (prm_separator in config.json) must be a text.")
    return told or ""


def _chats(tokenizer: Any, folder: str) -> bool:
    """Whether a language model judges in a chat; Math-Shepherd's does not, whatever its tokenizer brings along."""
    return bool(tokenizer.chat_template) and "shepherd" not in folder.lower()
