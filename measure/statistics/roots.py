"""Where a continuous function of one variable is zero, between two places at which its signs differ.

Brent's method (1973, Algorithms for Minimization without Derivatives, chapter 4): the line through the last two values, or the quadratic
of the place by the last three, while its steps shrink fast enough, and halving where they do not. ``scipy.optimize.brentq`` takes the
same steps to the same last bit; it takes a tenth of a second to be imported.
"""

from __future__ import annotations

import math
from collections.abc import Callable

ROUNDING = 4 * 2.0**-52


def root(function: Callable[[float], float], low: float, high: float, *, within: float = 2e-12) -> float:
    """A zero of ``function`` between ``low`` and ``high``, to ``within`` and four roundings of itself.

    >>> round(root(lambda x: x * x - 2, 0, 2), 9)
    1.414213562

    Raises:
        ValueError: the function has the same sign at both ends, or is undefined at a place that is tried.
    """
    before, best, other = float(low), float(high), 0.0
    at_before, at_best, at_other = _at(function, before), _at(function, best), 0.0
    if not at_before or not at_best:
        return best if at_before else before
    if (at_before < 0) == (at_best < 0):
        raise ValueError(f"no change of sign between {low} and {high}")
    step = last = 0.0
    while True:
        # the zero lies between the best place and the other: the last whose sign differs from it
        if (at_before < 0) != (at_best < 0):
            other, at_other = before, at_before
            step = last = best - before
        if abs(at_other) < abs(at_best):
            before, best, other = best, other, best
            at_before, at_best, at_other = at_best, at_other, at_best
        near, half = (within + ROUNDING * abs(best)) / 2, (other - best) / 2
        if not at_best or abs(half) < near:
            return best
        trial = math.inf
        if abs(last) > near and abs(at_best) < abs(at_before):
            if before == other:
                trial = -at_best * (best - before) / (at_best - at_before)
            else:
                slope, other_slope = (at_before - at_best) / (before - best), (at_other - at_best) / (other - best)
                trial = -at_best * (at_other * other_slope - at_before * slope) / (other_slope * slope * (at_other - at_before))
        short = 2 * abs(trial) < min(abs(last), 3 * abs(half) - near)
        last, step = (step, trial) if short else (half, half)
        before, at_before = best, at_best
        best += step if abs(step) > near else math.copysign(near, half)
        at_best = _at(function, best)


def _at(function: Callable[[float], float], place: float) -> float:
    value = float(function(place))
    if math.isnan(value):
        raise ValueError(f"undefined at {place}")
    return value
