"""Word problems and expressions with exact answers, how they are solved, and which steps of a solution are right."""

from tts_playground.worlds.arithmetic.benchmark import math_eval
from tts_playground.worlds.arithmetic.checking import is_correct, step_labels
from tts_playground.worlds.arithmetic.generate import problems
from tts_playground.worlds.arithmetic.problem import MathProblem

__all__ = ["MathProblem", "is_correct", "math_eval", "problems", "step_labels"]
