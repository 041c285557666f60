"""Training of tiny:sketch, which writes the program of a drawing."""
