"""Samplers draw candidates for a task."""
