"""Pictures that a request names by their address on the web: fetched from public addresses only, and within bounds.

Gradio's own fetching has none: it holds whatever a server sends in memory, however much that is and however long it
takes, and reaches networks that are not the web's (100.64.0.0/10, and IPv4 behind the prefixes of NAT64 and 6to4).
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tts_playground import files
from tts_playground.errors import BadInput, shown

if TYPE_CHECKING:
    import httpx

LARGEST = 20 << 20
"""bytes, as of an upload"""
PATIENCE = 20.0
"""seconds for all of it"""
REDIRECTS = 5
_ANOTHERS = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
"""networks whose numbers hold another one: NAT64, 6to4, Teredo, and IPv4 as it was once written"""


def is_public(number: str) -> bool:
    """Whether an IP address is one of the web's, and not of a network behind the server."""
    try:
        found = ipaddress.ip_address(number.partition("%")[0])
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    hidden = any(found.version == net.version and found in net for net in _ANOTHERS)
    return found.is_global and not found.is_multicast and not hidden


async def fetch(url: str, folder: str) -> str:
    """The path of what an address of the web holds; raises BadInput."""
    import httpx

    try:
        async with asyncio.timeout(PATIENCE):
            data = await _get(url)
    except TimeoutError as error:
        raise BadInput(f"The picture at {shown(url)} did not come within {PATIENCE:g} s; send it as a file.") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"The picture at {shown(url)} cannot be reached; send it as a file.") from error
    place = Path(tempfile.mkdtemp(dir=Path(folder), prefix=hashlib.sha256(data).hexdigest()[:16]))
    file = place / (re.sub(r"[^A-Za-z0-9.-]", "", Path(httpx.URL(url).path).name)[-60:].lstrip(".") or "picture")
    with files.whole(file, "The picture", lasting=False) as partial:
        partial.write_bytes(data)
    return str(file)


async def _get(url: str) -> bytes:
    import httpx
    from safehttpx import AsyncSecureTransport

    place, found = url, bytearray()
    for _ in range(REDIRECTS + 1):
        parsed = httpx.URL(place)
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            raise ValueError(place)
        transport = AsyncSecureTransport(await _number(parsed))  # connects to this number, whatever the name says next
        plain = {"Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(transport=transport, timeout=PATIENCE, headers=plain) as client,
            client.stream("GET", place, follow_redirects=False) as answer,
        ):
            if answer.has_redirect_location:
                place = urljoin(place, answer.headers["location"])
                continue
            if answer.status_code != 200:
                raise BadInput(f"The address {shown(url)} answers HTTP {answer.status_code} and no picture.")
            async for piece in answer.aiter_raw():  # never unpacked: a few bytes can claim to be any number
                found += piece
                if len(found) > LARGEST:
                    raise BadInput(f"The picture at {shown(url)} is larger than {LARGEST >> 20} MB; make it smaller.")
            return bytes(found)
    raise BadInput(f"The address {shown(url)} sends on more than {REDIRECTS} times; send the picture as a file.")


async def _number(url: httpx.URL) -> str:
    """The number of a host, all of whose numbers are public."""
    loop = asyncio.get_running_loop()
    numbers = [str(place[0]) for *_, place in await loop.getaddrinfo(url.host, url.port or 443)]
    if not numbers or not all(map(is_public, numbers)):
        raise BadInput(f"The address {shown(str(url))} is not one of the public web; send the picture as a file.")
    return min(numbers, key=len)  # IPv4 where there is one: not every machine has a way to the others
