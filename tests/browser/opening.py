"""Opening a page and waiting until it rests."""

import time
from contextlib import contextmanager

import pytest

from tts_playground.ui import shell

SIZES = {"desk": (1440, 900), "projector": (1024, 768), "phone": (390, 844)}

PATIENCE = 90_000
"""milliseconds: software rendering on a busy machine is slow"""
WORK = ("/queue/join", "/run/", "/upload", "/component_server")
"""where a page asks its server for something; what it keeps open all the time is none of it"""
ANSWERS = "/queue/data"
"""where answers come from; it is closed with the last one, but for one in a hundred, which stays until it is needed"""
IDLE = "() => new Promise(done => requestIdleCallback(() => done(), {timeout: 10000}))"
REST = 0.12
"""seconds without a request: what follows an answer is asked for at once"""
STALE = 5.0
"""seconds without any request after which answers are no longer waited for"""


def open_in(context, link, *ready, faults, size=(1440, 900), still=True):
    """A new page at the link, on which all the ``ready`` selectors are there and nothing is under way.

    Args:
        faults: takes what its scripts raise.
        size: (width, height) of a page with a mouse; None keeps the context's own.
        still: whether its owner asked for less motion.
    """
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    if size is not None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
    if still:
        page.emulate_media(reduced_motion="reduce")
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.asked, page.elsewhere = {}, []
    page.on("request", lambda request: _note(page, request, link))
    for ended in ("requestfinished", "requestfailed"):
        page.on(ended, lambda request: page.asked.pop(request, None))
    page.goto(link)
    for one in ready:
        page.locator(one).first.wait_for()
    settled(page)
    return page


def settled(page):
    """Wait until the page has got what it asked its server for, and has shown it."""
    until, quiet = time.monotonic() + PATIENCE / 1000, 0
    while quiet < 2:
        assert time.monotonic() < until, [request.url for request in page.asked]
        page.wait_for_timeout(1000 * REST)
        if not _waits(page):
            page.evaluate(IDLE)
        quiet = 0 if _waits(page) else quiet + 1


def at_the_end(page):
    """Scroll to the end of the page, of which more may come once it is reached."""
    for _ in range(2):
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        settled(page)


def _waits(page):
    """Whether something is under way."""
    newest = max(page.asked.values(), default=0)
    return any(ANSWERS not in request.url for request in page.asked) or (
        bool(page.asked) and time.monotonic() < newest + STALE
    )


def _note(page, request, link):
    own = link.split("?")[0].rstrip("/") + "/"
    if not request.url.startswith((own, "data:", "blob:")):
        page.elsewhere.append(request.url)
    elif any(part in request.url for part in (*WORK, ANSWERS)):
        page.asked[request] = time.monotonic()


@contextmanager
def served(home, *tabs):
    """The address of an app with these tabs, whose data lives in the folder ``home``."""
    patch = pytest.MonkeyPatch()
    patch.setenv("TTS_PLAYGROUND_HOME", str(home))
    app = shell.build(list(tabs))
    yield shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    app.close()
    patch.undo()


def opener(address, phone, new_page, shows):
    """``opened(tab, size)``: the page of one browser, or of one phone, with that tab open, from its top.

    Args:
        shows: tab -> the selector of what is there once it is filled.
    """
    kept = {}

    def opened(tab, size="desk"):
        finger = size == "phone"
        if finger not in kept:
            how = {"within": phone, "size": None} if finger else {"size": SIZES[size]}
            kept[finger] = new_page(f"{address}?tab={tab}", f"#{tab}-run", still=False, **how)
        page = kept[finger]
        if not finger:
            page.set_viewport_size(dict(zip(("width", "height"), SIZES[size], strict=True)))
        page.locator(f"#tab-{tab}-button").click()
        page.locator(f"#{tab}-curve .main-svg").first.wait_for()
        page.locator(shows[tab]).first.wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.mouse.move(2, 2)
        settled(page)
        return page

    return opened
