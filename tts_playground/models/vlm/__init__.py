"""Vision-language models: a picture and a question to replies and probabilities."""
