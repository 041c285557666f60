"""Quality on held-out data, with intervals; and the starter pools that ship."""
