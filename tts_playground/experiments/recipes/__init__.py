"""Recipes: YAML files in the form of search-and-learn that say what is drawn, how it is searched, and where it goes.

``recipe`` has the keys, ``reading`` takes them from YAML and from a command line, ``approaches`` makes strategies of
them, ``run`` draws, ``rows`` holds what a file of completions says, ``columns`` its published columns, and ``accuracy``
how right it is.
"""
