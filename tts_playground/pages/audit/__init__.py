"""The audit tab's state."""
