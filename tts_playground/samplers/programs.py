"""A vision-language model as a program sampler: it looks at the drawing and writes a program, n times in one batch.

Any model of transformers' AutoModelForImageTextToText: the small one that ships, one from the hub, a fine-tuned
adapter. A model that was trained on one short request is asked that; others get the language explained in the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from tts_playground.core import Cost, Sample
from tts_playground.dsl.drawings import Drawing, unpack
from tts_playground.dsl.extraction import extract
from tts_playground.dsl.instructions import describe_picture
from tts_playground.dsl.prefixes import Prefix
from tts_playground.dsl.tree import Program
from tts_playground.errors import BadInput
from tts_playground.samplers.grammar import grammar
from tts_playground.samplers.proposal import ProposalSampler
from tts_playground.worlds.programs import PROMPT

if TYPE_CHECKING:
    from PIL import Image


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
    version: ClassVar[str] = "1"

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10 or not 0 < self.top_p <= 1 or self.top_k < 0:
            raise BadInput("A program sampler needs a temperature 0-10, top_p above 0 and at most 1, top_k 0 or more.")
        if not 1 <= self.max_tokens <= 4096 or self.batch < 1:
            raise BadInput("A program sampler needs max_tokens 1-4096 and a batch of 1 or more.")

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

    def draw(self, task: Drawing, indices: Sequence[int], *, seed: int = 0) -> Iterator[Sample]:
        """One program per index; a batch is drawn when its first sample is asked for."""
        vlm = self._loaded().value
        prefix = vlm.prefix(picture(task), request(vlm.tokenizer))
        for start in range(0, len(indices), self.batch):
            block = indices[start : start + self.batch]
            for index, reply in zip(block, self._replies(vlm, prefix, block, seed), strict=True):
                yield sample_of(reply, index, seed)

    def neighbours(self, task: Drawing, sample: Sample, *, seed: int = 0) -> Iterator[Sample]:
        """Programs one edit away, best first: see ``ProposalSampler.neighbours``."""
        return ProposalSampler().neighbours(task, sample, seed=seed)

    # ------------------------------------------------------------------------------------------------- tokens

    def _loaded(self) -> Any:
        from tts_playground.models.adapters import load

        return load(self.model)

    def _replies(self, vlm: Any, prefix: Any, indices: Sequence[int], seed: int) -> list[Reply]:
        """One reply per index, token by token in one batch; finished rows leave it."""
        import torch

        from tts_playground.models.image_loop import choose, distribution
        from tts_playground.models.noise import gumbel, stream_starts

        rows = _Rows(len(indices), self._grammar(vlm, prefix))
        starts = stream_starts([(seed, index) for index in indices]).to(prefix.logits.device)
        left = min(self.max_tokens, vlm.longest - prefix.length)
        with torch.inference_mode():
            logits, cache = prefix.logits[None].expand(len(indices), -1), vlm.forked(prefix, len(indices))
            for step in range(left):
                logits = rows.masked(logits)
                weights = distribution(logits, None, self._knobs(logits))
                choice = choose(weights, gumbel(starts, step, logits.shape[-1]))
                going = rows.take(choice.token.tolist(), choice.logprob.tolist(), vlm.ends)
                if not going or step + 1 == left:
                    break
                keep = torch.tensor(going, device=logits.device)
                if len(going) < len(starts):
                    cache.batch_select_indices(keep)
                    starts = starts[keep]
                logits = vlm.forward(choice.token[keep][:, None], cache, prefix.position + step, [0])[:, 0]
        return rows.replies(vlm)

    def _grammar(self, vlm: Any, prefix: Any) -> Any:
        return grammar(vlm.tokenizer, prefix.logits.shape[-1], vlm.ends) if self.grammar else None

    def _knobs(self, logits: Any) -> Any:
        import torch

        from tts_playground.models.image_loop import Knobs

        rows, width = logits.shape
        device = logits.device
        top_k = min(self.top_k or width, width)
        return Knobs(
            torch.full((rows,), float(self.temperature), device=device),
            torch.ones(rows, device=device),
            torch.full((rows,), top_k, device=device),
            torch.full((rows,), float(self.top_p), device=device),
            truncates=top_k < width or self.top_p < 1,
        )


class _Rows:
    """The rows of one batch while they grow; ``active`` lists those that are still in the model's batch."""

    def __init__(self, count: int, rules: Any) -> None:
        self.rules = rules
        self.tokens: list[list[int]] = [[] for _ in range(count)]
        self.logprobs = [0.0] * count
        self.states = [Prefix()] * count
        self.active = list(range(count))

    def masked(self, logits: Any) -> Any:
        """Logits [active, V] with what the grammar forbids at minus infinity."""
        if self.rules is None:
            return logits
        import torch

        allowed = torch.stack([self.rules.mask(self.states[row]) for row in self.active])
        return logits.masked_fill(~allowed.to(logits.device), float("-inf"))

    def take(self, tokens: Sequence[int], logprobs: Sequence[float], ends: frozenset[int]) -> list[int]:
        """Add a token to every active row; returns the places (among the active) of rows that go on."""
        going = []
        for place, (row, token, logprob) in enumerate(zip(self.active, tokens, logprobs, strict=True)):
            self.logprobs[row] += logprob
            self.tokens[row].append(token)
            if token in ends:
                continue
            if self.rules is not None:
                self.states[row] = self.rules.after(self.states[row], token)
            going.append(place)
        self.active = [self.active[place] for place in going]
        return going

    def replies(self, vlm: Any) -> list[Reply]:
        """What the rows say; constrained ones that ran out of tokens get the shortest ending."""
        found = []
        for tokens, logprob, state in zip(self.tokens, self.logprobs, self.states, strict=True):
            if self.rules is None:
                found.append(Reply(vlm.decode(tokens), tuple(tokens), logprob))
                continue
            text = "".join(self.rules.pieces.get(token, "") for token in tokens)
            found.append(Reply((text + state.ending()).strip(), tuple(tokens), logprob, not state.complete))
        return found


def sample_of(reply: Reply, index: int, seed: int) -> Sample:
    """A reply as a sample, with what the app shows under "why did it say that"."""
    found = extract(reply.text)
    info = {"reply": reply.text, "read": found.how, "error": found.error, "closed": reply.closed}
    cost = Cost(samples=1, tokens=len(reply.tokens))
    return Sample(found.program or Program(), index, seed, reply.logprob, cost, info=info)
