"""Rehearses a Space: `python -m tests.soak.space [--python FILE] [--cpu] [--json]`.

What a Space would do: a fresh environment from requirements.txt and `spaces` (Python 3.12), a copy of what the
repository holds, and `app.py` on loopback. Unless --cpu it starts twice: with `spaces` as it is installed, which must
find what asks for a GPU and report it to ZeroGPU (a stand-in), and with one that gives no GPU but counts the calls
that ask for one. Chromium then opens every tab. Printed are the time of set-up, its size, and the times to the
first page and to the first result. `--python` takes an interpreter that has the packages already, and leaves the set-up
out; without `spaces` there, so is the first start. Chromium is at $CHROMIUM or /usr/bin/chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
SPACES = r'''"""What ZeroGPU's package does to a program, without a GPU: each decorated call is counted in a file."""

import inspect
import os
from functools import wraps


def GPU(task=None, *, duration=60, **_):
    def given(call):
        def begin(*args, **named):
            seconds = duration(*args, **named) if callable(duration) else duration
            with open(os.environ["SPACE_CALLS"], "a") as file:
                file.write(f"{call.__qualname__} {seconds}\n")

        if inspect.isgeneratorfunction(call):

            @wraps(call)
            def asked(*args, **named):
                begin(*args, **named)
                yield from call(*args, **named)

        else:

            @wraps(call)
            def asked(*args, **named):
                begin(*args, **named)
                return call(*args, **named)

        return asked

    return given if task is None else given(task)
'''
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
PATIENCE = 300.0
"""seconds until something must be there"""


def environment(folder: Path, python: str) -> Path:
    """A fresh environment with what requirements.txt names; its interpreter."""
    if not shutil.which(python) or subprocess.run([python, "--version"], capture_output=True).returncode:
        raise SystemExit(f"{python} does not run here; name an interpreter of Python 3.12 as --base.")
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    inside = folder / "venv" / "bin" / "python"
    subprocess.run([inside, "-m", "pip", "install", "-q", "-r", ROOT / "requirements.txt", "spaces"], check=True)
    return inside


def copied(folder: Path) -> Path:
    """What the repository holds, and nothing else that lies beside it."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def megabytes(folder: Path) -> float:
    """Size of all files below a folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def simulated(home: Path) -> dict[str, str]:
    """What has the app meet the `spaces` above instead of the one that is installed."""
    (home / "simulated" / "spaces").mkdir(parents=True)
    (home / "simulated" / "spaces" / "__init__.py").write_text(SPACES)
    own = {"SPACES_ZERO_GPU": "true", "PYTHONPATH": str(home / "simulated")}
    return own | {"SPACE_CALLS": str(home / "calls")}


@contextmanager
def zero_gpu() -> Iterator[tuple[dict[str, str], list[str]]]:
    """What has the app meet `spaces` as it is installed, and what that asked of a ZeroGPU that agrees to all."""
    asked: list[str] = []

    class Agrees(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Agrees) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": place}, asked
        finally:
            server.shutdown()


@contextmanager
def serving(python: Path, folder: Path, home: Path, more: dict[str, str]) -> Iterator[tuple[str, float]]:
    """`app.py` as a Space starts it, with more in its environment; its address, and seconds until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "TTS_PLAYGROUND_HOME": str(home)}
    own |= {"HF_HUB_OFFLINE": "1"} | more
    began = time.monotonic()
    server = subprocess.Popen([python, "app.py"], cwd=folder, env={**os.environ, **own}, stdout=sys.stderr)
    try:
        while time.monotonic() - began < PATIENCE and server.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/", timeout=5, trust_env=False).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        else:
            raise SystemExit("The app did not start; what it said stands above.")
        yield f"http://127.0.0.1:{port}/", time.monotonic() - began
    finally:
        server.terminate()
        server.wait(30)


def reported(python: Path, folder: Path, home: Path) -> float:
    """Seconds to the first page with `spaces` as it is installed, which found what asks for a GPU and reported it."""
    with zero_gpu() as (more, asked), serving(python, folder, home, more) as (_, seconds):
        ends = time.monotonic() + 30
        while "/startup-report" not in asked and time.monotonic() < ends:
            time.sleep(0.2)
    if "/startup-report" not in asked:
        raise SystemExit("`spaces` found nothing that asks for a GPU when the app started.")
    return seconds


def opened(address: str) -> dict[str, float]:
    """Seconds to the first picture of the page, to the first result of the sketch tab, and to each tab, in Chromium."""
    times, wait = dict[str, float](), PATIENCE * 1000
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(wait)
        began = time.monotonic()
        page.goto(address)
        page.locator("[id^=tab-][role=tab], button[id^=tab-]").first.wait_for()
        times["first page in the browser"] = time.monotonic() - began
        names = page.locator("button[id^=tab-][id$=-button]").evaluate_all("found => found.map(one => one.id)")
        for name in dict.fromkeys(names):
            began = time.monotonic()
            page.locator(f"#{name}").click()
            page.locator(f"#{name.removesuffix('-button')} .block:visible").first.wait_for()
            times[f"tab {name.removeprefix('tab-').removesuffix('-button')}"] = time.monotonic() - began
        page.goto(f"{address}?tab=t2i&seed=7&n=4")
        page.locator("#t2i-run").wait_for()
        page.wait_for_timeout(2000)
        began = time.monotonic()
        page.locator("#t2i-run").click()
        page.locator("#t2i-picks img").first.wait_for()
        page.wait_for_function("!/Drawing|Waiting/.test(document.querySelector('#t2i-status').innerText)")
        times["first result"] = time.monotonic() - began
        browser.close()
    return times


def main() -> None:
    """Print what a Space would take."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--python", type=Path, help="an interpreter that has the packages already")
    asked.add_argument("--base", default="python3.12", help="of which a fresh environment is made")
    asked.add_argument("--cpu", action="store_true", help="a Space without ZeroGPU")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as work:
        folder = copied(Path(work) / "space")
        found["repository, MB"] = megabytes(folder)
        began = time.monotonic()
        python = given.python.absolute() if given.python else environment(Path(work), given.base)
        if not given.python:
            found["set-up, s"] = time.monotonic() - began
            found["environment, MB"] = megabytes(Path(work) / "venv")
        (home := Path(work) / "home").mkdir()
        if not given.cpu and subprocess.run([python, "-c", "import spaces"], capture_output=True).returncode == 0:
            found["first page with `spaces` itself, s"] = reported(python, folder, home)
        with serving(python, folder, home, {} if given.cpu else simulated(home)) as (address, seconds):
            found["first page from the server, s"] = seconds
            found |= {f"{what}, s": spent for what, spent in opened(address).items()}
        calls = (home / "calls").read_text().splitlines() if (home / "calls").exists() else []
        found |= {} if given.cpu else {"calls that asked for the GPU": float(len(calls))}
    print(json.dumps(found, indent=1) if given.json else "\n".join(f"{what}: {n:.1f}" for what, n in found.items()))
    if not given.cpu and not calls:
        raise SystemExit("Nothing asked for the GPU: decorated functions were not found.")


if __name__ == "__main__":
    main()
