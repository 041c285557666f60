"""Strategies decide where the next unit of compute goes, and report rounds."""
