"""Process reward models: a problem and the steps of a solution to a probability for each step that it is right."""
