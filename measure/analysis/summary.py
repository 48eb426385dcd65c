"""What a record says at a glance: accuracy, exponents and displacement by outcome. Facts only, no rendering."""

from __future__ import annotations

import numpy as np

from unsettled.measure.record.record import Record, held
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
        ("network", f"{facts.title} {facts.variant}, hidden {facts.hidden_size}, {facts.parameters:,} parameters"),
        ("task", record.provenance.task),
        ("rollout", f"{record.segments} segments × {facts.updates_per_segment} updates, {record.provenance.dtype}"),
        ("exact accuracy", f"{accuracy.value:.4f} [{accuracy.low:.4f}, {accuracy.high:.4f}], {right} of {n}"),
        ("failures", str(n - right)),
    ]
    if record.clusters < n:
        rows.append(("independent groups", f"{record.clusters} among {n} examples: intervals that count examples are too narrow"))
    there, latent = held(record), facts.latents[0]
    if "valid_at" in there and (more := int((record.valid_at[:, -1] & ~record.solved).sum())):
        rows.append(("right by the rule alone", f"{more} failures keep the rule of the task and differ from the label"))
    series: dict[str, np.ndarray] = {}
    if record.k:
        series["λ₁ (nats per update)"] = record.exponents(unit="update")[:, 0]
        series["λ₁ (nats per segment)"] = record.exponents(unit="segment")[:, 0]
    if f"displacement_{latent}" in there:
        late = record.late_displacement(part=latent, window=min(4, record.segments))
        series[f"late displacement of z_{latent}"] = late
        series["late displacement over norm"] = late / record.norm(latent)[:, -1]
        if record.grows(part=latent):
            rows.append(("scale of rest", "none: the norm grows, so raw displacement cannot tell convergence"))
    if "halting_logit" in there or getattr(record.halting_logit, "last", None) is not None:
        series["halting logit, last segment" if facts.adapter is None else "confidence, last segment"] = record.halting_logit[:, -1]
    for what, values in series.items():
        rows.append((f"median {what}", f"solved {_median(values[record.solved])}, failed {_median(values[~record.solved])}"))
    if lacks := record.provenance.imported:
        rows.append(("imported from", lacks.source))
        parts = [f"{name} before the last segment" for name in lacks.last_segment]
        parts += [f"{name} but its mean over the last {window} segments" for name, window in lacks.late.items()]
        rows.append(("not in it", ", ".join([*lacks.absent, *parts]) or "nothing is missing"))
    return rows


def _median(values: np.ndarray) -> str:
    return f"{np.median(values):+.4g}" if len(values) else "–"
