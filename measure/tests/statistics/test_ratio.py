"""A ratio of shares: its limits err no more often than declared, counted exactly over all pairs of counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import xlog1py, xlogy
from scipy.stats import binom

from unsettled.measure.errors import UserError
from unsettled.measure.statistics import ratio as ratios
from unsettled.measure.statistics.proportion import proportion
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
    with pytest.raises(UserError, match="a whole number from 0 to"):
        risk_ratio(6, 5, 1, 5)


@pytest.mark.parametrize("ratio", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("counts", [(1, 4, 3, 6), (4, 4, 2, 6), (0, 3, 6, 6), (3, 5, 1, 9), (2, 5, 5, 5)])
def test_the_p_value_by_enumeration(counts: tuple[int, int, int, int], ratio: float) -> None:
    """The chance of a score at least as extreme, table by table, at the worst of the base rates that the counts leave open."""
    hits, n, other_hits, others = counts

    def score(a: int, b: int) -> float:
        """The difference over its error at the likeliest rate of the others that keeps the ratio, found on a grid."""
        grid = np.linspace(0, min(1, 1 / ratio), 20_001)[1:-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = grid[np.argmax(xlogy(a, ratio * grid) + xlog1py(n - a, -ratio * grid) + xlogy(b, grid) + xlog1py(others - b, -grid))]
        gap = a / n - ratio * b / others
        return 0.0 if abs(gap) < 1e-12 else gap / np.sqrt(ratio * rate * (1 - ratio * rate) / n + ratio**2 * rate * (1 - rate) / others)

    tail, most = 0.001 / 4, min(1.0, 1 / ratio)
    mine, theirs = (proportion(k, m, level=1 - 2 * tail) for k, m in ((hits, n), (other_hits, others)))
    low, high = min(max(theirs.low, mine.low / ratio), most), min(theirs.high, mine.high / ratio, most)
    base = np.linspace(low, max(high, low), 33)
    scores = {(a, b): score(a, b) for a in range(n + 1) for b in range(others + 1)}
    for above in (True, False):
        extreme = [
            ab for ab, s in scores.items() if (s >= scores[hits, other_hits] - 1e-3 if above else s <= scores[hits, other_hits] + 1e-3)
        ]
        chance = sum(binom.pmf(a, n, np.minimum(ratio * base, 1)) * binom.pmf(b, others, base) for a, b in extreme)
        assert ratio_p_value(*counts, ratio, above=above) == pytest.approx(min(1.0, max(chance) + 0.001), abs=1e-9)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_limits_are_found_to_a_part_in_ten_thousand_and_the_counts_told(level: float) -> None:
    found = risk_ratio(3, 9, 20, 40, level=level)
    for end, above in ((found.low, True), (found.high, False)):
        beyond, within = (end * (1 - 2e-4), end * (1 + 2e-4)) if above else (end * (1 + 2e-4), end * (1 - 2e-4))
        assert ratio_p_value(3, 9, 20, 40, beyond, above=above) <= (1 - level) / 2 < ratio_p_value(3, 9, 20, 40, within, above=above)
    assert found.counts == {"hits": 3, "group": 9, "other_hits": 20, "others": 40} and (found.n, found.level) == (49, level)
    # no ratio of up to ten thousand can be excluded where one of a thousand others is a hit, or one of a thousand of the group
    assert risk_ratio(5, 5, 1, 1000).high == np.inf and risk_ratio(1, 1000, 5, 5).low == 0.0
    for counts in ((-1, 5, 1, 5), (6, 5, 1, 5), (1, 5, -1, 5), (1, 5, 6, 5)):
        with pytest.raises(UserError, match="a whole number"):
            risk_ratio(*counts)


@pytest.mark.parametrize(("counts", "truth"), [((40, 3000, 900, 9000), 0.2), ((1500, 3000, 2000, 3000), 0.8), ((0, 3000, 5, 9000), 3.0)])
def test_counts_that_have_no_chance_may_be_left_out(
    monkeypatch: pytest.MonkeyPatch, counts: tuple[int, int, int, int], truth: float
) -> None:
    whole = [ratio_p_value(*counts, truth, above=above) for above in (False, True)]
    monkeypatch.setattr(ratios, "EVERY_COUNT", 10)
    assert len(ratios._likely(3000, np.array([0.5]))) < 1000
    assert [ratio_p_value(*counts, truth, above=above) for above in (False, True)] == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(("n", "others"), [(6, 7)])
def test_limits_miss_no_more_often_than_their_tests_reject(n: int, others: int) -> None:
    limits = np.array(
        [[(0.0, np.inf)] + [(e.low, e.high) for b in range(1, others + 1) for e in [risk_ratio(a, n, b, others)]] for a in range(n + 1)]
    )
    for ratio in np.exp(np.linspace(-1.8, 1.8, 61)):
        base = np.linspace(0.02, min(1, 1 / ratio), 25)
        mine, theirs = (binom.pmf(np.arange(m + 1), m, np.minimum(rate, 1)[:, None]) for m, rate in ((n, ratio * base), (others, base)))
        for beyond in (limits[..., 0] > ratio, limits[..., 1] < ratio):
            assert np.einsum("ra,rb,ab->r", mine, theirs, beyond).max() <= 0.025
