"""The mean of a figure over several networks of one kind (seeds of one training), with the interval of Student's t.

Networks scatter by their training, and all of them may be measured on one sample of examples, which scatters too and does not average
out over networks. So the error is √(sd²/K + e²), with the standard deviation over K networks and e the error that the examples leave
in one figure; its degrees of freedom are Satterthwaite's (1946, Biometrics Bulletin 2:110), of which e takes none away. That is exact
where either is all there is, and approximate between: two networks whose e is a third of their sd cover .89 of 95 %, three .93, five .94.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.laws import student
from unsettled.measure.statistics.libraries import chi2, upper_quantile


def mean_over_networks(found: Sequence[Estimate], *, examples: bool = True) -> Estimate:
    """The mean of ``found``, one estimate a network, with its interval at their level.

    ``examples`` says that the figure is about fresh examples too; without, those at hand are all there are. No interval where all are
    equal and no error is known. ``counts``: ``networks``. ``extra``: ``sd`` over networks with its limits ``sd_low`` and ``sd_high``
    (normal scatter), the error of the examples ``examples_error``, and ``degrees`` of freedom. The first network without a value is
    returned in place of a mean.

    Raises:
        UserError: fewer than two networks.

    >>> found = mean_over_networks([Estimate(value=x) for x in (0.86, 0.88, 0.87)], examples=False)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3), round(found.extra["sd"], 3)
    (0.87, 0.845, 0.895, 0.01)
    """
    if len(found) < 2:
        raise UserError(f"a mean over networks needs several of them, not {len(found)}")
    if lacking := [one for one in found if not one.defined]:
        return lacking[0]
    first, values = found[0], np.array([one.value for one in found])
    count, tail = len(values), (1 - first.level) / 2
    sd, each = float(values.std(ddof=1)), float(np.sqrt(np.mean([_error(one) ** 2 for one in found]))) if examples else 0.0
    error = math.hypot(sd / math.sqrt(count), each)
    degrees = (count - 1) * (error / (sd / math.sqrt(count))) ** 4 if sd else math.inf
    # of networks that agree to the last digit nothing is known of how others scatter
    half = float(student.isf(tail, degrees)) * error if error else math.nan
    limits = {name: sd * math.sqrt((count - 1) / chi2.ppf(q, count - 1)) for name, q in (("sd_low", 1 - tail), ("sd_high", tail))}
    return replace(
        first,
        value=float(values.mean()),
        low=float(values.mean()) - half,
        high=float(values.mean()) + half,
        counts={"networks": count},
        extra={"sd": sd, **limits, "examples_error": each, "degrees": degrees},
        error=error if 0 < error < math.inf else None,
        method=f"mean over {count} networks, Student's t; {first.method}",
    )


def _error(one: Estimate) -> float:
    if one.error:
        return one.error
    width = (one.high - one.low) / (2 * upper_quantile((1 - one.level) / 2))
    return 0.0 if math.isnan(width) else width  # infinite where a limit is: nothing bounds what the examples leave open
