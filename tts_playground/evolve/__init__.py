"""Programs as training data: evolved, generated or both, kept with their lineage, and judged as a data set."""
