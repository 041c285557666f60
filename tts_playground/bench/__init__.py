"""Speed against named peers and quality with intervals: scripts that anyone can rerun."""
