"""Bars that are known to be missed, or to lie within the spread, and why: figure → reason. Any other miss is a failure."""

from __future__ import annotations

MISSED: dict[str, str] = {
    "judging all claims from records, pytest and all": "more records are shipped than the bar's thirty claims need",
}
