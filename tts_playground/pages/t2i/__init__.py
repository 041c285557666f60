"""The image tab's state."""
