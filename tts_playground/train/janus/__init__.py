"""tiny:janus and its tokenizer."""
