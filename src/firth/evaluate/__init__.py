"""How good vectors are: benchmarks, their statistics, and the exact objective on a corpus."""

from firth.evaluate.comparison import Comparison, Difference, compare
from firth.evaluate.reading import Analogies, Categories, OddOneOut, Similarity, read
from firth.evaluate.scores import Evaluation, Result, Score, evaluate

__all__ = [
    "Analogies",
    "Categories",
    "Comparison",
    "Difference",
    "Evaluation",
    "OddOneOut",
    "Result",
    "Score",
    "Similarity",
    "compare",
    "evaluate",
    "read",
]
