"""Samples that last (store), curves from them (curves, bands, voting, fits) and figures (figures)."""
