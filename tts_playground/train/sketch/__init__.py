"""tiny:sketch."""
