"""How two records differ: settings, fingerprints, rows, outcomes, quantities beyond a row's own noise, and shifts common to rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unsettled.measure.record.compare import compare, differences, quantities, row_limits
from unsettled.measure.record.own_noise import COARSE, ROUNDING, SHIFT_ALPHA, common_shifts
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.record.record import Record

FINGERPRINTS = ("checkpoint_tensors", "checkpoint_bytes", "puzzles_digest")
UNITS = {"exponents": "nats per update", "displacement": "share of the norm", "halting": "logit"}
# Rows that are told one by one.
TOLD = 10


@dataclass(frozen=True)
class Changed:
    """One setting or fingerprint that is not the same."""

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class Gap:
    """One quantity over the shared rows: how many lie further apart than their own noise, and how far rows lie apart.

    ``limits`` are the smallest and the largest noise of a row. ``shifted`` is the p-value of a shift that rows have in common, where
    they have one: each may be within its own noise.
    """

    name: str
    unit: str
    beyond: int
    limits: tuple[float, float]
    shifted: float | None
    median: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What tells two records apart; ``beyond_noise`` is what an exit code hangs on.

    ``lost`` and ``gained`` count shared rows that were solved in the first record only, and in the second only.
    ``incomparable`` says why quantities are not compared, if they are not.
    """

    identical: bool
    settings: tuple[Changed, ...]
    fingerprints: tuple[Changed, ...]
    shared: int
    only_first: int
    only_second: int
    lost: int = 0
    gained: int = 0
    gaps: tuple[Gap, ...] = ()
    told: tuple[str, ...] = ()
    incomparable: str | None = None
    noise: str = ""

    @property
    def beyond_noise(self) -> bool:
        """Whether rows, outcomes or quantities differ by more than a re-measurement would."""
        rows = self.only_first or self.only_second or self.lost or self.gained
        return bool(rows or self.incomparable or any(gap.beyond or gap.shifted is not None for gap in self.gaps))


def difference(first: Record, second: Record) -> Difference:
    """Compare two records row by row, by example.

    Each row is held to its own noise (`unsettled.measure.record.compare.row_limits`), and the rows to the sign of their differences:
    of two exchangeable measurements either is the larger as often (`unsettled.measure.record.own_noise.common_shifts`). Exponents are
    compared as far as both records have them; records of rollouts of other lengths share no quantity.
    """
    shared, at_first, at_second = np.intersect1d(first.example_id, second.example_id, return_indices=True)
    one, other = first.take(at_first), second.take(at_second)
    apart = Difference(
        identical=first.digest() == second.digest(),
        settings=_settings(first.provenance, second.provenance),
        fingerprints=tuple(_changed(first.provenance, second.provenance, FINGERPRINTS)),
        shared=len(shared),
        only_first=len(first) - len(shared),
        only_second=len(second) - len(shared),
        lost=int((one.solved & ~other.solved).sum()),
        gained=int((~one.solved & other.solved).sum()),
    )
    if not len(shared):
        return replace(apart, incomparable="the records share no example")
    if one.segments != other.segments:
        return replace(apart, incomparable=f"rollouts of {one.segments} and of {other.segments} segments share no quantity")
    return _with_quantities(apart, one, other)


def _with_quantities(apart: Difference, one: Record, other: Record) -> Difference:
    limits, shifted = row_limits(one, other), _shifts(one, other)
    gaps = tuple(
        Gap(
            name=name,
            unit=UNITS.get(name, ""),
            beyond=int((gap > limits[name]).sum()),
            limits=(float(limits[name].min()), float(limits[name].max())),
            shifted=shifted.get(name),
            median=float(np.median(gap)),
            largest=float(gap.max(initial=0.0)),
        )
        for name, gap in differences(one, other).items()
    )
    measured = sum(record.provenance.noise is not None for record in (one, other))
    noise = ("neither record has its own noise: the floors of float32", "the measured noise of one record", "the measured noise of both")
    return replace(apart, gaps=gaps, told=tuple(list(compare(one, other).values())[:TOLD]), noise=noise[measured])


def _shifts(one: Record, other: Record) -> dict[str, float]:
    """Quantities in which the rows of one record lie above those of the other by more than chance, with the smallest p-value."""
    found: dict[str, float] = {}
    firsts, seconds = quantities(one), quantities(other)
    shared = [name for name in firsts if name in seconds]
    columns = sum(min(firsts[name].shape[1], seconds[name].shape[1]) for name in shared)
    coarse = max(COARSE.get(record.provenance.dtype, 1.0) for record in (one, other))
    for name in shared:
        k = min(firsts[name].shape[1], seconds[name].shape[1])
        first, second = (
            np.nan_to_num(values[:, None, :k], nan=2e30, posinf=1e30, neginf=-1e30) for values in (firsts[name], seconds[name])
        )
        shifted = common_shifts(first, second[None], np.full(k, coarse * ROUNDING[name]), alpha=SHIFT_ALPHA * k / columns)
        if shifted:
            found[name] = min(p for _, p in shifted)
    return found


def _settings(first: Provenance, second: Provenance) -> tuple[Changed, ...]:
    """Every other field of the provenance, nested ones by their dotted names; the noise floor is not a setting."""
    names = [n for n in Provenance.model_fields if n not in (*FINGERPRINTS, "noise")]
    return tuple(_changed(first, second, names))


def _changed(first: Provenance, second: Provenance, names: Iterable[str]) -> list[Changed]:
    before, after = (_flat(p.model_dump(mode="json", include=set(names))) for p in (first, second))
    keys = sorted(before.keys() | after.keys())
    return [Changed(k, _text(before.get(k)), _text(after.get(k))) for k in keys if before.get(k) != after.get(k)]


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
