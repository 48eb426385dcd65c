"""The one formatter: what its examples say, and where figures are at their limits."""

import doctest
import math

import pytest

from unsettled.measure.support import figures
from unsettled.measure.support.figures import Notation, number, size


def test_its_examples_run():
    assert doctest.testmod(figures).failed == 0


@pytest.mark.parametrize(
    ("x", "text"),
    [(0.0, "0"), (-0.06423, "-0.06423"), (1e-7, "1e-07"), (99_999.7, "100,000"), (math.inf, "∞"), (math.nan, "none"), (3665, "3,665")],
)
def test_numbers(x, text):
    assert number(x) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.1, 0.2, "[10%, 20%]"), (math.nan, 0.2, "[−∞, 20%]"), (-math.inf, math.inf, ""), (math.nan, math.nan, ""), (0.5, 0.5, "")],
)
def test_an_interval_is_open_where_it_has_no_limit_and_not_shown_without_any(low, high, text):
    assert Notation(percent=True).interval(low, high) == text


def test_a_difference_of_percentages_is_in_percentage_points():
    assert Notation(percent=True).difference(0.01) == "1 percentage point"
    assert Notation(percent=True).difference(0.025) == "2.5 percentage points"
    assert Notation().difference(0.025) == "0.025"


def test_bytes():
    assert [size(n) for n in (812, 14_200, 1_300_000)] == ["812 B", "14 kB", "1.3 MB"]
