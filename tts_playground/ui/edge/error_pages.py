"""What fails before there is an event is one sentence: such an endpoint would be "Internal Server Error".

``gradio_patches.page.Page`` hands these to FastAPI.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import Request

from tts_playground.errors import shown


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence, "detail": sentence}, status)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """A body that is not what the route takes: FastAPI would send a list that repeats the whole body."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0] if error.errors() else {}
    where = ".".join(str(part) for part in first.get("loc", ()) if part != "body")
    return _answer(422, f"This request cannot be read{f' at {shown(where, 60)}' if where else ''}: {first.get('msg')}.")


async def no_endpoint(request: Request, error: Exception) -> JSONResponse:
    """Says that there is none of this name."""
    return _answer(404, "There is no such endpoint; /gradio_api/info lists those there are.")


async def _unread(request: Request, error: Exception) -> JSONResponse:
    """Gradio trips over what it was sent: an event that does not exist, or arguments that are none of an endpoint's."""
    logging.getLogger(__name__).info("a request to %s cannot be read", request.url.path, exc_info=error)
    if isinstance(error, KeyError):
        return await no_endpoint(request, error)
    return _answer(422, f"This request cannot be read: {shown(error, 300)}")


HANDLERS: dict[type[Exception], Callable[[Request, Exception], Any]] = {
    RequestValidationError: _invalid,
    **dict.fromkeys((KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError), _unread),
}
"""for FastAPI, by kind of exception; others stay faults"""
