"""How well the best linear combination of several scores could separate two classes: an upper confidence limit of its area.

A combination that is fitted on a sample separates fresh examples worse than the best one does: the area out of fold lies below
the best one's, the more so the fewer the examples and the more the scores. So its interval is no interval of what the scores could
tell. Of normal scores Hotelling's T² knows it exactly: it is a noncentral F, whose noncentrality is the squared distance Δ² of
the classes, and the area of the best combination is Φ(Δ/√2).

Source: Reiser & Faraggi (1997), Biometrics 53:644. Scores are made normal by their ranks (van der Waerden), column by column.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import midranks
from unsettled.measure.statistics.laws import ncf, norm
from unsettled.measure.statistics.roots import root
from unsettled.measure.statistics.sample import as_mask, check_share


def best_area_limit(scores: ArrayLike, positives: ArrayLike, *, level: float = 0.95) -> float:
    """The upper limit, as of a two-sided interval at ``level``, of the area of the best linear combination of ``scores`` (N, p).

    1 where there are too few examples to tell. Not for two classes that differ in spread alone, which no linear combination sees.

    Raises:
        UserError: scores that are not finite, or not a table with a row for each of ``positives`` (N,).

    >>> rng = np.random.default_rng(0)
    >>> positives = np.arange(200) < 100
    >>> best_area_limit(rng.standard_normal((200, 3)), positives) < 0.7
    True
    >>> best_area_limit(rng.standard_normal((200, 3)) + 2 * positives[:, None], positives) > 0.98
    True
    """
    return BestCombination(scores, positives).limit(level)


class BestCombination:
    """The best linear combination of ``scores`` (N, p) for ``positives`` (N,), fitted once for limits at all levels."""

    def __init__(self, scores: ArrayLike, positives: ArrayLike) -> None:
        table = np.asarray(scores, np.float64)
        if table.ndim != 2 or not np.isfinite(table).all():
            raise UserError(f"scores have shape {table.shape}, expected a finite number for each example and score")
        mask = as_mask("positives", positives, len(table))
        self._n, self._m = len(mask), int(mask.sum())
        self._rank, self._explained = 0, 1.0
        if not 0 < self._m < self._n:
            return
        normal = norm.ppf(np.column_stack([midranks(column) for column in table.T]) / (self._n + 1))
        normal -= normal.mean(axis=0)
        labels = mask - mask.mean()
        fitted, _, rank, _ = np.linalg.lstsq(normal, labels, rcond=None)
        self._rank, self._explained = int(rank), float(np.sum((normal @ fitted) ** 2) / np.sum(labels**2))

    def limit(self, level: float = 0.95) -> float:
        """As `best_area_limit`."""
        tail, n, m, rank = (1 - check_share("level", level)) / 2, self._n, self._m, self._rank
        if not 0 < m < n:
            return 1.0
        degrees = n - rank - 1
        if degrees < 1 or not rank:
            return 1.0 if rank else 0.5
        if self._explained >= 1:
            return 1.0
        found = self._explained / rank / ((1 - self._explained) / degrees)

        def below(noncentrality: float) -> float:
            """Chance of a ratio no larger than the one found, less what is left to it."""
            return float(ncf.cdf(found, rank, degrees, noncentrality)) - tail

        if below(1e-9) < 0:
            return 0.5
        least, most = 1e-9, 1.0
        while below(most) > 0:  # from below: far beyond its mean the noncentral law is not computed
            least, most = most, 2 * most
        distance = root(below, least, most) * n / (m * (n - m))
        return float(norm.cdf(math.sqrt(distance / 2)))
