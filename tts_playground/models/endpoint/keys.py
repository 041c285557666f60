"""Which key goes to which address. A key belongs to hosts that the operator names, never to one that a request names.

| key | goes to |
| --- | --- |
| ``TTS_PLAYGROUND_ENDPOINT_KEY`` | the host of ``TTS_PLAYGROUND_ENDPOINT_URL``, else of an ``endpoint:`` in |
|  | ``TTS_PLAYGROUND_VLM_MODEL``, else in ``..._LM_MODEL``, else (``own``) of the address on the same command line |
| ``OPENAI_API_KEY`` | the host of ``OPENAI_BASE_URL``, else api.openai.com |
| ``HF_TOKEN`` | the hub, and the hosts in ``TTS_PLAYGROUND_TOKEN_HOSTS``; https only |

A host is scheme, name and port together. Dedicated endpoints (``*.endpoints.huggingface.cloud``) are run by whoever
rents them, so that they are no part of the hub here: an operator names the own ones.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tts_playground.errors import BadInput
from tts_playground.models.endpoint import address

if TYPE_CHECKING:
    import httpx

ENDPOINT_KEY, ENDPOINT_URL = "TTS_PLAYGROUND_ENDPOINT_KEY", "TTS_PLAYGROUND_ENDPOINT_URL"
TOKEN_HOSTS = "TTS_PLAYGROUND_TOKEN_HOSTS"
HUB = {"huggingface.co", "router.huggingface.co", "api-inference.huggingface.co"}
OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Key:
    """A secret and the environment variable that holds it."""

    variable: str
    value: str = field(repr=False)


def key_for(url: httpx.URL, *, own: bool = False) -> Key | None:
    """The key that belongs to an address, if any is set.

    Args:
        url: where a request is about to go.
        own: the address comes from whoever set the environment (a command line), not from a page or a request.

    Raises:
        BadInput: the key is none that can be sent.
    """
    place = address.origin(url)
    if place == _endpoint_origin(own, place) and (key := _read(ENDPOINT_KEY)):
        return key
    if place == _openai_origin() and (key := _read("OPENAI_API_KEY")):
        return key
    return _read("HF_TOKEN") if gets_token(place) else None


def gets_token(place: address.Origin) -> bool:
    """Whether a host is the hub, or one that ``TTS_PLAYGROUND_TOKEN_HOSTS`` names."""
    scheme, host, port = place
    if scheme != "https":
        return False
    return is_hub(place) or any(_matches(one, host, port) for one in _listed(TOKEN_HOSTS))


def is_hub(place: address.Origin) -> bool:
    """Whether a host is the hub's, or that of the operator's ``HF_ENDPOINT``."""
    own = os.environ.get("HF_ENDPOINT", "").strip()
    return place in {("https", host, 443) for host in HUB} or (bool(own) and place == address.origin_of(own))


def advice(url: httpx.URL, sent: Key | None) -> str:
    """Which variable holds the right key for an address that refused, as the end of a sentence."""
    if sent is not None:
        return f"check the key in {sent.variable}"
    place = address.origin(url)
    if is_hub(place):
        return "put a token of the hub into HF_TOKEN"
    if place == _openai_origin():
        return "put its key into OPENAI_API_KEY"
    if place == _endpoint_origin(False, place):
        return f"put its key into {ENDPOINT_KEY}"
    if url.host.endswith(".endpoints.huggingface.cloud") or url.host.endswith(".hf.space"):
        return f"if it is yours, name {url.host} in {TOKEN_HOSTS}, so that HF_TOKEN is sent there"
    return f"if it wants a key, put it into {ENDPOINT_KEY} and this address into {ENDPOINT_URL}"


def _endpoint_origin(own: bool, place: address.Origin) -> address.Origin | None:
    """The host that ``TTS_PLAYGROUND_ENDPOINT_KEY`` is for."""
    if given := os.environ.get(ENDPOINT_URL, "").strip():
        return address.origin_of(given)
    for variable in ("TTS_PLAYGROUND_VLM_MODEL", "TTS_PLAYGROUND_LM_MODEL"):
        default = os.environ.get(variable, "").strip()
        if default.startswith(address.PREFIX):
            try:
                return address.origin_of(address.named(default)[1])
            except BadInput:
                return None
    return place if own else None


def _openai_origin() -> address.Origin | None:
    return address.origin_of(os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI)


def _listed(variable: str) -> list[str]:
    return [one.lower() for one in re.split(r"[,\s]+", os.environ.get(variable, "")) if one]


def _matches(entry: str, host: str, port: int) -> bool:
    """Whether ``host``, ``host:port``, ``*.domain`` or ``https://host`` of a list is this host; 443 without a port."""
    entry = entry.removeprefix("https://").rstrip("/")
    name, _, number = entry.rpartition(":") if re.search(r":\d+$", entry) else (entry, "", "443")
    if int(number) != port:
        return False
    name = name.strip("[]")
    return host.endswith(name[1:]) and len(host) > len(name) - 1 if name.startswith("*.") else host == name


def _read(variable: str) -> Key | None:
    value = os.environ.get(variable, "").strip()
    if not value:
        return None
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise BadInput(f"{variable} holds characters that no key has (a space or a letter beyond ASCII); set it anew.")
    return Key(variable, value)
