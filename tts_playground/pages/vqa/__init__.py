"""The VQA tab's state."""
