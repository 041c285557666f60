"""Comparisons at equal cost, sweeps, question sets: what is run over many prompts, questions or settings."""
