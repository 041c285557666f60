"""A class on one small server: what needs no model never waits for one, whatever tab it is of."""

import asyncio
import contextlib
import secrets

import httpx

from tts_playground.bench import load
from tts_playground.pages.t2i import page_state

LIGHT_EVENTS = [
    ("t2i-n", "change"),
    ("t2i-prompt", "change"),
    ("t2i-link", "click"),
    ("sketch-program", "input"),
    ("sketch-n", "change"),
    ("vqa-theory-p", "change"),
    ("vqa-link", "click"),
    ("audit-n", "change"),
    ("audit-factor", "input"),
    ("math-n", "change"),
    ("math-link", "click"),
]
PAGES = 45
"""more than the server has threads"""


def test_what_needs_no_model_is_answered_while_more_pages_wait_than_there_are_threads(address, held):
    async def played():
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=120, limits=limits) as web:
            page = await load.Visitor.open(web, address)
            watching = [asyncio.create_task(_waits(web, page, number)) for number in range(PAGES)]
            while page_state.request_queue().newest(f"page{PAGES - 1}") is None:
                await asyncio.sleep(0.05)
            for name, kind in (one for one in LIGHT_EVENTS if one[0] in page.names):  # of tabs that are here
                async with asyncio.timeout(60):
                    await load.call(web, page, secrets.token_hex(4), [page.event(name, kind)], {})
            assert not held.is_set()
            await _cancels(web, page)
            for task in watching:
                task.cancel()

    asyncio.run(played())


async def _waits(web, page, number):
    """A page whose “Draw” was pressed, and that listens."""
    for event in page.events[page.names["t2i-run"], "click"]:
        await load._join(web, page, f"page{number}", event, {"t2i-seed": 600 + number, "t2i-n": 4})
    await _listens(web, page, f"page{number}")


async def _cancels(web, page):
    """A page that waits is told at once that it was cancelled, and its wish is gone."""
    session = f"page{PAGES - 1}"
    (stop,) = [one for one in page.events[page.names["t2i-cancel"], "click"] if one["outputs"] and not one["queue"]][:1]
    body = {"data": [None], "fn_index": stop["id"], "session_hash": session, "event_data": None, "trigger_id": None}
    answer = await web.post(f"{page.address}gradio_api/run/predict", json=body)
    assert "Cancelled" in answer.text
    assert page_state.request_queue().newest(session) is None


async def _listens(web, page, session):
    query = {"session_hash": session}
    with contextlib.suppress(httpx.HTTPError):
        async with web.stream("GET", f"{page.address}gradio_api/queue/data", params=query) as stream:
            async for _ in stream.aiter_lines():
                pass
