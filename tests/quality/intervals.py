"""How far a measured share can be trusted: 95 % intervals for shares and for F1. Called by measure and evaluation."""

import math
import random
from collections.abc import Sequence

_Z = 1.959964
_ROUNDS = 2000
_SEED = 20260301

Interval = tuple[float, float]
# Right, found and wanted agreements of one article.
Counts = tuple[int, int, int]


def wilson(right: int, judged: int) -> Interval:
    """Wilson's score interval of a share; all of it where nothing was judged."""
    if not judged:
        return 0.0, 1.0
    share = right / judged
    middle = share + _Z * _Z / (2 * judged)
    spread = _Z * math.sqrt(share * (1 - share) / judged + _Z * _Z / (4 * judged * judged))
    scale = 1 + _Z * _Z / judged
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def f1(right: int, found: int, wanted: int) -> float:
    """F1 of counts; 1 where nothing was wanted and nothing found."""
    return 2 * right / (found + wanted) if found + wanted else 1.0


def bootstrapped_f1(articles: Sequence[Counts]) -> Interval:
    """The middle 95 % of F1 over articles drawn with replacement: agreements of one article are not independent.

    The seed is fixed, so two runs over the same counts give the same interval.
    """
    if not articles:
        return 0.0, 1.0
    drawn = random.Random(_SEED)
    scores = sorted(_f1_of(drawn.choices(articles, k=len(articles))) for _ in range(_ROUNDS))
    tail = int(_ROUNDS * 0.025)
    return scores[tail], scores[-1 - tail]


def _f1_of(articles: Sequence[Counts]) -> float:
    right, found, wanted = (sum(column) for column in zip(*articles, strict=True))
    return f1(right, found, wanted)
