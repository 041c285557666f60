"""Where the page is served: the address that the environment names, looked at before gradio reads it.

gradio takes GRADIO_SERVER_NAME and GRADIO_SERVER_PORT as they are, goes on to the next ports without a word where one
is in use, and blames the ports where the name is no address of this machine.
"""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from tts_playground.errors import BadInput, CannotDo, shown

NAME, PORT, TRIES = "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "GRADIO_NUM_PORTS"
FIRST, MANY = 7860, 100
"""gradio's own: the first port, and how many are tried"""


def check() -> None:
    """Refuse an address that cannot be served.

    Raises:
        BadInput: the port is no number from 1 to 65535, or the name is no address of this machine.
    """
    first_port()
    _number(TRIES, MANY, 65535)
    name = os.environ.get(NAME, "")
    if not name:
        return
    host = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    try:
        family = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.bind((host, 0))
    except (OSError, UnicodeError) as error:
        raise BadInput(
            f"{NAME} is {shown(name, 80)!r}, which is no address of this machine; give 127.0.0.1 (for this machine"
            " alone) or 0.0.0.0 (for others too)."
        ) from error


def first_port() -> int:
    """The port that is tried first.

    Raises:
        BadInput: it is no number from 1 to 65535.
    """
    return _number(PORT, FIRST, 65535)


def moved(address: str) -> str:
    """One line where the page is on another port than the first one, else ""."""
    first, found = first_port(), urlsplit(address).port
    return "" if found in (None, first) else f"Port {first} is in use, so that the page is on port {found}."


def none_free(error: OSError) -> CannotDo:
    """What gradio's refusal means."""
    first, tries = first_port(), _number(TRIES, MANY, 65535)
    ports = f"Port {first}" if tries == 1 else f"Every port from {first} to {min(65535, first + tries - 1)}"
    return CannotDo(f"{ports} is in use or cannot be opened; name another one with {PORT}.")


def _number(name: str, usual: int, most: int) -> int:
    text = os.environ.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise BadInput(f"{name} is {shown(text, 80)!r}, but it must be a number from 1 to {most}.")
    return int(text)
