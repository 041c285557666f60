"""Scores of samples; higher is better."""
