"""Otsu's cut is the one of most variance between the classes, and its separation that variance over all of it."""

import numpy as np
import pytest

from unsettled.measure.statistics import otsu
from unsettled.measure.statistics.otsu import otsu_threshold


def test_otsu_s_cut_against_every_cut_tried():
    """Classes of 60 and 5, where the many are wide."""
    values = np.concatenate([np.linspace(0, 3, 60), np.linspace(6, 6.5, 5)])
    between = [k * (65 - k) / 65**2 * (values[:k].mean() - values[k:].mean()) ** 2 for k in range(1, 65)]
    best = int(np.argmax(between)) + 1
    threshold, separation = otsu_threshold(np.append(values, [np.inf, -np.inf]))
    assert threshold == pytest.approx((values[best - 1] + values[best]) / 2)
    assert separation == pytest.approx(max(between) / values.var())


def test_values_without_two_classes_have_no_cut():
    assert np.isnan(otsu_threshold(np.array([1.0, 1.0, np.inf]))).all() and np.isnan(otsu_threshold(np.array([1.0]))).all()
    assert otsu_threshold(np.array([2.0, 1.0])) == (1.5, 1.0)


def test_values_read_in_pieces_have_the_cut_of_one_piece(monkeypatch):
    values = np.concatenate([np.linspace(0, 1, 40), np.linspace(3, 5, 15)])
    whole = otsu_threshold(values)
    for rows in (1, 7, 54, 55):
        monkeypatch.setattr(otsu, "PIECE_ROWS", rows)
        assert otsu_threshold(values) == pytest.approx(whole)
        assert otsu_threshold(values[:2]) == (pytest.approx(values[:2].mean()), pytest.approx(1.0))
