"""Where a request comes from. Hooked: ``utils.get_space``, which tells whether Hugging Face's proxy stands before."""

from __future__ import annotations

from gradio import utils
from starlette.requests import HTTPConnection

from tts_playground.pages.fair_queue import address_of


def address_of_request(request: HTTPConnection) -> str:
    """The address that bounds are counted by."""
    peer = request.client.host if request.client else ""  # uvicorn puts a proxy's word there if the proxy is local
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    return address_of(peer, forwarded, trusted=utils.get_space() is not None)
