"""Training of tiny:math, which solves word problems step by step, and of the process rewards that judge its steps."""
