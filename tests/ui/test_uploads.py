"""What uploads leave on the disk is bounded, for one address and for all; an event of the browser alone is no fault."""

import httpx
import pytest

from tts_playground.ui.edge import body_limit


@pytest.fixture
def little(monkeypatch, address):
    """The address of an app where few bytes may be kept, on an empty shelf."""
    monkeypatch.setattr(body_limit, "ONES", 3000)
    monkeypatch.setattr(body_limit, "ALL", 5000)
    monkeypatch.setattr(body_limit, "monotonic", lambda: clock[0])
    clock[0] += body_limit.KEPT + 1
    return address


clock = [1e9]


def _send(address, where, size=2000):
    files = {"files": ("a.txt", b"x" * size)}
    return httpx.post(f"{address}gradio_api/upload", files=files, headers={"X-Forwarded-For": where})


def test_one_that_sends_too_much_is_refused_and_others_are_not(little):
    assert [_send(little, "192.0.2.1").status_code for _ in range(3)] == [200, 200, 429]
    told = _send(little, "192.0.2.1")
    assert told.json() == {"detail": "Your network has sent too many files within the hour; try again later."}
    assert _send(little, "192.0.2.2").status_code == 200
    told = _send(little, "192.0.2.3")
    assert (told.status_code, told.json()["detail"].split()[0]) == (429, "Too")
    assert httpx.get(f"{little}config").status_code == 200
    clock[0] += body_limit.KEPT + 1
    assert _send(little, "192.0.2.1").status_code == 200


def test_what_is_refused_counts_as_sent(little):
    body = b"--x\r\n" + b"y" * 4000
    headers = {"X-Forwarded-For": "192.0.2.1", "Content-Type": "multipart/form-data; boundary=x"}
    httpx.post(f"{little}gradio_api/upload", content=body, headers=headers)
    assert _send(little, "192.0.2.1").status_code == 429


def test_events_of_the_browser_are_a_sentence(address, caplog):
    events = httpx.get(f"{address}config").json()["dependencies"]
    browser = next(event for event in events if not event["backend_fn"])
    values = [None] * len(browser["inputs"])
    body = {"fn_index": browser["id"], "data": values, "session_hash": "browser"}
    httpx.post(f"{address}gradio_api/queue/join", json=body)
    with httpx.stream("GET", f"{address}gradio_api/queue/data?session_hash=browser", timeout=20) as answer:
        told = next(line for line in answer.iter_lines() if "process_completed" in line)
    assert "runs in the browser alone" in told and "fault" not in caplog.text
