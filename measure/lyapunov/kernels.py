"""Inner loops compiled by numba, for the CPU: QR of tangents that are clearly independent, and the frame's bookkeeping.

What they leave undone they say, and `unsettled.measure.lyapunov.orthonormal` does it by Householder: short, dependent or broken tangents.
numba's cache notices changes in a function's own file only: all of it stays in one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

Array = np.ndarray

# a division by zero is what it is in numpy: code that may raise for it is not inlined, and small examples take twice as long
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_SUMS = {"reassoc", "contract"}  # sums may be reordered, so that they fill vector registers; NaN and inf stay what they are
# a row of the running triangle is rescaled when its largest entry leaves this range
_SMALL, _LARGE = 1e-60, 1e60
# a row of which this share is left by a pass of Gram-Schmidt needs no second one (Daniel, Gragg, Kaufman & Stewart, 1976)
_MOST = 0.7


@njit(**_OPTIONS)
def _cholesky(gram: Array, lower: Array) -> float:
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


@njit(**_OPTIONS)
def _invert(lower: Array, inverse: Array) -> None:
    k = lower.shape[0]
    for j in range(k):
        inverse[j, j] = 1.0 / lower[j, j]
        for i in range(j + 1, k):
            left = 0.0
            for m in range(j, i):
                left -= lower[i, m] * inverse[m, j]
            inverse[i, j] = left / lower[i, i]


@njit(**_OPTIONS)
def factorise(gram: Array, lower: Array, inverse: Array) -> Array:
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


# The inner functions are told the number of their example, not given a view of it: a view costs more than a small example.
@njit(**_OPTIONS, fastmath=_SUMS)
def _gram_schmidt(b: int, x: Array, q: Array, r: Array, least: float) -> bool:
    """Example b of `gram_schmidt`: x (B, k, d) of any precision; q (k, d) and r (k, k) float64."""
    _, k, d = x.shape
    for i in range(k):
        for j in range(k):
            r[i, j] = 0.0
    for i in range(k):
        whole = 0.0
        for c in range(d):
            q[i, c] = x[b, i, c]
            whole += q[i, c] * q[i, c]
        whole = math.sqrt(whole)
        before = whole
        left = whole
        for _ in range(2 if i else 0):
            for j in range(i):
                along = 0.0
                for c in range(d):
                    along += q[j, c] * q[i, c]
                for c in range(d):
                    q[i, c] -= along * q[j, c]
                r[j, i] += along
            left = 0.0
            for c in range(d):
                left += q[i, c] * q[i, c]
            left = math.sqrt(left)
            if left > _MOST * before:  # little was taken away, and so little of the rounding is left along the others
                break
            before = left
        if not (left > least * whole and left < math.inf):
            return False
        r[i, i] = left
        for c in range(d):
            q[i, c] /= left
    return True


@njit(**_OPTIONS)
def gram_schmidt(x: Array, q: Array, r: Array, least: float) -> Array:
    """QR of the rows of x (B, k, d) by modified Gram-Schmidt, twice where needed: q (B, k, d), r (B, k, k) float64.

    Returns (B,) whether each example was done: those of which a row has no more than the share ``least`` of its own, or
    is not finite, are not, and their q and r mean nothing.
    """
    done = np.empty(len(x), np.bool_)
    work = np.empty(x.shape[1:])
    for b in range(len(x)):
        done[b] = _gram_schmidt(b, x, work, r[b], least)
        q[b] = work
    return done


@njit(**_OPTIONS)
def _stretch(b: int, i: int, own: float, growth: Array, stretch: Array) -> None:
    """Row i of example b is longer by the factor ``own``: into the product, and into the sum of logarithms where that is full."""
    longer = stretch[b, i] * own
    if _SMALL < longer < _LARGE:
        stretch[b, i] = longer
    else:
        growth[b, i] += math.log(stretch[b, i]) + (math.log(own) if own > 0 else -math.inf)
        stretch[b, i] = 1.0


@njit(**_OPTIONS)
def _count(b: int, factor: Array, growth: Array, stretch: Array, triangular: Array, log_scale: Array, row: Array) -> None:
    """Example b of `accumulate`, whose factor (k, k) is given; row (k,) is scratch."""
    k = len(factor)
    for i in range(k):  # upper triangular: row i needs the rows from i on, and these are still those of before
        _stretch(b, i, factor[i, i], growth, stretch)
        top = -math.inf
        for j in range(i, k):
            row[j] = 0.0
            if factor[i, j] != 0:
                top = max(top, log_scale[b, j])
        largest = 0.0
        if top > -math.inf:
            for j in range(i, k):
                weight = factor[i, j]
                if weight == 0:
                    continue
                if log_scale[b, j] != top:
                    weight *= math.exp(log_scale[b, j] - top)
                for m in range(j, k):
                    row[m] += weight * triangular[b, j, m]
            for m in range(i, k):
                largest = max(largest, abs(row[m]))
        log_scale[b, i] = top if largest > 0 else -math.inf
        for m in range(i, k):
            triangular[b, i, m] = row[m]
        if 0 < largest < _SMALL or largest > _LARGE:
            log_scale[b, i] += math.log(largest)
            for m in range(i, k):
                triangular[b, i, m] /= largest


@njit(**_OPTIONS)
def accumulate(factor: Array, growth: Array, stretch: Array, triangular: Array, log_scale: Array, overflow: Array) -> None:
    """Multiply factors (B, k, k) of a QR into the frame, in place; see `unsettled.measure.lyapunov.frame.Frame` for what each array is.

    An example whose factor holds NaN is marked in ``overflow`` and left as it is. A row of ``triangular`` is rescaled only
    where its entries leave a wide range, and a logarithm taken only where the product ``stretch`` does.
    """
    row = np.empty(factor.shape[1])
    for b in range(len(factor)):
        broken = False
        for i in range(factor.shape[1]):
            for j in range(factor.shape[1]):
                broken |= math.isnan(factor[b, i, j])
        if broken:
            overflow[b] = True
        else:
            _count(b, factor[b], growth, stretch, triangular, log_scale, row)


@njit(**_OPTIONS)
def absorb(x: Array, q: Array, least: float, growth: Array, stretch: Array, triangular: Array, log_scale: Array) -> tuple[Array, int]:
    """`gram_schmidt` and `accumulate` in one call: q (B, k, d) in the precision of x.

    Returns (B,) whether each example was done, and their number; of the others, nothing is counted.
    """
    done, number = np.empty(len(x), np.bool_), 0
    _, k, d = x.shape
    work, factor, row = np.empty((k, d)), np.empty((k, k)), np.empty(k)
    for b in range(len(x)):
        done[b] = _gram_schmidt(b, x, work, factor, least)
        if done[b]:
            for i in range(k):
                for c in range(d):
                    q[b, i, c] = work[i, c]
            _count(b, factor, growth, stretch, triangular, log_scale, row)
            number += 1
    return done, number
