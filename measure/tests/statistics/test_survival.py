"""Times until an event: Kaplan–Meier and its limits by their products and sums, Poisson limits by their tails, landmarks pair by pair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, poisson

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc_limits import shrunk_interval
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.statistics.survival import FEWEST, landmark_auc, occurred_by, rate


def followed():
    """Ten examples: when it happened, or until when they were followed, and whether it did."""
    return np.array([1, 2, 2, 3, 3, 5, 6, 6, 8, 9], float), np.array([1, 1, 0, 1, 1, 0, 1, 0, 0, 0], bool)


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_the_share_to_which_it_happened_is_a_product_with_the_limits_of_products_of_betas(level):
    (times, seen), points = followed(), [1, 2, 4, 6, 9]
    for point, found in zip(points, occurred_by(times, seen, points, level=level), strict=True):
        alive, laws = 1.0, []
        for time in np.unique(times[seen & (times <= point)]):
            risk, died = (times >= time).sum(), (seen & (times == time)).sum()
            alive *= 1 - died / risk
            laws.append(beta(risk - died + 1, died))
        left = (times >= point).sum() - (seen & (times == point)).sum()
        limits = []
        for product, quantile in ((laws, 1 - (1 - level) / 2), ([*laws, beta(left, 1)], (1 - level) / 2)):
            mean, square = (np.prod([law.moment(order) for law in product]) for order in (1, 2))
            size = mean * (1 - mean) / (square - mean**2) - 1
            limits.append(1 - beta(mean * size, (1 - mean) * size).ppf(quantile))
        assert (found.value, found.low, found.high) == pytest.approx((1 - alive, *limits))
        assert found.counts == {"happened": (seen & (times <= point)).sum(), "waited": (times >= point).sum()}
        assert (found.n, found.level) == (10, level)


def test_where_nobody_is_censored_it_is_clopper_and_pearsons_and_where_most_are_little_is_known():
    for found, happened in zip(occurred_by([1, 2, 2, 3, 5, 7], [True] * 6, [0.5, 1, 2, 4, 7]), (0, 1, 3, 4, 6), strict=True):
        exact = proportion(happened, 6)
        assert (found.value, found.low, found.high) == pytest.approx((exact.value, exact.low, exact.high))
    last = occurred_by([1] * 9 + [2], [False] * 9 + [True], [2])[0]  # one was left, not ten
    assert (last.value, last.low, last.high) == pytest.approx((1, 0.025, 1))


@pytest.mark.parametrize("level", [0.95, 0.8])
def test_where_all_or_nobody_had_it_the_limit_is_the_exact_one_of_those_who_were_waited_for(level):
    tail = (1 - level) / 2
    none = occurred_by(*followed(), [0.5], level=level)[0]
    late = occurred_by([1, 2, 3, 4], [False] * 4, [3], level=level)[0]
    every = occurred_by([1, 2, 2], [True] * 3, [2], level=level)[0]
    assert (none.value, none.low, none.high) == pytest.approx((0, 0, 1 - tail ** (1 / 10)))
    assert late.high == pytest.approx(1 - tail ** (1 / 2))  # two of the four were waited for until then
    assert (every.value, every.low, every.high) == pytest.approx((1, tail ** (1 / 3), 1))


def test_beyond_the_longest_wait_and_of_nobody_there_is_no_share():
    at_the_end, beyond = occurred_by(*followed(), [9, 9.1])
    assert at_the_end.defined and beyond.undefined_reason == "nobody was followed until 9.1"
    assert [one.undefined_reason for one in occurred_by([], [], [1, 2], denominator="runs")] == ["no runs"] * 2


@pytest.mark.parametrize(("events", "exposure", "level"), [(1, 4.0, 0.95), (7, 50.0, 0.9), (40, 12.5, 0.99)])
def test_a_rate_has_the_limits_at_which_poissons_tails_are_the_level(events, exposure, level):
    found = rate(events, exposure, unit="per segment", level=level)
    assert (found.value, found.n, found.counts) == (events / exposure, int(exposure), {"events": events})
    assert poisson.sf(events - 1, found.low * exposure) == pytest.approx((1 - level) / 2)
    assert poisson.cdf(events, found.high * exposure) == pytest.approx((1 - level) / 2)


def test_no_event_leaves_an_upper_limit_and_no_exposure_no_rate():
    assert rate(0, 10.0, unit="").low == 0 and rate(0, 10.0, unit="").high == pytest.approx(-math.log(0.025) / 10)
    assert rate(0, 0, unit="").undefined_reason == "nobody was at risk"
    for events, exposure in ((-1, 1.0), (1, -1.0), (0.5, 1.0)):
        with pytest.raises(UserError, match="events in an exposure"):
            rate(events, exposure, unit="")


def waiting(n=40, times=6, seed=0):
    """Scores with ties and holes, of which a part has the event; some were not followed to the end."""
    rng = np.random.default_rng(seed)
    event_at = np.where(rng.random(n) < 0.5, rng.integers(1, times + 1, n), 0)
    until = np.where(event_at > 0, times + 1, rng.integers(2, times + 2, n))
    scores = np.round(rng.standard_normal((n, times)) + (event_at == 0)[:, None], 1)
    scores[rng.random((n, times)) < 0.05] = np.nan
    return scores, event_at, until


@pytest.mark.parametrize("large", [1 << 17, 0])
@pytest.mark.parametrize("lead", [None, (1, 2), (2, 3)])
def test_landmarks_compare_every_pair_of_those_who_still_wait(lead, large, monkeypatch):
    monkeypatch.setattr("unsettled.measure.statistics.survival.LARGE", large)
    scores, event_at, until = waiting()
    found = landmark_auc(scores, event_at, until, lead=lead, level=0.9)
    won, pairs = np.zeros((2, len(scores))), np.zeros((2, len(scores)))
    landmarks = set()
    for t in range(1, 7):
        here = [i for i in range(len(scores)) if until[i] > t and np.isfinite(scores[i, t - 1])]
        for i in (i for i in here if event_at[i] == 0):
            for j in (j for j in here if event_at[j] > t and (lead is None or t + lead[0] <= event_at[j] <= t + lead[1])):
                score = float(scores[i, t - 1] > scores[j, t - 1]) + (scores[i, t - 1] == scores[j, t - 1]) / 2
                won[[0, 1], [i, j]] += score
                pairs[[0, 1], [i, j]] += 1
                landmarks.add(t)
    value, total = won[0].sum() / pairs[0].sum(), pairs[0].sum()
    never, later = (int((one > 0).sum()) for one in pairs)
    excess = won - value * pairs
    error = math.sqrt(sum(m / (m - 1) * (one**2).sum() for m, one in zip((never, later), excess, strict=True))) / total
    assert found.counts == {"landmarks": len(landmarks), "pairs": total, "never": never, "later": later}
    assert (found.value, found.error, found.n) == pytest.approx((value, error, never + later))
    assert (found.low, found.high) == pytest.approx(shrunk_interval(value, error, never, later, level=0.9))


def test_a_handful_has_a_value_without_an_interval_and_without_pairs_the_reason_is_told():
    event_at = np.repeat([0, 2], FEWEST)
    scores, until = np.arange(2.0 * FEWEST)[::-1, None], np.full(2 * FEWEST, 9)
    whole, fewer = landmark_auc(scores, event_at, until), landmark_auc(scores[1:], event_at[1:], until[1:])
    assert whole.value == fewer.value == 1.0 and whole.high == 1.0 and whole.low > 0.5
    assert math.isnan(fewer.low) and fewer.extra["note"] == f"fewer than {FEWEST} examples of a class, no interval"
    for rows, missing in ((event_at == 0, "has the event later"), (event_at > 0, "never has the event")):
        assert landmark_auc(scores[rows], event_at[rows], until[rows]).undefined_reason == f"no waiting example {missing}"
    apart = landmark_auc(np.array([[1.0, np.nan], [np.nan, 1.0]]), np.array([0, 3]), np.array([9, 9]))
    assert apart.undefined_reason == "no waiting example can be compared at the same time"
