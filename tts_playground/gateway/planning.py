"""From a request to the task, the sampler, the judge and the strategy that serve it."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from tts_playground import registry
from tts_playground.core import Reward, Sampler, Strategy
from tts_playground.errors import BadInput, UnknownName
from tts_playground.gateway.catalogue import TASKS, Catalogue, Kind, ServedModel
from tts_playground.gateway.fields import ChatRequest, Search
from tts_playground.samplers.cancellation import Cancel
from tts_playground.samplers.capabilities import HasAsker, HasModel
from tts_playground.samplers.endpoint import EndpointSampler
from tts_playground.samplers.lm_endpoint import EndpointSolutions
from tts_playground.samplers.lm_settings import SolutionSettings
from tts_playground.samplers.vlm import VlmSampler
from tts_playground.samplers.vlm_settings import AnswerSettings
from tts_playground.tasks import engine
from tts_playground.tasks.reasoning import SYSTEM_PROMPT, ReasoningTask
from tts_playground.tasks.solving import lm_sampler, reward_of
from tts_playground.tasks.vqa import VqaTask, judges, vqa_sampler
from tts_playground.tasks.vqa_replies import longest_reply
from tts_playground.tasks.vqa_search import judge_of

NONE = "none"
"""names no judge"""
PLAIN_HEAT, SEARCH_HEAT = 1.0, 0.8
"""temperature where none is asked for: OpenAI's, and that of ``solve``"""
BATCH = 64
"""candidates drawn and judged together"""
WIDTHS = ("n", "batch", "width", "particles", "reports")
"""settings of strategies that ``width`` decides"""


@dataclass(frozen=True, slots=True)
class Order:
    """All that a worker needs to know; plain values."""

    asked: ChatRequest
    model: ServedModel
    judge: str = ""
    """the reward's name; "" judges nothing"""
    own: bool = False
    """whether the operator's key goes to the upstream (see ``EndpointSampler``)"""
    via: str = ""
    """what requests to an upstream say they came through"""

    @property
    def kind(self) -> Kind:
        """What is asked for."""
        return "lm" if self.asked.said.picture is None else "vlm"


def checked(asked: ChatRequest, catalogue: Catalogue) -> tuple[ServedModel, str]:
    """The model, and the name of the reward ("" for none), as the operator's list has them; looked at before any work.

    Raises:
        UnknownName: no such model, strategy, judge or setting. BadInput: what is asked for does not go together.
    """
    model = catalogue.model(asked.model)
    kind: Kind = "lm" if asked.said.picture is None else "vlm"
    if kind not in model.kinds:
        raise BadInput(
            f"{model.id!r} answers questions about a picture; send one with the message, as an image_url."
            if kind == "lm"
            else f"{model.id!r} reads no pictures; leave the picture out, or ask another model."
        )
    search = asked.search
    if search is None:
        return model, ""
    strategy = registry.entry("strategy", search.strategy, TASKS[kind]).name
    replace(cast(Any, registry.resolve("strategy", strategy, TASKS[kind])), **_settings(search, kind))
    if search.aggregation and kind == "vlm":
        raise BadInput("aggregation is for judges of steps in words; leave it out.")
    if search.reward and search.reward != NONE:
        return model, catalogue.judge(search.reward, kind)
    usual = {"tiny:math": "prm", "tiny:vlm": "p_yes"}.get(model.name, "")
    local = kind == "vlm" and not model.url
    return model, "" if search.reward == NONE else usual or ("p_yes" if local else "")


def _settings(search: Search, kind: Kind) -> dict[str, Any]:
    """The strategy's settings, none of which is a text, an object or a width."""
    made = registry.load("strategy", search.strategy)
    hints = get_type_hints(made)
    free = [one.name for one in fields(made) if one.name not in WIDTHS and _simple(hints[one.name])]
    for name in search.settings:
        if name not in free:
            raise UnknownName(f"setting of {search.strategy!r}", name, free or ["width"])
    return dict(search.settings)


def _simple(hint: Any) -> bool:
    """Whether a type is a number, a switch, one of some words, or absent."""
    if get_origin(hint) in (typing.Union, UnionType):
        return all(map(_simple, get_args(hint)))
    return hint in (int, float, bool, type(None)) or get_origin(hint) is Literal


def task_for(asked: ChatRequest, kind: Kind) -> Any:
    """What is asked: a problem in words, or a question about a picture.

    Raises:
        BadInput: nothing is asked, or too much.
    """
    said = asked.said
    if kind == "lm":
        usual = SYSTEM_PROMPT if asked.search is not None else ""
        return ReasoningTask(said.question, system_prompt=said.system or usual, earlier=said.earlier)
    return VqaTask.of(said.picture, f"{said.system}\n\n{said.question}" if said.system else said.question)


def sampler_for(order: Order, cancel: Cancel) -> Sampler:
    """The sampler of the model under the settings of a request.

    Raises:
        BadInput: a setting is out of its range. ModelUnavailable: this machine cannot hold or reach the model.
    """
    asked, name = order.asked, order.model.name
    heat = asked.temperature
    if heat is None:
        heat = PLAIN_HEAT if asked.search is None else SEARCH_HEAT
    heat = 0.0 if heat < 1e-4 else heat
    if order.kind == "lm":
        whole = asked.search is None or (not order.judge and asked.search.strategy == "best-of-n")
        # a whole reply in one request: servers that continue no half-written ones can do that, too
        steps = 1 if whole and order.model.url else asked.search.max_steps if asked.search else 16
        longest = asked.max_tokens or 512
        settings = SolutionSettings(heat, asked.top_p, asked.top_k, longest, steps, stop=asked.stop)
        made = lm_sampler(name, settings, own=order.own)
    else:
        longest = longest_reply(name, asked.max_tokens)
        steps = asked.search.max_steps if asked.search else 16
        answers = AnswerSettings(heat, asked.top_p, asked.top_k, longest, most_steps=steps)
        made = vqa_sampler(name, answers, own=order.own)
    if isinstance(made, (EndpointSampler, EndpointSolutions)):
        return replace(made, via=order.via)
    return replace(made, cancel=cancel) if isinstance(made, VlmSampler) else made


def judge_for(order: Order, sampler: Sampler) -> Reward | None:
    """What judges the candidates; None judges nothing.

    Raises:
        UnknownName, BadInput: it does not fit.
    """
    search = order.asked.search
    if not order.judge or search is None:
        return None
    if order.kind == "lm":
        return reward_of(order.judge, order.model.name, aggregation=search.aggregation or None)
    if search.strategy == "best-of-n" and isinstance(sampler, (HasModel, HasAsker)):
        return next(one for one in judges(sampler) if one.name == order.judge)
    return judge_of(order.judge, sampler)


def plan(search: Search, task: Any, sampler: Sampler, judge: str = "") -> Strategy[Any]:
    """The strategy with as many candidates as are wanted, under the settings that were asked for.

    Raises:
        BadInput: this sampler cannot follow it.
    """
    strategy = engine.planned(search.strategy, task, sampler, search.width, batch=min(search.width, BATCH))
    wanted: Mapping[str, Any] = search.settings
    if judge == "logprob" and "sharpness" in registry.settings_of("strategy", search.strategy):
        wanted = {"sharpness": 1.0, **wanted}  # a log-probability is the exponent itself
    return replace(cast(Any, strategy), **wanted) if wanted else strategy
