"""Whether a recorded row is one of its own equivalent re-measurements: each row is judged by its own noise, never by its record's.

A row is compared at every segment in every quantity of `profile`. Where it lies within rounding (`ROUNDING`) of one re-measurement, that
is the end of it. Otherwise it is measured again under starts that differ in the last bit, and must lie within the range of these,
widened by `SLACK` of its width (`outside`). The width is the row's own noise (`noise_of`): some rows forget a last bit, others double
it at every update.

Rows that are each within their noise may still be shifted together: under the hypothesis that a recorded row is exchangeable with its
re-measurements, its rank among them is uniform, so that the sum of the ranks over rows has a known distribution (`common_shifts`).

>>> again = np.zeros((9, 1, 1, 1)); again[:, 0, 0, 0] = np.arange(9)           # nine re-measurements of one value, 0 to 8
>>> [bool(outside(np.full((1, 1, 1), x), again, np.zeros(1))[0]) for x in (8.0, 11.1, 11.3)]
[False, False, True]
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.record.record import Record, held

# What rounding alone moves, in float32: exponents (nats per update), displacement over the norm, log of the norm, halting logit.
ROUNDING = {"exponents": 1e-5, "displacement": 1e-5, "norm": 1e-5, "halting": 1e-4}
COARSE = {"bfloat16": 100.0}  # that many times as much in a coarser arithmetic
# By how much of its width the range of a row's re-measurements is widened: while there are few of them; when there are more, after the
# last segment and before it, where there are many chances to differ. By simulation, see `measure/RELIABILITY.md`.
FEW, SLACK_OF_FEW, SLACK, SLACK_BEFORE = 4, 0.5, 0.4, 0.75
# Chance that a record is said to be shifted that is not, over all of its quantities together.
SHIFT_ALPHA = 2.5e-4
_INFINITE = 1e30  # stands for infinities and NaN, which then compare like numbers

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Profile:
    """What is compared of N rows over S segments in C columns.

    Attributes:
        values: (N, S, C) finite-time exponents up to each segment, displacement over norm, log of the norm, halting logit.
        outcomes: (N, S + 1) whether the answer was right after each segment, and the recorded outcome.
        names: (C,) the quantity of each column, a key of `ROUNDING`.
        rounding: (C,) what rounding alone moves.
    """

    values: Floats
    outcomes: Flags
    names: tuple[str, ...]
    rounding: Floats

    def take(self, rows: NDArray[np.int_]) -> Profile:
        """The rows at these positions."""
        return Profile(self.values[rows], self.outcomes[rows], self.names, self.rounding)

    def columns(self, exponents: int) -> NDArray[np.int_]:
        """Positions of the columns with the first so many exponents."""
        dropped = [i for i, name in enumerate(self.names) if name == "exponents"][exponents:]
        return np.setdiff1d(np.arange(len(self.names)), dropped)

    def of(self, columns: NDArray[np.int_]) -> Profile:
        """These columns alone."""
        return Profile(self.values[..., columns], self.outcomes, tuple(self.names[i] for i in columns), self.rounding[columns])


def profile(record: Record, *, k: int | None = None, there: Collection[str] | None = None) -> Profile:
    """What is compared of a record: of its first ``k`` exponents, and of the columns ``there``, by default those that it holds."""
    there = held(record) if there is None else there
    updates = record.provenance.model.updates_per_segment * np.arange(1, record.segments + 1)
    named: list[tuple[str, Floats]] = []
    with np.errstate(invalid="ignore", divide="ignore"):
        if "growth" in there:
            exponents = np.cumsum(np.asarray(record.growth), axis=1)[:, :, :k] / updates[:, None]
            named += [("exponents", exponents[:, :, i]) for i in range(exponents.shape[2])]
        for latent in record.provenance.model.latents:
            if f"displacement_{latent}" in there:
                named += [("displacement", record.displacement(latent) / record.norm(latent)), ("norm", np.log(record.norm(latent)))]
    if "halting_logit" in there:
        named.append(("halting", np.asarray(record.halting_logit)))
    names = tuple(name for name, _ in named)
    values = np.stack([column for _, column in named], axis=2).astype(np.float64) if named else np.zeros((len(record), record.segments, 0))
    coarse = COARSE.get(record.provenance.dtype, 1.0)
    return Profile(
        values=np.nan_to_num(values, nan=2 * _INFINITE, posinf=_INFINITE, neginf=-_INFINITE),
        outcomes=np.concatenate([np.asarray(record.solved_at), record.solved[:, None]], axis=1),
        names=names,
        rounding=np.array([coarse * ROUNDING[name] for name in names]),
    )


def beyond_rounding(recorded: Profile, again: Profile) -> Flags:
    """(N,) whether a row differs from one re-measurement by more than rounding, or in its outcome after any segment."""
    apart = (np.abs(recorded.values - again.values) > recorded.rounding).any(axis=(1, 2))
    differs: Flags = apart | (recorded.outcomes != again.outcomes).any(axis=1)
    return differs


def noise_of(again: Floats, names: tuple[str, ...] | None = None) -> Floats:
    """(N, S, C) the width of V re-measurements (V, N, S, C) of a row: what a change of the last bit moves.

    At a segment it is the largest so far, and that of the segment after: a change that comes one segment sooner or later is noise. The
    columns of one quantity share the largest among them.
    """
    spread = again.max(axis=0) - again.min(axis=0)
    if names is not None:
        for name in set(names):
            same = np.array(names) == name
            spread[..., same] = spread[..., same].max(axis=-1, keepdims=True)
    grown = np.maximum.accumulate(spread, axis=1)
    return np.concatenate([grown[:, 1:], grown[:, -1:]], axis=1)


def outside(recorded: Floats, again: Floats, rounding: Floats, names: tuple[str, ...] | None = None) -> Flags:
    """(N, C) whether recorded values (N, S, C) leave the range of their re-measurements (V, N, S, C), widened, at any segment."""
    slack = np.full((recorded.shape[1], 1), SLACK_OF_FEW if len(again) <= FEW else SLACK_BEFORE)
    slack[-1] = SLACK_OF_FEW if len(again) <= FEW else SLACK
    room = slack * noise_of(again, names) + rounding
    away: Flags = ((recorded < again.min(axis=0) - room) | (recorded > again.max(axis=0) + room)).any(axis=1)
    return away


def unexplained(recorded: Flags, again: Flags) -> Flags:
    """(N,) whether a recorded outcome (N, S + 1) occurs in none of the re-measurements (V, N, S + 1).

    Where these disagree over d segments, when an answer was right may also be d segments sooner or later than in any of them. The
    outcome at the end must occur at the end.
    """
    seen = np.stack([(again == value).any(axis=0) for value in (False, True)], axis=-1)  # (N, S + 1, 2) which values occur
    during, near = seen[:, :-1], seen.copy()
    apart = during.all(axis=-1).sum(axis=1)[:, None, None]
    for by in range(1, int(apart.max(initial=0)) + 1):
        near[:, by:-1] |= during[:, :-by] & (apart >= by)
        near[:, : -1 - by] |= during[:, by:] & (apart >= by)
    occurs = np.take_along_axis(near, recorded[..., None].astype(int), axis=-1)[..., 0]
    unseen: Flags = occurs.min(axis=1) == 0
    return unseen


def common_shifts(recorded: Floats, again: Floats, rounding: Floats, *, alpha: float = SHIFT_ALPHA) -> list[tuple[int, float]]:
    """Columns in which rows are shifted together, with the p-value of each: a rank test of location.

    Of each row the rank of its recorded value after the last segment among its V re-measurements is taken, those within rounding
    counting half. Under exchangeability it is uniform on 0 … V, which gives the sum over rows its exact distribution; two-sided,
    Bonferroni over the columns (`alpha`). Fewer than five rows cannot show it.

    Args:
        recorded: (N, S, C); again: (V, N, S, C).
    """
    versions, rows = again.shape[:2]
    if not rows:
        return []
    x, v = recorded[:, -1], again[:, :, -1]
    ranks = ((x - v > rounding) + 0.5 * (np.abs(x - v) <= rounding)).sum(axis=0)  # (N, C)
    tails = _tails(versions, rows)
    away = np.abs(ranks.sum(axis=0) - versions * rows / 2)
    columns = recorded.shape[2]
    p = [min(1.0, 2 * float(tails[int(np.ceil(versions * rows / 2 + each))])) for each in away]
    return [(column, value) for column, value in enumerate(p) if value * columns <= alpha]


def _tails(versions: int, rows: int) -> Floats:
    """P(sum of ``rows`` ranks, each uniform on 0 … ``versions``, is at least s), for every s."""
    mass, one = np.ones(1), np.full(versions + 1, 1 / (versions + 1))
    for _ in range(rows):
        mass = np.convolve(mass, one)
    tails: Floats = np.cumsum(mass[::-1])[::-1]
    return tails
