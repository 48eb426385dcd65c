"""Arrays as fields that JSON can hold: six significant digits, null for NaN, and ±∞ by name.

    from pydantic import TypeAdapter
    TypeAdapter(Floats).dump_json(np.array([1 / 3, np.nan, -np.inf]))   # b'[0.333333,null,"-inf"]'

What they are for is drawing: nothing that is judged is stored with fewer digits than it was computed with.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator


def _stored(values: NDArray[Any]) -> list[Any]:
    """Nested lists of numbers."""
    return [_stored(row) if row.ndim else _number(float(row)) for row in np.asarray(values)]


def _number(value: float) -> float | int | str | None:
    if math.isfinite(value):
        short = float(f"{value:.6g}")
        return int(short) if short.is_integer() and abs(short) < 1e6 else short
    return None if math.isnan(value) else "inf" if value > 0 else "-inf"


def _floats(values: Any) -> NDArray[np.float64]:
    if isinstance(values, np.ndarray):
        return values
    return np.array(values, dtype=np.float64)  # None becomes NaN, "-inf" what it says


def _flags(values: Any) -> NDArray[np.bool_]:
    return np.array(values, dtype=bool)


Floats = Annotated[NDArray[np.float64], PlainValidator(_floats), PlainSerializer(_stored)]
Flags = Annotated[NDArray[np.bool_], PlainValidator(_flags), PlainSerializer(lambda values: [int(value) for value in values])]
