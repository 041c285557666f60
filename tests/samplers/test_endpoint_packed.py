"""A reply that is packed is unpacked within bounds, whatever it claims to be."""

import gzip
import json
import subprocess
import sys
import threading
import zlib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from endpoint_servers import completion

from tts_playground.errors import CannotDo
from tts_playground.models.endpoint.client import Client

REPLY = json.dumps(completion("fish")).encode()


@contextmanager
def _serving(packing, data):
    """The base address of a server that sends the bytes as packed so; and what packings it was told to be fine."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.headers["Accept-Encoding"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Encoding", packing)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("packing", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_packed_replies_are_read(packing, pack):
    with _serving(packing, pack(REPLY)) as (url, asked):
        assert Client(url, "m", retries=0).complete([])[0].text == "fish"
    assert asked == ["identity"]


@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "\x1b[31mx"])
def test_other_packings_are_refused(packing):
    with _serving(packing, REPLY) as (url, _), pytest.raises(CannotDo, match="asked not to pack") as told:
        Client(url, "m", retries=0).complete([])
    assert "\x1b" not in str(told.value)


def test_a_damaged_reply_is_a_sentence():
    with _serving("gzip", b"x" * 40) as (url, _), pytest.raises(CannotDo, match="damaged"):
        Client(url, "m", retries=0).complete([])


def _bomb():
    """2 GB in 2 MB: sixteen megabytes of nothing, packed so that they can stand one behind the other."""
    stream = zlib.compressobj(9, wbits=31)
    first = stream.compress(bytes(1 << 24)) + stream.flush(zlib.Z_FULL_FLUSH)
    again = stream.compress(bytes(1 << 24)) + stream.flush(zlib.Z_FULL_FLUSH)
    return first + 127 * again


def test_a_bomb_unpacks_to_what_it_says():
    unpacking = zlib.decompressobj(wbits=31)
    assert unpacking.decompress(_bomb(), 40 << 20) == bytes(40 << 20) and unpacking.unconsumed_tail


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux limits it")
@pytest.mark.parametrize("packing", ["gzip", "gzip, gzip"])
def test_a_bomb_takes_no_memory(packing):
    bomb = gzip.compress(_bomb(), 1) if "," in packing else _bomb()
    code = (
        "import resource, sys\nfrom tts_playground.errors import CannotDo\n"
        "from tts_playground.models.endpoint.client import Client\n"
        "client = Client(sys.argv[1], 'm', retries=0)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "try:\n    client.complete([])\nexcept CannotDo as error:\n    print(error)\n"
    )
    with _serving(packing, bomb) as (url, _):
        done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=True)
    assert ("more than 64 MB" if packing == "gzip" else "asked not to pack") in done.stdout
