"""The random-choice audit: does a vision-language model choose uniformly, and what does its bias do downstream?

A picture shows k labelled cells, the model is asked to choose one at random, and the statistics say how far its choice
is from fair, what it depends on (digit, place, colour, condition), and what calibration does about it. ``run.audit`` is
the whole of it in one call.
"""
