"""How good vectors are: benchmarks, their statistics, and the exact objective on a corpus."""

from firth.evaluate.compare import Comparison, Difference, compare
from firth.evaluate.read import Analogies, Categories, OddOneOut, Similarity, read
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
