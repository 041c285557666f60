"""A selector and a strategy have one colour in every figure, whatever stands beside them."""

import numpy as np

from tts_playground import figures, registry
from tts_playground.estimators.curves import Curve
from tts_playground.estimators.intervals import Interval
from tts_playground.experiments.comparison import StrategyPoint
from tts_playground.figures.places import of_curves, of_strategy
from tts_playground.figures.theme import colour


def _curve(label):
    n = np.array([1, 2, 4])
    return Curve(n, np.array([0.1, 0.2, 0.3]), None, None, label=label, pool_size=8, unit={"samples": 1.0})


def _colours(figure):
    return {trace.name: trace.line.color for trace in figure.data if trace.showlegend}


def test_a_selector_keeps_its_colour_alone_and_among_others():
    alone = _colours(figures.best_of_n(_curve("majority")))
    among = _colours(figures.best_of_n(_curve("weighted vote"), _curve("best score"), _curve("majority")))
    assert alone["majority"] == among["majority"] and len(set(among.values())) == 3
    answers = _colours(figures.best_of_n(_curve("verifier: highest P(yes)"), _curve("majority weighted by P(yes)")))
    assert answers["verifier: highest P(yes)"] == among["best score"]
    assert answers["majority weighted by P(yes)"] == among["weighted vote"]


def test_no_two_curves_of_a_figure_share_a_place():
    places = of_curves(["another", "majority", "majority of N", "one more", "any of N is right"])
    assert len(set(places)) == 5 and places[1] == 4 and places[4] == 0
    assert of_curves(["best-of-N"]) == [0]


def test_a_strategy_keeps_its_colour_and_symbol_by_name_and_by_title():
    def shown(*labels):
        points = [StrategyPoint(one, Interval(0.5, 0.4, 0.6, 4), {"samples": 4.0}, budget=4) for one in labels]
        found = figures.strategies(points, "n").data
        return {trace.name: (trace.marker.color, trace.marker.symbol) for trace in found}

    assert shown("dvts")["dvts"] == shown("refine", "smc", "dvts")["dvts"] == shown("beam", "DVTS")["DVTS"]
    names = registry.names("strategy")
    assert len({of_strategy(name, place) for place, name in enumerate(names)}) == len(names)
    assert colour(0) not in {mark for mark, _ in shown(*names).values()}, "best-of-N has that one"
