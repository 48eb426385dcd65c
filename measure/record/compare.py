"""Which rows of two records of the same examples differ by more than their own noise; needs no network.

A change of the last bit grows along a row's path by exp(G), G the largest sum so far of the row's own first exponents in nats. Two
equivalent measurements of it therefore lie some ε·exp(G) apart, until they are as far apart as two rows: a row that contracts comes back
to the last bits, one that amplifies them does not, and says no more of a quantity than that it is one of its population's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record, held

# No row's noise is beyond so many standard deviations of the quantity over rows (in either record), or so many times the 90 % quantile of
# the noise that a record tells of, whichever is larger …
SPREADS, MARGIN = 3.0, 10.0
# … nor any below these absolute differences: float32 noise of a settled, contracting row.
FLOORS = {"exponents": 1e-4, "displacement": 1e-5, "halting": 1e-3}
# Where a row's own noise ends: that many times ε·exp(G). What it takes for noise and what not: `measure/RELIABILITY.md`.
AMPLIFIED = 100.0
EPSILON = {"float64": 2.0**-52, "float32": 2.0**-23, "bfloat16": 2.0**-7}


def quantities(record: Record) -> dict[str, np.ndarray]:
    """What is compared, per row, as far as the record holds it.

    Exponents in nats per update (N, k), displacement over norm of each latent (N, latents), halting logit (N, 1).
    """
    latents, found = record.provenance.model.latents, {}
    read: dict[str, Callable[[], np.ndarray]] = {
        "exponents": lambda: record.exponents(unit="update"),
        "displacement": lambda: np.stack([record.displacement(x)[:, -1] / record.norm(x)[:, -1] for x in latents], axis=1),
        "halting": lambda: np.asarray(record.halting_logit[:, -1:]),
    }
    for name, values in read.items():
        try:
            with np.errstate(invalid="ignore", divide="ignore"):
                found[name] = values()
        except UserError:  # of an imported table, of a network without a confidence
            continue
    return found


def differences(one: Record, other: Record) -> dict[str, np.ndarray]:
    """Largest absolute difference of each quantity that both hold, per row, (N,); equal infinities differ by nothing."""
    result, others = {}, quantities(other)
    for name, values in quantities(one).items():
        if name not in others:
            continue
        k = min(values.shape[1], others[name].shape[1])  # as many exponents as both have
        a, b = values[:, :k], others[name][:, :k]
        with np.errstate(invalid="ignore"):
            gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a - b))
        result[name] = np.where(np.isnan(gap), np.inf, gap).max(axis=1, initial=0.0)
    return result


def tolerances(record: Record) -> dict[str, float]:
    """The noise that a record tells of, the same for all rows; at least float32's."""
    noise = record.provenance.noise
    measured = {name: noise.quantiles.get(name, {}).get("q90", 0.0) if noise else 0.0 for name in FLOORS}
    return {name: max(floor, MARGIN * measured[name]) for name, floor in FLOORS.items()}


def amplified(record: Record) -> np.ndarray:
    """(N,) by how much a row's own path can have amplified a change of the last bit: ε·exp(G); NaN where the record holds no growth."""
    if "growth" not in held(record) or not record.k:
        return np.full(len(record), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        grown = np.cumsum(np.asarray(record.growth)[:, :, 0], axis=1, dtype=np.float64).max(axis=1, initial=0.0)
        amplified: np.ndarray = EPSILON.get(record.provenance.dtype, 1.0) * np.exp(np.nan_to_num(grown, nan=np.inf))
    return amplified


def one_limit(one: Record, other: Record) -> dict[str, float]:
    """The larger of the noise that two records tell of, the same for all rows."""
    first, second = tolerances(one), tolerances(other)
    return {name: max(limit, second[name]) for name, limit in first.items()}


def row_limits(one: Record, other: Record) -> dict[str, np.ndarray]:
    """(N,) for each quantity that both hold how far the two measurements of each row may lie apart: its own noise."""
    own = AMPLIFIED * np.maximum(amplified(one), amplified(other))
    overall = one_limit(one, other)
    first, second = _spreads(one), _spreads(other)
    most = {name: max(limit, SPREADS * min(first.get(name, 0.0), second.get(name, 0.0))) for name, limit in overall.items()}
    return {name: np.where(np.isnan(own), overall[name], np.clip(own, FLOORS[name], limit)) for name, limit in most.items()}


def _spreads(record: Record) -> dict[str, float]:
    """The standard deviation of each quantity over rows, of its columns the largest; 0 without finite values."""
    masked = {name: np.ma.masked_invalid(values) for name, values in quantities(record).items()}
    return {name: float(np.ma.filled(values.std(axis=0), 0.0).max(initial=0.0)) for name, values in masked.items()}


def compare(recorded: Record, remeasured: Record) -> dict[int, str]:
    """Rows that differ beyond their own noise: position → what differs, in one line."""
    limits, found = row_limits(recorded, remeasured), {}
    gaps = differences(recorded, remeasured)
    for row in range(len(recorded)):
        told = [f"{name} by {gaps[name][row]:.2g} (noise {limits[name][row]:.2g})" for name in gaps if gaps[name][row] > limits[name][row]]
        if recorded.solved[row] != remeasured.solved[row]:
            told.append(f"outcome {_outcome(recorded, row)}, now {_outcome(remeasured, row)}")
        if told:
            found[row] = f"example {recorded.example_id[row]}: " + ", ".join(told)
    return found


def _outcome(record: Record, row: int) -> str:
    return "solved" if record.solved[row] else "failed"
