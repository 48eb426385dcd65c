"""Which rows of two records of the same examples differ by more than their measured noise; needs no network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record

# A row is looked at more closely beyond this many times the 90 % quantile of the record's own noise …
MARGIN = 10.0
# … or beyond these absolute differences, whichever is larger: float32 noise of a settled, contracting row.
FLOORS = {"exponents": 1e-4, "displacement": 1e-5, "halting": 1e-3}


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
    """Beyond which difference a row is looked at more closely; from the record's noise and float32's."""
    noise = record.provenance.noise
    measured = {name: noise.quantiles.get(name, {}).get("q90", 0.0) if noise else 0.0 for name in FLOORS}
    return {name: max(floor, MARGIN * measured[name]) for name, floor in FLOORS.items()}


def compare(recorded: Record, remeasured: Record) -> dict[int, str]:
    """Rows that differ beyond the record's noise floor: position → what differs, in one line."""
    limits, found = tolerances(recorded), {}
    gaps = differences(recorded, remeasured)
    for row in range(len(recorded)):
        told = [f"{name} by {gaps[name][row]:.2g} (noise {limits[name]:.2g})" for name in gaps if gaps[name][row] > limits[name]]
        if recorded.solved[row] != remeasured.solved[row]:
            told.append(f"outcome {_outcome(recorded, row)}, now {_outcome(remeasured, row)}")
        if told:
            found[row] = f"example {recorded.example_id[row]}: " + ", ".join(told)
    return found


def _outcome(record: Record, row: int) -> str:
    return "solved" if record.solved[row] else "failed"
