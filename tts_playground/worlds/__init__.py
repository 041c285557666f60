"""The small worlds that the embedded models learn from."""
