"""tiny:vlm."""
