"""How many digits a record keeps: those that the network's own arithmetic has, and no more.

A displacement or an exponent is summed up in float64 of states that hold 24 significant bits or fewer. The digits beyond these
are of one order of summation, change with batch and machine, and do not compress.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unsettled.measure.errors import UserError

# Columns that are counted rather than measured: they stay as they are.
COUNTED = ("rating", "token_accuracy")
# The smallest number that float32 holds with all its bits.
SMALLEST = float(np.finfo(np.float32).smallest_normal)


def as_precise_as(dtype: str, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of a record, their measured floats rounded to float32 unless the network ran in float64.

    The relative error is at most 2⁻²⁴ ≈ 6·10⁻⁸; infinities and NaN stay, and so does the type, float64.

    Args:
        dtype: in which the network ran: "float32", "bfloat16" or "float64".
        columns: by name; integers, booleans and `COUNTED` columns are left alone.

    >>> float(as_precise_as("float32", {"norm_H": np.array([0.1])})["norm_H"][0])
    0.10000000149011612
    >>> float(as_precise_as("float64", {"norm_H": np.array([0.1])})["norm_H"][0])
    0.1
    """
    if dtype == "float64":
        return dict(columns)
    return {name: _rounded(array) if array.dtype == np.float64 and name not in COUNTED else array for name, array in columns.items()}


def _rounded(values: np.ndarray) -> np.ndarray:
    """To float32 and back; what lies beyond its normal range stays as it is."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32).astype(np.float64)
    return np.where(np.abs(values) < SMALLEST, values, np.where(np.isinf(rounded), values, rounded))


def round_mantissa(values: np.ndarray, bits: int) -> np.ndarray:
    """float32 values rounded to ``bits`` of their 23 stored mantissa bits, so that a file holds no digits that mean nothing.

    Relative error at most 2^−(bits+1); infinities and NaN stay. Bit rounding: Zender 2016, Geosci. Model Dev. 9:3199.
    """
    if not 1 <= bits <= 23:
        raise UserError(f"{bits} bits of a float32 mantissa", hint="1 to 23")
    values = np.asarray(values, np.float32)
    if bits == 23:
        return values
    drop = 23 - bits
    raw = values.view(np.uint32)
    half = np.uint32((1 << (drop - 1)) - 1) + ((raw >> np.uint32(drop)) & np.uint32(1))
    rounded = ((raw + half) & np.uint32(0xFFFFFFFF ^ ((1 << drop) - 1))).view(np.float32)
    return np.where(np.isfinite(values), rounded, values)
