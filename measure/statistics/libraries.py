"""What the statistics use of scipy, scikit-learn and what is compiled by numba, imported with the first use: judging alone waits for it."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from unsettled.measure.statistics.laws import norm
from unsettled.measure.support.later import Later

stats = Later("scipy.stats")
chi2, nct = (Later("scipy.stats", name) for name in ("chi2", "nct"))
TESTS = ("binomtest", "fisher_exact", "pearsonr", "spearmanr", "wilcoxon")
binomtest, fisher_exact, pearsonr, spearmanr, wilcoxon = (Later("scipy.stats", name) for name in TESTS)
expit, logit = (Later("scipy.special", name) for name in ("expit", "logit"))

brier_score_loss = Later("sklearn.metrics", "brier_score_loss")

minorant, ranking = (Later(f"unsettled.measure.statistics.{name}") for name in ("minorant", "ranking"))


@lru_cache(maxsize=1024)
def upper_quantile(tail: float) -> float:
    """The z that a standard normal variable exceeds with probability ``tail``: the same few are asked for thousands of times.

    >>> round(upper_quantile(0.025), 3)
    1.96
    """
    return float(norm.isf(tail))


def ready() -> None:
    """Import now what every estimate needs, before a process that estimates is forked: else each of both imports it."""
    import_module("scipy.special")
