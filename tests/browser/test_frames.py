"""Who may show the app in a frame: pages of Hugging Face, and no others."""

import pytest


@pytest.fixture
def framed(address, browser):
    """``framed(origin)``: a page of that origin, which the browser takes for real, with the app in a frame."""
    contexts = []

    def opened(origin):
        context = browser.new_context()
        contexts.append(context)
        context.grant_permissions(["local-network-access"])  # else the browser itself keeps the web from 127.0.0.1
        page = context.new_page()
        page.violations = []
        page.on("console", lambda message: page.violations.append(message.text))
        html = f'<iframe id="app" src="{address}" width="1200" height="800"></iframe>'
        page.route(f"{origin}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto(f"{origin}/spaces")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("origin", ["https://huggingface.co", "https://me-app.hf.space"])
def test_a_space_is_shown_in_its_frame(framed, origin):
    page = framed(origin)
    assert page.evaluate("location.origin") == origin
    inside = page.frame_locator("#app")
    inside.locator("#title h1").wait_for(timeout=120_000)
    assert not any("frame-ancestors" in line for line in page.violations)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://hf.space.evil.example",
        "https://huggingface.co.evil.example",
        "https://hf.space",
    ],
)
def test_other_sites_show_nothing(framed, origin):
    page = framed(origin)
    assert page.evaluate("location.origin") == origin
    page.wait_for_timeout(3000)
    assert page.frame_locator("#app").locator("#title").count() == 0
    assert any("frame-ancestors" in line for line in page.violations)
