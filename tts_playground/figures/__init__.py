"""Plotly figures of curves, scores and strategies: the same functions serve the app, the command line and notebooks.

Every function returns a ``plotly.graph_objects.Figure`` in one theme that reads on light and on dark pages; ``save``
writes it as a web page that needs no network, or as a picture where a browser is installed.
"""

from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.figures.lines import best_of_n, over_optimisation, two_axes
from tts_playground.figures.prompts import prompts
from tts_playground.figures.scores import histogram, scatter
from tts_playground.figures.strategies import strategies
from tts_playground.figures.sweeps import diversity_against_reward, sweep_curves, sweep_map
from tts_playground.figures.theme import AXES, empty, save
from tts_playground.figures.tokens import token_bars
from tts_playground.figures.trace import trace_tree

__all__ = [
    "AXES",
    "StrategyPoint",
    "best_of_n",
    "diversity_against_reward",
    "empty",
    "histogram",
    "over_optimisation",
    "prompts",
    "save",
    "scatter",
    "strategies",
    "sweep_curves",
    "sweep_map",
    "token_bars",
    "trace_tree",
    "two_axes",
]
