"""Training of tiny:vlm, which answers questions about infographics."""
