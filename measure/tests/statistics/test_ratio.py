"""A ratio of shares: its limits err no more often than declared, counted exactly over all pairs of counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.ratio import ratio_p_value, risk_ratio


@pytest.mark.parametrize(("n", "base"), [(5, 0.1), (10, 0.3), (10, 0.6), (20, 0.95)])
@pytest.mark.parametrize("above", [True, False])
def test_each_side_errs_no_more_often_than_declared(n: int, base: float, above: bool) -> None:
    ratio, others = 0.5, 9 * n
    mine, theirs = binom.pmf(range(n + 1), n, ratio * base), binom.pmf(range(others + 1), others, base)
    chance = np.outer(mine, theirs)
    likely = zip(*np.nonzero(chance > 1e-6), strict=True)
    wrong = sum(chance[a, b] for a, b in likely if ratio_p_value(int(a), n, int(b), others, ratio, above=above) <= 0.025)
    assert wrong <= 0.025 + 1e-4


def test_limits_are_where_the_p_value_reaches_the_tail() -> None:
    found = risk_ratio(6, 20, 60, 180)
    counts = (6, 20, 60, 180)
    assert ratio_p_value(*counts, found.low, above=True) <= 0.025 < ratio_p_value(*counts, found.low * 1.01, above=True)
    assert ratio_p_value(*counts, found.high, above=False) <= 0.025 < ratio_p_value(*counts, found.high / 1.01, above=False)
    assert found.low < found.value < found.high and found.value == pytest.approx(0.9)


def test_large_groups_agree_with_the_log_interval() -> None:
    found = risk_ratio(300, 1000, 3000, 9000)
    error = np.sqrt(1 / 300 - 1 / 1000 + 1 / 3000 - 1 / 9000)
    assert np.log([found.low, found.high]) == pytest.approx([np.log(0.9) - 1.96 * error, np.log(0.9) + 1.96 * error], abs=0.01)


def test_no_hits_leave_an_upper_limit_and_a_few_leave_a_wide_one() -> None:
    assert risk_ratio(0, 10, 30, 90).low == 0.0 and 0.7 < risk_ratio(0, 10, 30, 90).high < 1.0
    assert risk_ratio(1, 2, 1, 2).high > 5


@pytest.mark.parametrize(("counts", "reason"), [((0, 0, 1, 5), "one group is empty"), ((1, 5, 0, 5), "none of the others")])
def test_without_a_comparison_there_is_no_ratio(counts: tuple[int, int, int, int], reason: str) -> None:
    assert reason in risk_ratio(*counts).undefined_reason


def test_counts_beyond_their_group_are_refused() -> None:
    with pytest.raises(UserError, match="not counts of two groups"):
        risk_ratio(6, 5, 1, 5)
