"""A client for OpenAI-compatible servers: which address gets which key, what a server refuses, what its reply says."""
