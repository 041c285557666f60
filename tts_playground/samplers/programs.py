"""A vision-language model as a program sampler: it looks at the drawing and writes a program, n times in one batch.

Any model of transformers' AutoModelForImageTextToText: the small one that ships, one from the hub, a fine-tuned
adapter. A model that was trained on one short request is asked that; others get the language explained in the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tts_playground.core import Cost, Sample
from tts_playground.dsl.drawings import Drawing, unpack
from tts_playground.dsl.extraction import extract
from tts_playground.dsl.instructions import describe_picture
from tts_playground.dsl.prefixes import ProgramPrefix
from tts_playground.dsl.scoring import CLOSENESS, check_closeness
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput
from tts_playground.models.load_options import Options
from tts_playground.samplers.grammar import TokenGrammar, grammar
from tts_playground.samplers.proposal import RESTARTS, ProposalSampler
from tts_playground.typed import typed
from tts_playground.worlds.programs import PROMPT

if TYPE_CHECKING:
    from PIL import Image

    from tts_playground.models.loading import Loaded
    from tts_playground.models.vlm.model import Vlm, VlmPrefix


def request(tokenizer: Any) -> str:
    """What to ask a model for a drawing's program.

    A vocabulary that holds the short request as one token belongs to a model that was trained on it; any other model is
    told the language first.
    """
    return PROMPT if PROMPT in tokenizer.get_vocab() else describe_picture()


def picture(task: Drawing) -> Image.Image:
    """The drawing as a model sees it: RGB, black on white, at the task's size."""
    from PIL import Image

    return Image.fromarray(~unpack(task.mask, task.side)).convert("RGB")


@dataclass(frozen=True)
class Reply:
    """What a model said."""

    text: str
    tokens: tuple[int, ...]
    logprob: float
    """natural log of its probability under the sampling distribution"""
    closed: bool = False
    """whether a constrained program ran out of tokens and was ended for it"""


