"""The chance of refuting a figure that is off, against the decision itself, simulated or in closed form."""

import math

import numpy as np
import pytest
from scipy import stats

from unsettled.claims.judgement.power import chance_of_refuting, standard_error
from unsettled.measure.statistics.estimate import Estimate

Z = stats.norm.isf(0.025)
SPAN, PRINTED, SMALLEST = (0.45, 0.55), (0.5, 0.5), 0.4


def chance(measured, *, ratio=0.0, alpha=0.05, span=SPAN, printed=PRINTED, smallest=SMALLEST):
    return chance_of_refuting(span, printed, measured, smallest=smallest, ratio=ratio, alpha=alpha)


def exponent(error=None, *, level=0.95, half=math.nan, **extra):
    """An estimate in nats per update, whose sign no limit holds."""
    return Estimate(value=0.5, low=0.5 - half, high=0.5 + half, level=level, n=50, unit="nats per update", error=error, extra=extra)


@pytest.mark.parametrize("ratio", [0.0, 1.0, 0.25])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_a_normal_estimate_refutes_where_it_lies_beyond_the_digits_by_its_critical_value(ratio, alpha):
    error = 0.1
    spread = math.sqrt(1 + ratio) * error
    assert chance(exponent(error), ratio=ratio, alpha=alpha) == pytest.approx(
        stats.norm.sf((0.55 + stats.norm.isf(alpha / 2) * spread - 0.9) / spread)
    )


def test_without_an_error_of_its_method_the_interval_tells_it():
    assert standard_error(exponent(0.07, half=9.0)) == 0.07
    assert standard_error(exponent(half=0.2)) == pytest.approx(0.2 / Z)
    assert standard_error(exponent(half=0.2, level=0.9)) == pytest.approx(0.2 / stats.norm.isf(0.05))
    assert standard_error(exponent(half=math.inf)) == math.inf and chance(exponent(half=math.inf)) == 0.0
    assert chance(exponent(half=0.0)) == 1.0


@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_a_mean_over_few_networks_refutes_by_students_law(ratio):
    """Five networks on either side: means with a common error, estimated; simulated."""
    rng, error, n = np.random.default_rng(0), 0.12, 5
    draws = 0.9 + error * math.sqrt(n) * rng.standard_normal((40_000, n))
    estimated = draws.std(axis=1, ddof=1) / math.sqrt(n)
    shift = math.sqrt(ratio) * error * rng.standard_normal(len(draws))
    refuted = draws.mean(axis=1) - (0.55 + shift) > stats.t.isf(0.025, n - 1) * math.sqrt(1 + ratio) * estimated
    assert chance(exponent(error, degrees=4.0), ratio=ratio) == pytest.approx(refuted.mean(), abs=0.01)


@pytest.mark.parametrize("ratio", [0.0, 1.0])
@pytest.mark.parametrize(("level", "error"), [(0.9, 0.022), (0.95, 0.022), (0.95, 0.011)])
def test_an_area_refutes_a_little_less_than_a_normal_estimate_of_its_error_would(ratio, level, error):
    """An area of 300 and 300 has an error of about .02: the last one is known twice as well as Hanley and McNeil expect."""
    z, smallest = stats.norm.isf((1 - level) / 2), 0.005 + 0.075 * error / 0.022
    measured = Estimate(
        value=0.75,
        low=0.75 - z * error,
        high=0.75 + z * error,
        level=level,
        n=600,
        error=error,
        counts={"positives": 300, "negatives": 300},
    )
    found = chance(measured, ratio=ratio, span=(0.745, 0.755), printed=(0.75, 0.75), smallest=smallest)
    spread = math.sqrt(1 + ratio) * error
    normal = stats.norm.sf((0.005 + Z * spread - smallest) / spread)
    assert normal - 0.04 < found < normal  # the smaller chance is that downwards, where an area's error is larger
