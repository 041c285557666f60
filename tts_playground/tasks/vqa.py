"""Questions about pictures: the task, and ``answer``, which draws N answers, verifies them and picks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from tts_playground.answers import MEASURES
from tts_playground.core import Budget, Cost, Keeper, Reward, Round, Sample, Sampler, Scored, Strategy
from tts_playground.core.scores import scores_of
from tts_playground.errors import BadInput, CannotDo, shown
from tts_playground.images import open_sized
from tts_playground.models import loading
from tts_playground.models.load_options import for_no_model, options_of
from tts_playground.models.vlm.model import digest
from tts_playground.samplers.cancellation import Cancel, never
from tts_playground.samplers.capabilities import HasAnswerSettings, HasAsker, HasModel
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks import engine
from tts_playground.tasks.plugged_samplers import model_of, plugged_sampler
from tts_playground.tasks.validation import check_count, check_words, total_cost
from tts_playground.tasks.vqa_replies import longest_reply, template_for
from tts_playground.typed import typed, value_of
from tts_playground.verifiers.selectors import picks

if TYPE_CHECKING:
    from PIL import Image

LONGEST_SIDE = 768
"""pixels; bigger pictures are scaled down to it, as in the course's lab"""
SIDES = (64, 4096)
"""pixels that the longer side may be scaled down to; ``open_image`` keeps no more"""
LONGEST_QUESTION = 2000
"""characters"""
MOST = 1024
"""answers in one call"""
BASELINE = "best-of-n"
BATCH = 256
"""answers drawn and verified together: the picture and the question are read once for all of them"""
SMALLEST = 2
"""pixels a side"""
NARROW = 256
"""pixels of a shorter side at which print is hardly read"""


@dataclass(frozen=True)
class VqaTask:
    """A question about a picture. Make one with ``VqaTask.of``."""

    question: str
    picture: str
    """a name for the picture's pixels"""
    image: Image.Image = field(repr=False, compare=False)
    """RGB"""
    answers: tuple[str, ...] = field(default=(), compare=False)
    """accepted answers; empty when the truth is not known"""
    note: str = field(default="", compare=False)
    """what the picture was scaled to, as a sentence; "" where it is as it was given"""
    kind: ClassVar[str] = "vqa"

    @classmethod
    def of(cls, image: Any, question: str, answers: Sequence[str] = (), *, longest: int = LONGEST_SIDE) -> VqaTask:
        """Read a picture and check a question.

        Args:
            image: a path, bytes, a ``PIL.Image`` or an array; see-through parts become white.
            answers: accepted answers, where the truth is known.
            longest: pixels of the longer side, 64 to 4096; larger pictures are scaled down to it.

        Raises:
            BadInput: no picture, too large, moving or damaged; no question, or one that is too long; ``longest`` is out
                of its range.
        """
        check_words("question", question, LONGEST_QUESTION, "ask something about the picture")
        answers = value_of("answers", answers, Sequence[str])
        picture, size = _read(image, longest)
        note = _scaled_note(size, picture.size)
        return cls(question.strip(), digest(picture), picture, tuple(str(answer) for answer in answers), note)

    def key(self) -> Mapping[str, Any]:
        """The question and the picture's pixels."""
        return {"question": self.question, "picture": self.picture}

    def blank(self) -> VqaTask:
        """The same question about a white picture: the control."""
        from PIL import Image

        white = Image.new("RGB", self.image.size, (255, 255, 255))
        return replace(self, image=white, picture=digest(white))

    def right(self, answer: str, measure: str = "exact") -> float | None:
        """How right an answer is, 0 to 1, by "exact", "anls" or "containment"; None where the truth is not known."""
        return MEASURES[measure](answer, self.answers) if self.answers else None


def read_picture(image: Any, longest: int = LONGEST_SIDE) -> Image.Image:
    """A picture as models see it: upright, RGB over white, its longer side at most ``longest`` pixels.

    Raises:
        BadInput: it is smaller than 2 x 2, ``open_image`` refuses it, or ``longest`` is not within 64 to 4096.
    """
    return _read(image, longest)[0]


