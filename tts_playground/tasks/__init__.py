"""Tasks: what is asked for, and what ties sampler, reward and strategy together."""
