"""Curves, bands, intervals, votes, fits and calibration (numpy only)."""