@dataclass(frozen=True)
@typed
class ProgramSampler:
    """Draws programs from a model: a Sampler, and a Neighbourhood whose neighbours are those of the model-free search.

    A reply without a program counts as the empty one; ``info`` keeps the raw text, how it was read, and the error.

    Raises:
        BadInput: a setting is out of range.
    """

    model: str = "tiny:sketch"
    """"tiny:sketch", a hub id, a folder, or "adapter:NAME" for a fine-tuned one"""
    temperature: float = 1.0
    """0 is greedy, up to 10"""
    top_p: float = 0.95
    """above 0, at most 1; 1 keeps all tokens"""
    top_k: int = 64
    """0 keeps all tokens"""
    grammar: bool = False
    """whether only tokens that lead to a program may be drawn"""
    max_tokens: int = 256
    """longest reply, 1-4096"""
    batch: int = 64
    """replies drawn at a time, 1 or more"""
    options: Options = field(default=Options())
    """how and where the model is loaded"""
    closeness: float = CLOSENESS
    """between shorter (0) and closer (1): of the neighbours that a search walks to; no part of the distribution"""
    version: ClassVar[str] = "1"

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10 or not 0 < self.top_p <= 1 or self.top_k < 0:
            raise BadInput("A program sampler needs a temperature 0-10, top_p above 0 and at most 1, top_k 0 or more.")
        if not 1 <= self.max_tokens <= 4096 or self.batch < 1:
            raise BadInput("A program sampler needs max_tokens 1-4096 and a batch of 1 or more.")
        check_closeness(self.closeness)

    def fingerprint(self) -> Mapping[str, Any]:
        """Everything that decides the distribution; loads the model."""
        loaded = self._loaded()
        return {
            "sampler": "programs",
            "version": self.version,
            **loaded.fingerprint(),
            "request": request(loaded.value.tokenizer),
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "grammar": self.grammar,
            "max_tokens": self.max_tokens,
        }

    def ready(self) -> None:
        """Load the model now, so that its seconds are not the first search's."""
        self._loaded()

    def draw(self, task: Drawing, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One program per index; a batch is drawn when its first sample is asked for."""
        from tts_playground.models.vlm.decode import rows_that_fit

        vlm: Vlm = self._loaded().value
        prefix = vlm.prefix(picture(task), request(vlm.tokenizer))
        at_once = min(self.batch, rows_that_fit(vlm, prefix, self.max_tokens))
        for start in range(0, len(indices), at_once):
            block = indices[start : start + at_once]
            for index, reply in zip(block, self._replies(vlm, prefix, block, seed), strict=True):
                yield sample_of(reply, index, seed)

    def neighbours(self, task: Drawing, sample: Sample, *, seed: int = 0) -> Iterator[Sample]:
        """Programs one edit away, best first: see ``ProposalSampler.neighbours``."""
        return ProposalSampler(closeness=self.closeness).neighbours(task, sample, seed=seed)

    def further(self, task: Drawing, found: Sequence[Sample], *, seed: int = 0, turn: int = 0) -> Iterator[Sample]:
        """Crossings of ``ProposalSampler``, then, in place of its restart, a reply of a fresh index."""
        fresh = self.draw(task, [RESTARTS + turn], seed=seed)
        return ProposalSampler(closeness=self.closeness).recombined(task, found, fresh, seed=seed, turn=turn)

    def revise(
        self, task: Drawing, attempt: Sample, verdict: str, indices: Sequence[int], *, seed: int = 0
    ) -> Iterator[Sample]:
        """Programs near the attempt, as CodeMonkeys edits: see ``ProposalSampler.revise``."""
        return ProposalSampler().revise(task, attempt, verdict, indices, seed=seed)

    # ------------------------------------------------------------------------------------------------- tokens

    def _loaded(self) -> Loaded:
        from tts_playground.models.adapters import load

        return load(self.model, self.options)

    def _replies(self, vlm: Vlm, prefix: VlmPrefix, indices: Sequence[int], seed: int) -> list[Reply]:
        """One reply per index, token by token in one batch."""
        from tts_playground.models.vlm.decode import ReplyRow, draw_rows

        rows = [ReplyRow(seed, index, self.temperature, self.top_k, self.top_p) for index in indices]
        rules = grammar(vlm.tokenizer, prefix.logits.shape[-1], vlm.ends) if self.grammar else None
        writing = None if rules is None else _Writing(rules, len(rows))
        room = max(1, min(self.max_tokens, vlm.longest - prefix.length))
        found: dict[int, Reply] = {}
        for place, drawn in draw_rows(
            vlm,
            prefix,
            rows,
            room,
            lambda row, tokens: tokens[-1] in vlm.ends,
            allow=None if writing is None else writing.allowed,
        ):
            if place < 0:  # between two tokens
                continue
            text, closed = (vlm.decode(drawn.tokens), False) if writing is None else writing.text(place, drawn.tokens)
            found[place] = Reply(text, tuple(drawn.tokens), sum(drawn.logprobs), closed)
        return [found[place] for place in range(len(rows))]


class _Writing:
    """Where each row of a batch stands in the grammar."""

    def __init__(self, rules: TokenGrammar, count: int) -> None:
        self.rules = rules
        self.states = [ProgramPrefix()] * count
        self.read = [0] * count

    def allowed(self, place: int, tokens: list[int]) -> Any:
        """bool [V]: what may follow a row's tokens."""
        self._catch_up(place, tokens)
        return self.rules.mask(self.states[place])

    def text(self, place: int, tokens: list[int]) -> tuple[str, bool]:
        """(a program's text, whether it ran out of tokens and got the shortest ending)."""
        self._catch_up(place, tokens)
        state = self.states[place]
        text = "".join(self.rules.pieces.get(token, "") for token in tokens)
        return (text + state.ending()).strip(), not state.complete

    def _catch_up(self, place: int, tokens: list[int]) -> None:
        for token in tokens[self.read[place] :]:
            self.states[place] = self.rules.after(self.states[place], token)
        self.read[place] = len(tokens)


def sample_of(reply: Reply, index: int, seed: int) -> Sample:
    """A reply as a sample, with what the app shows under "why did it say that"."""
    found = extract(reply.text)
    info = {"reply": reply.text, "read": found.how, "error": found.error, "closed": reply.closed}
    cost = Cost(samples=1, tokens=len(reply.tokens))
    return Sample(found.program or Program(), index, seed, reply.logprob, cost, info=info)