def _read(image: Any, longest: int) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, and the size that it had."""
    from PIL import Image

    if isinstance(longest, bool) or not isinstance(longest, int) or not SIDES[0] <= longest <= SIDES[1]:
        raise BadInput(f"A picture's longer side is {SIDES[0]} to {SIDES[1]} pixels, not {shown(longest)}.")

    opened, size = open_sized(image, wanted=longest)
    if min(opened.size) < SMALLEST:
        raise BadInput(f"The picture is {opened.width} x {opened.height} pixels; give one of at least 2 x 2.")
    layer = opened.convert("RGBA") if opened.has_transparency_data else opened.convert("RGB")
    if layer.mode == "RGBA":
        layer = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    scale = longest / max(layer.size)
    if scale >= 1:
        return layer, size
    scaled = max(1, int(layer.width * scale)), max(1, int(layer.height * scale))
    return layer.resize(scaled, Image.Resampling.BICUBIC), size


def _scaled_note(before: tuple[int, int], after: tuple[int, int]) -> str:
    if before == after:
        return ""
    thin = f"; its shorter side is only {min(after)}" if min(after) < NARROW <= min(before) else ""
    return (
        f"The picture of {before[0]} x {before[1]} pixels was scaled to {after[0]} x {after[1]}{thin}; "
        f"a larger longest side (up to {SIDES[1]}) keeps more of it."
    )


def short_answer(sample: Sample) -> str:
    """The short answer of a sample."""
    return str(sample.info.get("answer", sample.content))


@dataclass(frozen=True)
class Answered:
    """N answers to a question, what the verifiers say of them, and what each selector picks."""

    task: VqaTask
    model: str
    seed: int
    settings: AnswerSettings
    samples: tuple[Sample, ...]
    scores: Mapping[str, tuple[float, ...]]
    """"p_yes", "rating", "logprob": one number a sample"""
    cost: Cost

    @property
    def answers(self) -> list[str]:
        """The short answers, as drawn."""
        return [short_answer(sample) for sample in self.samples]

    @property
    def picks(self) -> dict[str, int]:
        """Selector -> place of the sample that it picks; "oracle" only where the truth is known."""
        found = picks(self.answers, self.scores)
        if self.task.answers and self.samples:
            right = [self.task.right(answer) or 0.0 for answer in self.answers]
            found["oracle"] = max(range(len(right)), key=lambda place: (right[place], -place))
        return found

    def as_dict(self) -> dict[str, Any]:
        """{"question", "samples": [{"text", "answer", "logprob", "p_yes", "steps"}], "picks", "cost", ...}."""
        p_yes = self.scores.get("p_yes", (None,) * len(self.samples))
        samples = [
            {
                "text": sample.content,
                "answer": answer,
                "logprob": sample.logprob,
                "p_yes": p,
                "steps": list(sample.info.get("lines", ())),
            }
            for sample, answer, p in zip(self.samples, self.answers, p_yes, strict=True)
        ]
        return {
            "question": self.task.question,
            "model": self.model,
            "seed": self.seed,
            "settings": self.settings.as_dict(),
            "picture": self.task.note,
            "samples": samples,
            "picks": {name: self.answers[place] for name, place in self.picks.items()},
            "cost": self.cost.as_dict(),
        }


@typed
def vqa_sampler(
    model: str | None = None,
    settings: AnswerSettings | None = None,
    device: str = "auto",
    *,
    own: bool = False,
    extra_body: Mapping[str, Any] | None = None,
    options: loading.Options | None = None,
) -> Sampler:
    """The sampler of a named model: ``tiny:vlm``, a hub id, a folder, or ``endpoint:NAME@http://...``.

    A registered sampler of answers that needs no model is named in the same place; it takes those of the settings that
    it declares.

    Args:
        settings: None takes the defaults, with ``longest_reply`` of the model.
        own: the name comes from whoever set the environment, not from a page or a request (see ``EndpointSampler``).
        extra_body: further fields of an endpoint's requests.
        options: how to load the model; None loads it on ``device``.

    Raises:
        BadInput: an endpoint without an address, or fields that it cannot be sent, or options for what is not loaded
            here. ModelUnavailable: this machine
            cannot hold or reach the model.
    """
    name = model or loading.default_name("vlm")
    settings = settings or AnswerSettings(most_tokens=longest_reply(name))
    if extra_body and not name.startswith("endpoint:"):
        raise BadInput(f"Further fields of a request (extra_body) are for endpoints, and {name!r} is none.")
    if (plugged := plugged_sampler(name, VqaTask.kind, settings.as_dict())) is not None:
        for_no_model(name, options)
        return plugged
    if name.startswith("endpoint:"):
        for_no_model(name, options)
        from tts_playground.models.endpoint.address import named
        from tts_playground.samplers.endpoint import EndpointSampler

        called, url = named(name)
        return EndpointSampler(url, called, settings, own=own, extra_body=extra_body or {})
    from tts_playground.samplers.vlm import VlmSampler

    return VlmSampler(loading.load(name, "vlm", options or loading.Options(device)), settings)


def judges(sampler: Sampler, *, blank: bool = False) -> list[Reward]:
    """What scores the answers of a sampler: P(yes), the rating and log-probability.

    Whether an endpoint can give them, only asking tells: those that it cannot give raise CannotDo when they score.
    """
    from tts_playground.verifiers.endpoint_verify import EndpointPYes, EndpointRating
    from tts_playground.verifiers.self_verify import PYes, Rating, SequenceLogprob

    found: list[Any] = []
    if isinstance(sampler, HasModel):
        found += [PYes(sampler.loaded, blank=blank), Rating(sampler.loaded, blank=blank)]
    elif isinstance(sampler, HasAsker):
        found += [EndpointPYes(sampler.asker, blank=blank), EndpointRating(sampler.asker, blank=blank)]
    return [*found, SequenceLogprob()]


def guide_of(sampler: Sampler) -> Reward | None:
    """What picks the best answer while they are drawn: P(yes) of the model that answers.

    None where the sampler shows no model. An endpoint's P(yes) may turn out not to be there, which must not end a
    draw: ``answered`` asks for it once the answers are drawn, and they are picked from the same scores then.
    """
    if not isinstance(sampler, HasModel):
        return None
    return next((judge for judge in judges(sampler) if judge.name == "p_yes"), None)


def answer_rounds(
    task: VqaTask,
    sampler: Sampler,
    reward: Reward | None = None,
    *,
    n: int = 16,
    strategy: str | Strategy[Any] = BASELINE,
    budget: Budget | None = None,
    seed: int = 0,
    store: Keeper | None = None,
    cancel: Cancel = never,
) -> Iterator[Round]:
    """The one stream behind ``answer``, ``reason``, their verbs, their endpoint and the tab; see ``engine.run``.

    Args:
        reward: what picks the best, and guides a search; None picks nothing.
        n: whole answers in the end.
        strategy: a registered strategy of answers, or one that was built.
        budget: None allows ``n`` whole answers.

    Raises:
        UnknownName, BadInput: no such strategy, or the sampler cannot run it. Cancelled: ``cancel()`` became true.
    """
    chosen = engine.planned(strategy, task, sampler, n, batch=min(n, BATCH))
    budget = budget or Budget(samples=n)
    return engine.run(task, sampler, chosen, reward, budget=budget, seed=seed, store=store, cancel=cancel)


@typed
def answer(
    image: Any,
    question: str,
    *,
    model: str | None = None,
    n: int = 16,
    temperature: float = 0.8,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    template: str | None = None,
    answers: Sequence[str] = (),
    blank: bool = False,
    own: bool = False,
    store: Keeper | None = None,
    cancel: Cancel = never,
    on_round: Callable[[Round], None] | None = None,
    longest: int = LONGEST_SIDE,
    most_tokens: int | None = None,
    extra_body: Mapping[str, Any] | None = None,
    dtype: str = "auto",
    load_in_4bit: bool = False,
    device: str = "auto",
    trust_code: str = "",
) -> Answered:
    """Draw ``n`` answers to a question about a picture, let the model verify them, and pick.

    Args:
        image: a path, bytes, a ``PIL.Image`` or an array.
        model: ``tiny:vlm``, a hub id, a folder or ``endpoint:NAME@URL``; None takes ``TTS_PLAYGROUND_VLM_MODEL`` or
            the embedded one.
        n: answers, 1 to 1024; answer i is the same whatever n is.
        temperature, top_p, top_k, template: see ``AnswerSettings``; template None is ``vqa_replies.template_for`` the
            model, which asks large ones for a word or a phrase.
        answers: accepted answers where the truth is known; adds the oracle's pick.
        blank: show a white picture instead.
        own: the model's name comes from whoever set the environment, not from a page or a request; an endpoint named
            so may get ``TTS_PLAYGROUND_ENDPOINT_KEY`` (see ``models.endpoint.keys``).
        store: where answers and scores are read and kept (``store.store.Store``); None keeps nothing.
        cancel: asked after every token; True ends the draw.
        on_round: hears of every round and of reports between them.
        longest: pixels of the picture's longer side, 64 to 4096; a larger picture is scaled down to it.
        most_tokens: a reply that gets so long is cut, 1 to 4096; None takes 512 of an endpoint, else 96.
        extra_body: further fields of an endpoint's requests.
        dtype, load_in_4bit, device, trust_code: how to load the model; see ``models.load_options.options_of``.

    Raises:
        BadInput: the picture, the question or a setting cannot be used.
        UnknownName: no embedded model of that name.
        ModelUnavailable: this machine cannot hold or reach the model.
        Cancelled: ``cancel()`` became true.
    """
    check_count(n, MOST)
    task = VqaTask.of(image, question, answers, longest=longest)
    said = template_for(model) if template is None else template
    settings = AnswerSettings(temperature, top_p, top_k, longest_reply(model, most_tokens), template=said)
    options = options_of(device, dtype, load_in_4bit, trust_code)
    sampler = vqa_sampler(model, settings, own=own, extra_body=extra_body, options=options)
    asked = task.blank() if blank else task
    rounds = answer_rounds(asked, sampler, guide_of(sampler), n=n, seed=seed, store=store, cancel=cancel)
    found = engine.Found().hear(rounds, on_round)
    return answered(asked, sampler, found.whole, seed, settings, store=store)


def answered(
    task: VqaTask,
    sampler: Sampler,
    drawn: Sequence[Scored],
    seed: int,
    settings: AnswerSettings | None = None,
    *,
    store: Keeper | None = None,
) -> Answered:
    """The candidates of best-of-N verified by all judges, with their cost.

    Args:
        drawn: scored by ``guide_of`` the sampler.
        settings: those asked for, where the sampler holds none.
        store: where scores are read and kept.
    """
    samples, guide = tuple(one.sample for one in drawn), guide_of(sampler)
    scores = {} if guide is None else {guide.name: tuple(one.reward for one in drawn)}
    rewards = judges(sampler)
    for judge in rewards:
        try:
            if judge.name not in scores:
                kept = judge if store is None else store.kept_reward(task, sampler, judge)
                scores[judge.name] = tuple(scores_of(kept, task, samples))
        except CannotDo:  # it cannot say anything of these samples
            continue
    cost = total_cost(samples, [judge for judge in rewards if judge.name in scores])
    how = sampler.settings if isinstance(sampler, HasAnswerSettings) else settings or AnswerSettings()
    return Answered(task, model_of(sampler, task.kind), seed, how, samples, scores, cost)
