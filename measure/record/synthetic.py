"""A synthetic record with a known truth: to try a statistic on, and to plant falsehoods in where no measured record has both outcomes."""

from __future__ import annotations

import numpy as np

from unsettled.measure.record.provenance import Provenance
from unsettled.measure.record.record import Record
from unsettled.measure.support.counts import at_least
from unsettled.measure.support.facts import ModelFacts

TRM_FACTS = ModelFacts(
    architecture="trm", variant="mlp_t", hidden_size=512, tokens=97, parameters=5_028_866, updates_per_segment=21, H_cycles=3, L_cycles=6
)


def synthetic_record(
    n: int = 512,
    *,
    accuracy: float = 0.6,
    separation: float = 2.0,
    settled_failures: float = 0.1,
    segments: int = 16,
    k: int = 8,
    facts: ModelFacts = TRM_FACTS,
    seed: int = 0,
) -> Record:
    """A record whose λ₁ classes are normal with means ``separation`` standard deviations apart.

    The AUC of λ₁ (failures positive) is Φ(separation/√2) in expectation; successes settle, and so does the
    share ``settled_failures`` of the failures. For trying things on: no network was measured.

    >>> from unsettled.measure import synthetic_record
    >>> record = synthetic_record(8, segments=4, k=2)
    >>> record.growth.shape, record.solved_at.shape
    ((8, 4, 2), (8, 4))
    """
    for name, value, lowest in (("n", n, 0), ("segments", segments, 1), ("k", k, 0), ("seed", seed, 0)):
        at_least(lowest, value, name)
    rng = np.random.default_rng(seed)
    solved = rng.random(n) < accuracy
    settles = solved | (rng.random(n) < settled_failures)
    settle_time = rng.integers(1, max(2, segments - 6), n)  # early enough that the late window is within the band
    solved_at = solved[:, None] & (np.arange(1, segments + 1) > settle_time[:, None])
    level = np.where(~solved, separation, 0.0) + rng.standard_normal(n)
    noise = 0.1 * rng.standard_normal((n, segments, k))
    growth = 0.3 * level[:, None, None] - 0.2 * np.arange(k) + noise - noise.mean(axis=1, keepdims=True)
    start = np.log10(20.0) - 0.02 * np.arange(segments)
    floor = np.where(settles, 0.0, 1.2)[:, None] + 0.15 * rng.standard_normal((n, 1))
    late = np.clip((np.arange(segments) - settle_time[:, None]) / 2, 0, 1) * settles[:, None]
    log_displacement = start * (1 - late) + floor * late + 0.05 * rng.standard_normal((n, segments))
    displacement = 10.0**log_displacement
    return Record(
        example_id=np.arange(n, dtype=np.int64),
        givens=rng.integers(20, 32, n).astype(np.int16),
        rating=rng.gamma(2.0, 10.0, n),
        solved=solved_at[:, -1],
        token_accuracy=np.where(solved_at[:, -1], 1.0, rng.uniform(0.4, 0.95, n)),
        solved_at=solved_at,
        displacement_H=displacement,
        displacement_L=displacement * 1.1,
        norm_H=np.full((n, segments), 220.0),
        norm_L=np.full((n, segments), 220.0),
        halting_logit=np.where(solved_at, 7.0, -9.0) + rng.standard_normal((n, segments)),
        conflicts=np.where(solved_at, 0, rng.integers(1, 12, (n, segments))).astype(np.int16),
        growth=growth,
        provenance=Provenance(
            model=facts,
            checkpoint_bytes="0" * 64,
            checkpoint_tensors="0" * 64,
            puzzles_digest="0" * 64,
            puzzles=n,
            segments=segments,
            exponents=k,
            tangent_seed=seed,
            qr_every=1,
            dtype="float32",
            device="cpu",
            batch=32,
            versions={},
        ),
    )
