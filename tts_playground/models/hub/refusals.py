"""Why the hub does not give a model, as one sentence with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TWINS = re.compile(r"(?:google/(gemma-3.*)|meta-llama/(Llama-(?:3\.2-\d+B-Vision|4).*))", re.IGNORECASE)
"""gated repositories that unsloth keeps copies of under the same names, for which nobody has to ask"""


def open_twin(name: str) -> str:
    """A repository with the same weights that asks for no licence; "" where none is known."""
    found = _TWINS.fullmatch(name)
    return f"unsloth/{found[1] or found[2]}" if found else ""


def refusal(name: str, error: Exception, gone: Sequence[str] = (), *, downloading: bool = False) -> str:
    """The sentence for what the hub's library raised.

    Args:
        gone: names of the files that a download which broke off has left out.
        downloading: the hub knows the model, and its files were being fetched.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, GatedRepoError):
        twin = open_twin(name)
        return (
            f"{name} is gated: accept its licence on https://huggingface.co/{name} and log in with 'hf auth login'"
            f"{f', or use {twin}, which asks for neither' if twin else ''}."
        )
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"The hub has no {name}, or does not show it to you; check its name on https://huggingface.co, or log in "
            "with 'hf auth login' if it is private."
        )
    if status in (401, 403):
        return (
            f"The hub refuses {name} ({status}): log in again with 'hf auth login', or take out a HF_TOKEN that is old."
        )
    if downloading:
        return f"{name} could not be downloaded ({type(error).__name__}); what has come is kept, so try again later."
    broken = (
        f": its download broke off (not here: {', '.join(gone[:2])}{', ...' if len(gone) > 2 else ''})," if gone else ""
    )
    return (
        f"{name} is not on this machine{broken} and the hub does not give it ({type(error).__name__}); go online, "
        "give a folder, or use a tiny: model."
    )
