"""Asks one endpoint how its replies to prompts about a picture begin, several at a time."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tts_playground.errors import CannotDo
from tts_playground.models.endpoint import beginnings
from tts_playground.models.endpoint.client import Client
from tts_playground.models.endpoint.manners import Manners
from tts_playground.models.endpoint.reply import EndpointReply


@dataclass(frozen=True)
class EndpointAsker:
    """Reads probabilities off a server, for verifiers and audits; shares what is known of the server with a sampler."""

    client: Callable[[], Client]
    """makes a client for one call"""
    manners: Manners
    """what the server turned out not to take"""
    extra_body: Mapping[str, Any]
    """further fields of every request"""
    workers: int = 4
    """requests at a time"""

    def beginnings(
        self, asked: Sequence[tuple[Image.Image, str]], options: Sequence[str]
    ) -> list[tuple[list[float], float]]:
        """Of each picture with a prompt: (probability that the reply begins with each option, what stays untold).

        See ``beginnings`` for what these numbers leave out.

        Args:
            asked: (picture, prompt); equal ones are asked once.

        Raises:
            CannotDo: the server shows no likeliest tokens, cannot be reached, or refuses.
        """
        self.refuse_if_mute()
        urls = {id(image): picture_url(image) for image, _ in asked}
        keys = [(urls[id(image)], prompt) for image, prompt in asked]
        each, client = list(dict.fromkeys(keys)), self.client()
        found: dict[tuple[str, str], tuple[list[float], float]] = {}
        pool = ThreadPoolExecutor(max(1, min(self.workers, len(each))))
        coming = []
        try:
            for key in each[:1]:  # alone: what the server refuses is then learnt once
                found[key] = self._read(client, key, options)
            coming = [pool.submit(self._read, client, key, options) for key in each[1:]]
            found |= {key: one.result() for key, one in zip(each[1:], coming, strict=True)}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            client.close_after(coming)
        return [found[key] for key in keys]

    @property
    def mute(self) -> bool:
        """Whether the server is known not to show the likeliest tokens."""
        return bool(self.manners.dropped & {"logprobs", "top_logprobs"})

    def refuse_if_mute(self) -> None:
        """Raise CannotDo where ``mute``."""
        if self.mute:
            raise CannotDo(
                f"{self.manners.who} is served without its likeliest tokens (top_logprobs), which this needs."
            )

    def _read(self, client: Client, key: tuple[str, str], options: Sequence[str]) -> tuple[list[float], float]:
        url, prompt = key

        def ask(*, seed: int, n: int, max_tokens: int) -> list[EndpointReply]:
            replies = client.complete(
                conversation(url, prompt),
                n=1 if "n" in self.manners.dropped else n,
                seed=seed,
                logprobs=True,
                top_logprobs=beginnings.MOST,
                max_tokens=max_tokens,
                temperature=1.0,
                top_p=1.0,
                **self.extra_body,
            )
            if not any(reply.places for reply in replies):
                self.manners.drop("top_logprobs")
            self.refuse_if_mute()
            return replies

        return beginnings.read(ask, options)


def picture_url(image: Image.Image) -> str:
    """A picture as the protocol sends it."""
    file = io.BytesIO()
    image.convert("RGB").save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def conversation(url: str, prompt: str) -> list[dict[str, Any]]:
    """The messages that show a picture and say ``prompt``."""
    shown = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [shown, {"type": "text", "text": prompt}]}]
