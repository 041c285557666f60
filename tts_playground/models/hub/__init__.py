"""Models by name: where their files are, what they are, and whether this machine can hold them."""
