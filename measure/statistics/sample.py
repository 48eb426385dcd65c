"""Checking the arrays a statistic is given: wrong shapes are mistakes, degenerate samples are results without a value."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError


def check_share(name: str, value: float) -> float:
    """``value`` as a float strictly between 0 and 1. Raises UserError otherwise."""
    value = float(value)
    if not 0.0 < value < 1.0:
        raise UserError(f"{name} is {value}, it must lie strictly between 0 and 1")
    return value


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """``value`` when it is one of ``choices``. Raises UserError that lists them otherwise."""
    if value not in choices:
        raise UserError(f"{name} is {value!r}, it must be one of {', '.join(choices)}")
    return value


def as_values(name: str, values: ArrayLike) -> np.ndarray:
    """``values`` as a float64 vector. Raises UserError when it is not one-dimensional."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise UserError(f"{name} has shape {array.shape}, expected one axis")
    return array


def as_mask(name: str, mask: ArrayLike, length: int) -> np.ndarray:
    """``mask`` as a boolean vector of ``length``. Raises UserError for another shape or type."""
    array = np.asarray(mask)
    if array.shape != (length,):
        raise UserError(f"{name} has shape {array.shape}, expected ({length},)")
    if array.dtype != np.bool_:
        if array.size and not np.isin(array, (0, 1)).all():
            raise UserError(f"{name} is not a yes/no array")
        array = array.astype(bool)
    return array


def as_classes(scores: ArrayLike, positives: ArrayLike) -> tuple[np.ndarray, np.ndarray, str]:
    """Scores and classes of a two-class problem, and the reason why it has no answer (empty when it has one).

    Infinite scores are kept: they rank below or above every finite score, and tie with each other.
    """
    values = as_values("scores", scores)
    mask = as_mask("positives", positives, len(values))
    return values, mask, degenerate(values, mask)


def degenerate(values: np.ndarray, positives: np.ndarray) -> str:
    """Why two classes cannot be compared; empty when they can."""
    if not len(values):
        return "no examples"
    if np.isnan(values).any():
        return f"{int(np.isnan(values).sum())} of {len(values)} scores are NaN"
    if not positives.any():
        return "no positive examples"
    if positives.all():
        return "no negative examples"
    return ""
