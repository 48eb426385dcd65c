"""Inner loops compiled by numba, for the CPU: QR of tangents that are clearly independent, and the frame's bookkeeping.

What they leave undone they say, and `measure.orthonormal` does it by Householder: short, dependent or broken tangents.
numba's cache notices changes in a function's own file only: all of it stays in one.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_SUMS = {"reassoc", "contract"}  # sums may be reordered, so that they fill vector registers; NaN and inf stay what they are
# a row of the running triangle is rescaled when its largest entry leaves this range
_SMALL, _LARGE = 1e-60, 1e60


@njit(cache=True, nogil=True)
def _cholesky(gram, lower):
    """gram = lower·lowerᵀ; returns the smallest share of a row that is its own, 0 where there is none or not a number."""
    least = 1.0
    for i in range(gram.shape[0]):
        for j in range(i + 1):
            left = gram[i, j]
            for m in range(j):
                left -= lower[i, m] * lower[j, m]
            if i > j:
                lower[i, j] = left / lower[j, j]
            elif 0 < left < math.inf:
                lower[i, i] = math.sqrt(left)
                least = min(least, lower[i, i] / math.sqrt(gram[i, i]))
            else:
                return 0.0
    return least


@njit(cache=True, nogil=True)
def _invert(lower, inverse):
    k = lower.shape[0]
    for j in range(k):
        inverse[j, j] = 1.0 / lower[j, j]
        for i in range(j + 1, k):
            left = 0.0
            for m in range(j, i):
                left -= lower[i, m] * inverse[m, j]
            inverse[i, j] = left / lower[i, i]


@njit(cache=True, nogil=True)
def factorise(gram, lower, inverse):
    """Cholesky factors of Gram matrices (B, k, k) and their inverses; where it fails the inverse is zero.

    Returns (B,) the smallest share of a row that is not along the rows before it, 0 where it failed.
    """
    share = np.empty(len(gram))
    for b in range(len(gram)):
        lower[b] = 0.0
        inverse[b] = 0.0
        share[b] = _cholesky(gram[b], lower[b])
        if share[b] > 0:
            _invert(lower[b], inverse[b])
    return share


@njit(cache=True, nogil=True, fastmath=_SUMS)
def gram_schmidt_float64(x, q, r, least):
    """QR of the rows of x (B, k, d) by modified Gram-Schmidt, twice: q (B, k, d), r (B, k, k), all float64.

    Returns (B,) whether each example was done: those of which a row has no more than the share ``least`` of its own, or
    is not finite, are not, and their q and r mean nothing.
    """
    batch, k, d = x.shape
    done = np.empty(batch, np.bool_)
    for b in range(batch):
        good = True
        r[b] = 0.0
        for i in range(k):
            whole = 0.0
            for c in range(d):
                q[b, i, c] = x[b, i, c]
                whole += x[b, i, c] * x[b, i, c]
            for _ in range(2 if i else 0):
                for j in range(i):
                    along = 0.0
                    for c in range(d):
                        along += q[b, j, c] * q[b, i, c]
                    for c in range(d):
                        q[b, i, c] -= along * q[b, j, c]
                    r[b, j, i] += along
            left = 0.0
            for c in range(d):
                left += q[b, i, c] * q[b, i, c]
            left = math.sqrt(left)
            good = left > least * math.sqrt(whole) and left < math.inf
            if not good:
                break
            r[b, i, i] = left
            for c in range(d):
                q[b, i, c] /= left
        done[b] = good
    return done


@njit(cache=True, nogil=True)
def accumulate(factor, growth, triangular, log_scale, overflow):
    """Multiply factors (B, k, k) of a QR into the frame, in place; see `measure.frame.Frame` for what each array is.

    An example whose factor holds NaN is marked in ``overflow`` and left as it is. A row of ``triangular`` is rescaled only
    where its entries leave a wide range.
    """
    batch, k, _ = factor.shape
    row = np.empty(k)
    for b in range(batch):
        broken = False
        for i in range(k):
            for j in range(k):
                broken |= math.isnan(factor[b, i, j])
        if broken:
            overflow[b] = True
            continue
        for i in range(k):  # upper triangular: row i needs the rows from i on, and these are still those of before
            own = factor[b, i, i]
            growth[b, i] += math.log(own) if own > 0 else -math.inf
            top = -math.inf
            for j in range(i, k):
                if factor[b, i, j] != 0:
                    top = max(top, log_scale[b, j])
            row[:] = 0.0
            largest = 0.0
            if top > -math.inf:
                for j in range(i, k):
                    weight = factor[b, i, j]
                    if weight == 0:
                        continue
                    if log_scale[b, j] != top:
                        weight *= math.exp(log_scale[b, j] - top)
                    for m in range(j, k):
                        row[m] += weight * triangular[b, j, m]
                for m in range(i, k):
                    largest = max(largest, abs(row[m]))
            if largest == 0.0:
                triangular[b, i] = 0.0
                log_scale[b, i] = -math.inf
                continue
            log_scale[b, i] = top
            if largest < _SMALL or largest > _LARGE:
                row /= largest
                log_scale[b, i] += math.log(largest)
            triangular[b, i] = row
