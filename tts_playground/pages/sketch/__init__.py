"""The sketch tab's state."""
