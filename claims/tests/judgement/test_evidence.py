"""What a fresh sample says of printed digits, figure by figure: its limits, its p-values as the levels that reach them, its power."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact, norm, t

from unsettled.claims.judgement.evidence import _close, against_fresh, from_count, level_reached, plain_share
from unsettled.claims.judgement.power import chance_of_refuting, standard_error
from unsettled.claims.ledger.printed import parse_stated
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.order import extreme_power
from unsettled.measure.statistics.power import minimum_detectable_difference
from unsettled.measure.statistics.proportion import proportion


def exponent(value=0.5, below=0.1, above=0.2, *, level=0.95, **extra):
    """A value in nats with unequal halves."""
    return Estimate(value=value, low=value - below, high=value + above, level=level, n=50, unit="nats per update", error=0.07, extra=extra)


@pytest.mark.parametrize("level", [0.95, 0.8])
@pytest.mark.parametrize("k, n", [(1, 9), (5, 9), (30, 200)])
def test_the_p_value_of_a_share_is_the_level_whose_limit_reaches_the_edge(k, n, level):
    found = proportion(k, n, level=level)
    assert level_reached(found, (found.high, 1.0)) == pytest.approx(1 - level)
    assert level_reached(found, (0.0, found.low)) == pytest.approx(1 - level)
    for inside in ((found.value, found.value), (0.0, found.value), (found.value, 1.0)):
        assert level_reached(found, inside) == 1.0
    assert level_reached(found, (-0.2, -0.1)) == level_reached(found, (1.1, 1.2)) == 0.0


@pytest.mark.parametrize("widen", [1.0, 1.5])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_of_another_value_each_half_is_scaled_as_a_normal_one_or_students_where_networks_are_few(level, widen):
    found, few = exponent(level=level), exponent(level=level, degrees=4.0)
    for edge, half in ((0.8, 0.2), (0.3, 0.1)):
        for law, one in ((norm, found), (norm, exponent(level=level, degrees=math.inf)), (t(4), few)):
            reached = 2 * law.sf(abs(edge - 0.5) / (half * widen) * law.isf((1 - level) / 2))
            assert level_reached(one, (edge, edge), widen=widen) == pytest.approx(reached)
    assert level_reached(found, (0.7, 9.0)) == pytest.approx(1 - level) == pytest.approx(level_reached(found, (-9.0, 0.4)))


def test_limits_that_are_missing_exclude_nothing_and_a_half_without_width_counts_as_the_level():
    open_above = replace(exponent(), high=math.inf)
    assert level_reached(open_above, (9.0, 9.0)) == 1.0 > level_reached(open_above, (0.0, 0.0))
    assert level_reached(replace(exponent(), low=math.nan), (0.0, 0.0)) == 1.0
    assert level_reached(exponent(below=0.0, level=0.9), (0.0, 0.4)) == pytest.approx(0.1)
    over_lines = replace(proportion(5, 20), counts={"successes": 5, "n": 20, "most": 8, "least": 3})
    assert plain_share(proportion(5, 20)) and not plain_share(over_lines) and not plain_share(exponent())
    assert (
        level_reached(over_lines, (1.01, 1.01)) == level_reached(over_lines, (-0.01, -0.01)) == 0.0 < level_reached(over_lines, (0.9, 1.0))
    )
    assert level_reached(over_lines, (over_lines.high, 1.0)) == pytest.approx(0.05)


@pytest.mark.parametrize("ratio", [0.0, 0.5])
@pytest.mark.parametrize("tolerance", [0.0, 0.02])
@pytest.mark.parametrize("tests", [1, 7])
@pytest.mark.parametrize("stated", ["0.30", "0.25–0.30"])
def test_a_fresh_value_is_compared_with_the_digits_widened_by_the_printed_samples_own_error(stated, tests, tolerance, ratio):
    printed, found, widen = parse_stated(stated), exponent(below=0.08), math.sqrt(1 + ratio)
    evidence = against_fresh(printed, found, smallest=0.5, ratio=ratio, tolerance=tolerance, tests=tests)
    span, ends = (float(printed.low) - tolerance, 0.305 + tolerance), (float(stated[:4]), 0.30)
    assert (evidence.low, evidence.high) == pytest.approx((0.5 - 0.08 * widen, 0.5 + 0.2 * widen))
    assert evidence.p_value == pytest.approx(level_reached(found, span, widen=widen)) and evidence.excluded == (evidence.p_value <= 0.05)
    farther = [norm.sf(abs(edge - 0.5) / (half * widen) * norm.isf(0.025)) for edge, half in ((ends[0] - 0.5, 0.08), (ends[1] + 0.5, 0.2))]
    assert evidence.close == (max(farther) <= 0.05)
    assert evidence.power == chance_of_refuting(span, ends, found, smallest=0.5, ratio=ratio, alpha=0.05 / tests)
    assert evidence.detectable == pytest.approx(minimum_detectable_difference(standard_error(found) * widen))


@pytest.mark.parametrize("smallest", [0.12, 0.3])
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_a_fresh_share_is_close_where_both_differences_are_excluded_exactly(smallest, ratio):
    found, widen = proportion(60, 200), math.sqrt(1 + ratio)
    evidence = against_fresh(parse_stated("32%"), found, smallest=smallest, ratio=ratio)
    below, above = (0.3 + (edge - 0.3) / widen for edge in (0.32 - smallest, 0.32 + smallest))
    assert evidence.close == (binom.sf(59, 200, below) <= 0.05 and binom.cdf(60, 200, above) <= 0.05)
    lies = 0.3 + (0.315 - 0.3) / widen
    assert evidence.p_value == pytest.approx(2 * binom.cdf(60, 200, lies)) and not evidence.excluded


def test_without_an_error_no_difference_is_detectable_and_an_open_bound_is_not_compared():
    for error, high in ((0.0, 0.5), (None, math.inf)):
        found = Estimate(value=0.5, low=0.5, high=high, n=9, error=error)
        assert against_fresh(parse_stated("0.5"), found, smallest=0.1).detectable is None
    for bound in ("≤ 5%", "≥ 5%"):
        with pytest.raises(ValueError, match="open on one side"):
            against_fresh(parse_stated(bound), exponent(), smallest=0.1)


@pytest.mark.parametrize("hits, n", [(0, 60), (1, 60), (9, 40)])
@pytest.mark.parametrize("tests", [1, 3])
def test_none_of_m_is_fishers_test_of_one_rate(hits, n, tests):
    measured, smallest = proportion(hits, n), 0.06
    evidence = against_fresh(parse_stated("0 of 80"), measured, smallest=smallest, tests=tests)
    assert evidence.p_value == pytest.approx(fisher_exact([[0, 80], [hits, n - hits]]).pvalue)
    assert evidence.excluded == (evidence.p_value <= 0.05) and (evidence.low, evidence.high) == (measured.low, measured.high)
    assert evidence.close == (binom.cdf(hits, n, smallest) < 0.05)  # fewer than that are shown to exist
    refutes = [fisher_exact([[0, 80], [k, n - k]]).pvalue <= 0.05 / tests for k in range(n + 1)]  # by the very test that decides
    assert evidence.power == pytest.approx(binom.pmf(np.arange(n + 1), n, smallest)[refutes].sum())
    assert evidence.power <= extreme_power(smallest, n, stated_failures=80, alpha=0.05 / tests) + 1e-9
    some = against_fresh(parse_stated("2 of 80"), measured, smallest=smallest)
    assert some.p_value == pytest.approx(level_reached(measured, (2 / 80, 2 / 80)))


@pytest.mark.parametrize(("p_value", "excluded"), [(0.05, True), (0.0501, False)])
def test_a_count_with_a_test_of_its_own_is_decided_by_it(p_value, excluded):
    counted = replace(proportion(2, 90), extra={"p_value": p_value})
    found = from_count(counted, 0.07, 0.6)
    assert (found.excluded, found.p_value, found.power, found.low, found.high) == (excluded, p_value, 0.6, counted.low, counted.high)
    assert found.close and not from_count(counted, 0.06, 0.6).close


@pytest.mark.parametrize(("truth", "fresh"), [(0.35, 0.05), (0.9, 0.7), (0.8, 1.0)])
def test_of_shares_that_are_off_by_as_much_one_in_twenty_is_called_consistent(truth, fresh):
    """By enumeration of both samples; by the fresh one's scatter alone it was one in eight where the printed one scatters more."""
    n, off = 24, abs(truth - fresh)
    chances = np.outer(binom.pmf(np.arange(n + 1), n, truth), binom.pmf(np.arange(n + 1), n, fresh))
    found = [proportion(k, n) for k in range(n + 1)]
    close = np.array(
        [[abs(k - i) / n < off and _close(one, (i / n, i / n), off, 1.0) for k, one in enumerate(found)] for i in range(n + 1)]
    )
    assert chances[close].sum() <= 0.05
