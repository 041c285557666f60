"""tiny:clip and tiny:aesthetic."""
