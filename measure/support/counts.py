"""Counts that a caller gives: a whole number in its range, or one line that says what is wrong with it."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from unsettled.measure.errors import UserError

# What torch takes as a seed, and a record holds.
SEEDS = (-(2**63), 2**63 - 1)


def seed_of(value: Any, name: str = "seed") -> int:
    """A seed as a Python integer. Raises UserError for what is no whole number, or not one of `SEEDS`."""
    return at_least(SEEDS[0], value, name, most=SEEDS[1])


def at_least(lowest: int | None, value: Any, name: str, *, most: int | None = None) -> int:
    """The ``value`` of ``name`` as a Python integer: of numpy's whole numbers, too, but no truth value and no 2.0.

    Args:
        lowest, most: the range, both included; both None for any whole number.

    Raises:
        UserError: it is no whole number, or not in the range.

    >>> at_least(1, np.int64(3), "segments")
    3
    >>> at_least(1, 0, "segments")
    Traceback (most recent call last):
    unsettled.measure.errors.UserError: segments is 0 (it must be a whole number of at least 1)
    """
    try:
        whole = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        whole = None
    if whole is None or (lowest is not None and whole < lowest) or (most is not None and whole > most):
        told = value.item() if isinstance(value, np.generic) else value
        reach = "" if lowest is None else f" of at least {lowest}" if most is None else f" from {lowest} to {most}"
        raise UserError(f"{name} is {told!r:.60}", hint=f"it must be a whole number{reach}")
    return whole
