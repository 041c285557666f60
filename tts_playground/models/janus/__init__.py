"""Janus: prompts to image tokens to pictures."""
