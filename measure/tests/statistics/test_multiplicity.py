"""Holm's and Benjamini and Hochberg's adjustments against statsmodels, which takes a fifth of a second for each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from unsettled.measure.statistics.multiplicity import benjamini_hochberg, holm


@pytest.mark.parametrize("seed", range(5))
def test_both_agree_with_statsmodels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.random(12) ** 3, 2)  # with ties
    named = {str(i): float(x) for i, x in enumerate(values)}
    rejected, adjusted, _, _ = multipletests(values, alpha=0.05, method="holm")
    found = holm(named)
    assert [entry.adjusted for entry in found.values()] == pytest.approx(list(adjusted))
    assert [entry.rejected for entry in found.values()] == list(rejected)
    assert list(benjamini_hochberg(named).values()) == pytest.approx(list(multipletests(values, method="fdr_bh")[1]))


def test_nothing_tested_is_nothing_adjusted() -> None:
    assert holm({}) == {} and benjamini_hochberg({}) == {}
    assert math.isnan(holm({"a": math.nan})["a"].adjusted)


def test_no_adjusted_value_is_smaller_than_its_own() -> None:
    """Rounded to twelve digits, one of 10⁻¹⁵ became certainty."""
    p_values = {"a": 0.0, "b": 1e-15, "c": 1e-15, "d": 0.3, "e": 1.0, "f": 1.0}
    assert all(adjusted >= p_values[name] for name, adjusted in benjamini_hochberg(p_values).items())
    assert benjamini_hochberg(p_values)["b"] == 2e-15 and benjamini_hochberg(p_values)["f"] == 1.0
