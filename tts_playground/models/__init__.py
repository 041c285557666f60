"""Loading, token loops, prefix caches and noise: whatever touches a network's weights."""
