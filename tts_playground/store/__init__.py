"""The sample store: pools that survive kills, and pools as files."""
