"""Statements about the least mobile failure: by hand, against exchangeability, and what a fresh sample can refute."""

import math

import numpy as np
import pytest
from scipy.stats import beta, binom, binomtest, fisher_exact, hypergeom, norm

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.median import order_statistic_ranks
from unsettled.measure.statistics.order import extreme_power, failures_below_successes, fresh_rank_bound, outmoved_share, typical_extreme
from unsettled.measure.statistics.proportion import zero_event_bound


def population(m=254, n=1794, *, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate((rng.normal(4, 1, m), rng.normal(0, 1, n))), np.arange(m + n) < m


def test_the_printed_share_by_hand():
    displacement = np.concatenate(([2.5, 9.0, 7.0], np.arange(200) / 80))  # successes at 0 … 2.4875
    failures = np.arange(203) < 3
    measured = outmoved_share(displacement, failures)
    assert measured.value == 1.0 and measured.extra["threshold"] == 2.5 and measured.extra["next_rank"] == 1.0
    displacement[0] = 1.0
    measured = outmoved_share(displacement, failures)
    expected = binomtest(80, 200).proportion_ci(0.95)
    assert (measured.value, measured.extra["tied"]) == (80 / 200, 1.0)
    assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert measured.counts == {"outmoved": 80, "successes": 200, "failures": 3, "rank": 1}
    assert outmoved_share(displacement, failures, rank=2).value == 1.0


def test_invariant_to_increasing_maps():
    displacement, failures = population()
    plain, mapped = (outmoved_share(values, failures) for values in (displacement, np.exp(displacement)))
    assert (plain.value, plain.low, plain.extra["fresh_high"]) == (mapped.value, mapped.low, mapped.extra["fresh_high"])


def test_failures_below_is_the_bound_of_none():
    measured = outmoved_share(*population())
    assert measured.extra["failures_below_high"] == pytest.approx(zero_event_bound(254).high)


@pytest.mark.parametrize("present, fresh, rank", [(5, 5, 1), (12, 30, 1), (30, 12, 3), (254, 254, 1), (4, 9, 8)])
def test_rank_bound_against_simulated_exchangeable_ranks(present, fresh, rank):
    bound = fresh_rank_bound(present, fresh, rank, level=0.9)
    order = np.random.default_rng(1).random((20_000, present + fresh))
    old = np.sort(order[:, :present], axis=1)
    new = np.sort(order[:, present:], axis=1)[:, rank - 1]
    if bound <= present:
        assert (new > old[:, bound - 1]).mean() < 0.1 + 0.007
    if bound > 1:
        assert (new > old[:, bound - 2]).mean() > 0.1 - 0.007


def test_a_fresh_minimum_lies_below_the_present_one_half_of_the_time():
    """So no lower limit exists for it: exactly ½ for samples of one size, whatever the distribution."""
    assert fresh_rank_bound(100, 100, 1, level=0.49) == 1 and fresh_rank_bound(100, 100, 1, level=0.51) > 1


def test_fresh_high_covers_fresh_samples():
    rng = np.random.default_rng(2)
    missed = 0
    for seed in range(300):
        limit = outmoved_share(*population(60, 300, seed=seed)).extra["fresh_high"]
        missed += norm.cdf(rng.normal(2.0, 1.0, 60).min() + 2.0) > limit
    assert missed <= 25  # 5 % of 300 is 15; a Poisson of mean 15 exceeds 25 once in 180


def test_replicable_form_and_fisher():
    displacement, failures = population()
    displacement[:3] = -0.5  # three failures that settle
    measured = failures_below_successes(displacement, failures, share=0.965, stated_failures=254)
    expected = binomtest(3, 254).proportion_ci(0.95)
    threshold = np.quantile(displacement[~failures], 0.965, method="inverted_cdf")
    assert measured.counts["successes"] == (displacement[failures] <= threshold).sum() >= 3
    if measured.counts["successes"] == 3:
        assert (measured.low, measured.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    count = measured.counts["successes"]
    one_sided = fisher_exact([[0, 254], [count, 254 - count]], alternative="less").pvalue
    assert measured.extra["p_value"] == pytest.approx(one_sided)
    assert "p_value" not in failures_below_successes(displacement, failures, share=0.965).extra


def test_statement_and_its_replicable_form_agree():
    """The least mobile failure outmoves q of the successes exactly when none lies at or below their q-quantile."""
    displacement, failures = population(50, 400, seed=7)
    share = outmoved_share(displacement, failures).value
    for q in (share - 0.01, share + 0.01):
        assert (failures_below_successes(displacement, failures, share=q).value == 0) == (q < share)


def test_power_by_enumeration():
    rate, fresh, stated = 0.03, 80, 60
    refuting = [k for k in range(81) if fisher_exact([[0, 60], [k, 80 - k]], alternative="less").pvalue <= 0.05]
    expected = sum(math.comb(80, k) * rate**k * (1 - rate) ** (80 - k) for k in refuting)
    assert extreme_power(rate, fresh, stated_failures=stated) == pytest.approx(expected)
    assert extreme_power(0.5, 2, stated_failures=2) == 0.0
    assert extreme_power(0.0055, 254, stated_failures=254) < 0.1
    assert extreme_power(0.05, 254, stated_failures=254) > 0.8


def test_degenerate_samples_have_no_value():
    cases = [
        outmoved_share([], []),
        outmoved_share([1.0], [True]),
        outmoved_share([1.0], [False]),
        outmoved_share([math.nan, 1.0], [True, False]),
        outmoved_share([1.0, 2.0], [True, False], rank=2),
        failures_below_successes([1.0], [True], share=0.5),
    ]
    for one in cases:
        assert not one.defined and one.undefined_reason
    assert "failing" in outmoved_share([1.0], [False]).undefined_reason


def test_zero_displacement_and_minus_infinity_are_values():
    measured = outmoved_share([-np.inf, 3.0, -np.inf, 1.0], [True, True, False, False])
    assert measured.value == 0.0 and measured.extra["tied"] == 1.0


def test_mistakes_are_named():
    with pytest.raises(UserError):
        outmoved_share([1.0, 2.0], [True, False], rank=0)
    with pytest.raises(UserError):
        failures_below_successes([1.0, 2.0], [True, False], share=0.5, stated_below=3, stated_failures=2)
    with pytest.raises(UserError):
        fresh_rank_bound(3, 3, 4)


@pytest.mark.parametrize("level", [0.95, 0.8])
@pytest.mark.parametrize("rank", [1, 3, 40])
def test_what_is_said_of_all_and_of_fresh_failures_by_their_laws(rank, level):
    displacement, failures = population(40, 300, seed=3)
    found = outmoved_share(displacement, failures, rank=rank, level=level)
    moving, calm, half = np.sort(displacement[failures]), np.sort(displacement[~failures]), (1 + level) / 2
    assert found.extra["threshold"] == moving[rank - 1] and found.value == (calm < moving[rank - 1]).mean()
    assert beta(rank, 41 - rank).cdf(found.extra["failures_below_high"]) == pytest.approx(level)
    bound = fresh_rank_bound(40, 40, rank, level=half)
    below = int((calm <= moving[bound - 1]).sum()) if bound <= 40 else 300
    assert found.extra["fresh_high"] == pytest.approx(beta(below + 1, 300 - below).ppf(half) if below < 300 else 1.0)
    assert ("next_rank" in found.extra) == (rank < 40) and found.level == level and found.n == 300
    if rank < 40:
        assert found.extra["next_rank"] == (calm < moving[rank]).mean()


@pytest.mark.parametrize("of", [1, 7, 40, 4000])
@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_typical_extreme_is_taken_at_the_quantile_of_a_minimum_with_half_the_risk_for_each_part(of, level):
    displacement, failures = population(40, 300, seed=3)
    found, half = typical_extreme(displacement, failures, of=of, level=level), (1 + level) / 2
    moving, calm, quantile = np.sort(displacement[failures]), displacement[~failures], 1 - 0.5 ** (1 / of)
    rank = max(1, math.ceil(quantile * 40 - 1e-9))
    low_rank, high_rank, _ = order_statistic_ranks(40, quantile, level=half)
    below = [int((calm < moving[r - 1]).sum()) if 1 <= r <= 40 else None for r in (low_rank, high_rank)]
    assert found.value == (calm < moving[rank - 1]).mean()
    assert found.low == pytest.approx(0.0 if below[0] is None else binomtest(below[0], 300).proportion_ci(half).low)
    assert found.high == pytest.approx(1.0 if below[1] is None else binomtest(below[1], 300).proportion_ci(half).high)
    assert found.extra["outmoved"] == (calm < moving[0]).mean() and found.error is None
    with pytest.raises(UserError, match="of is 0"):
        typical_extreme(displacement, failures, of=0)
    assert typical_extreme([1.0, 2.0], [True, True], of=3).undefined_reason == "no successful examples"


@pytest.mark.parametrize("change", [{"rate": 1.0}, {"failures": 0}, {"stated_failures": 0}, {"alpha": 0.0}])
def test_power_needs_a_rate_and_failures_in_both_samples(change):
    assert extreme_power(0.5, 1, stated_failures=1) == 0.0
    with pytest.raises(UserError):
        extreme_power(**({"rate": 0.5, "failures": 1, "stated_failures": 1} | change))


@pytest.mark.parametrize("present, fresh, rank", [(0, 3, 1), (3, 3, 0), (3, 3, 4)])
def test_a_rank_that_does_not_exist_has_no_bound(present, fresh, rank):
    assert fresh_rank_bound(1, 3, 3) == 2
    with pytest.raises(UserError):
        fresh_rank_bound(present, fresh, rank)


def test_counts_of_a_statement_may_be_none_and_all():
    displacement, failures = population(10, 100)
    every = failures_below_successes(displacement, failures, share=0.5, stated_below=4, stated_failures=4)
    none = failures_below_successes(displacement, failures, share=0.5, stated_below=0, stated_failures=0)
    assert every.extra["p_value"] == none.extra["p_value"] == 1.0 and (every.n, every.level) == (10, 0.95)
    assert failures_below_successes(displacement, failures, share=0.5, level=0.8).high < every.high


def test_of_millions_of_failures_only_the_count_that_decides_is_looked_for():
    """The laws fall in the count, so that it is found by halves: as by trying every one, and in a moment for ten million."""
    for failures, stated, rank, alpha in ((7, 3, 2, 0.05), (40, 9, 1, 0.2), (254, 254, 3, 0.01), (3, 30, 30, 0.05)):
        counts, ranks = np.arange(failures + 1), np.arange(1, failures + 1)
        refuting = counts[hypergeom.pmf(0, failures + stated, counts, stated) <= alpha]
        power = binom.sf(refuting[0] - 1, failures, 0.1) if len(refuting) else 0.0
        assert extreme_power(0.1, failures, stated_failures=stated, alpha=alpha) == pytest.approx(power, rel=1e-12)
        risky = ranks[hypergeom.cdf(rank - 1, failures + stated, stated, ranks + rank - 1) <= alpha]
        assert fresh_rank_bound(failures, stated, rank, level=1 - alpha) == (risky[0] if len(risky) else failures + 1)
    assert extreme_power(0.011, 10**7, stated_failures=254) < 0.01
    assert extreme_power(0.0125, 10**7, stated_failures=254) > 0.99
    assert fresh_rank_bound(10**7, 10**7, 1, level=0.975) == 6
