"""Several prompts beside each other: those that a person writes, and what is there of them without any model."""

from __future__ import annotations

from dataclasses import replace

from tts_playground.errors import BadInput
from tts_playground.pages.t2i import image_repository
from tts_playground.pages.t2i.gallery_state import GalleryState
from tts_playground.pages.t2i.view_settings import T2iView

MOST = 8
"""prompts in one figure"""
LONGEST = 8000
"""characters of all prompts together"""
HELLO = "Write some prompts and press “Draw these prompts”."


def prompts_of(text: str) -> tuple[str, ...]:
    """The prompts of a text, one per line, each once.

    Raises:
        BadInput: there is none, or there are too many.
    """
    found = tuple(dict.fromkeys(line.strip() for line in str(text or "").splitlines() if line.strip()))
    if not found:
        raise BadInput("There are no prompts; write at least one, each on a line of its own.")
    if len(found) > MOST:
        raise BadInput(f"At most {MOST} prompts fit into one figure, not {len(found)}; leave some out.")
    return found


def there(view: T2iView, prompts: tuple[str, ...]) -> tuple[GalleryState, ...]:
    """What has been drawn of these prompts under a view's settings and scored by its reward."""
    looks = (image_repository.look(replace(view, prompt=prompt)) for prompt in prompts)
    return tuple(look for look in looks if look.size and view.reward in look.scores)
