"""The app starts whatever proxy the environment names, and the environment stays as it was."""

import os
import subprocess
import sys

import httpx
import pytest

from tts_playground.ui import shell
from tts_playground.ui.sketch import TAB

PROXIES = ["socks5://127.0.0.1:9", "not a url::", "http://127.0.0.1:9"]


@pytest.mark.parametrize("proxy", PROXIES)
def test_it_starts(proxy, monkeypatch, tmp_path):
    monkeypatch.setenv("TTS_PLAYGROUND_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("no_proxy", "example.org")
    monkeypatch.delenv("NO_PROXY", raising=False)
    app = shell.build([TAB])
    address = shell.serve(app, block=False, quiet=True, server_name="127.0.0.1")
    try:
        with httpx.Client(trust_env=False) as client:
            assert client.get(address).status_code == 200
        assert os.environ["no_proxy"] == "example.org" and "NO_PROXY" not in os.environ
    finally:
        app.close()


SERVED = """
from tts_playground.ui import shell
from tts_playground.ui.sketch import TAB
app = shell.build([TAB])
print(shell.serve(app, block=False, quiet=True, server_name="127.0.0.1"))
app.close()
"""


def test_gradio_is_imported_whatever_the_proxy(tmp_path):
    """One process has both kinds that httpx stumbles over; with one that it understands nothing can go wrong here."""
    unsupported, no_url, _ = PROXIES
    proxies = {"http_proxy": unsupported, "https_proxy": no_url, "all_proxy": unsupported}
    env = os.environ | proxies | {"TTS_PLAYGROUND_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", SERVED], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0 and "http://127.0.0.1:" in done.stdout, done.stderr[-2000:]
