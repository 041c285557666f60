"""Language models: a text to its continuations, many at a time."""
