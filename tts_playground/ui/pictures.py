"""Pictures from strangers are opened as all others are; see ``tts_playground.images``."""

from __future__ import annotations

from tts_playground.images import open_image as open_picture

__all__ = ["open_picture"]
