"""What a record says at a glance: accuracy, exponents and displacement by outcome. Facts only, no rendering."""

from __future__ import annotations

import numpy as np

from unsettled.measure.record.record import Record
from unsettled.measure.statistics.proportion import proportion


def summarise(record: Record) -> list[tuple[str, str]]:
    """Rows (what, value) of the summary that `unsettled measure` and `unsettled show` print.

    >>> from unsettled.measure import summarise, synthetic_record
    >>> dict(summarise(synthetic_record(50)))["failures"]
    '24'
    """
    n, right = len(record), int(record.solved.sum())
    accuracy = proportion(right, n)
    facts = record.provenance.model
    rows = [
        ("network", f"{facts.architecture.upper()} {facts.variant}, hidden {facts.hidden_size}, {facts.parameters:,} parameters"),
        ("rollout", f"{record.segments} segments × {facts.updates_per_segment} updates, {record.provenance.dtype}"),
        ("exact accuracy", f"{accuracy.value:.4f} [{accuracy.low:.4f}, {accuracy.high:.4f}], {right} of {n}"),
        ("failures", str(n - right)),
    ]
    series: dict[str, np.ndarray] = {}
    if record.k:
        series["λ₁ (nats per update)"] = record.exponents(unit="update")[:, 0]
        series["λ₁ (nats per segment)"] = record.exponents(unit="segment")[:, 0]
    lacks = record.provenance.imported
    if lacks is None:
        late = record.late_displacement(part="H", window=min(4, record.segments))
        series["late displacement of z_H"] = late
        series["late displacement over norm"] = late / record.norm_H[:, -1]
    series["halting logit, last segment"] = record.halting_logit[:, -1]
    for name, values in series.items():
        rows.append((f"median {name}", f"solved {_median(values[record.solved])}, failed {_median(values[~record.solved])}"))
    if lacks is not None:
        rows.append(("imported from", lacks.source))
        rows.append(("not in it", ", ".join([*lacks.absent, *(f"{name} before the last segment" for name in lacks.last_segment)])))
    return rows


def _median(values: np.ndarray) -> str:
    return f"{np.median(values):+.4g}" if len(values) else "–"
