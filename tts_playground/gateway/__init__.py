"""An OpenAI-compatible gateway: chat completions whose replies a search has found, by models that the operator lists.

``catalogue`` is the operator's list, ``fields`` and ``messages`` read a request, ``searching`` runs it, ``shapes`` says
what came in OpenAI's form, ``line`` says whose turn it is, and ``edge`` is what stands on the network.
"""
