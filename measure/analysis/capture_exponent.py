"""Is the separation by λ₁ a matter of when a puzzle is solved? Exponents in sliding windows before and after capture.

If λ₁ told failures apart by something that precedes the outcome, uncaptured runs that will be captured would differ from those that
never are, at the same segment. If it only tells that capture has happened, they would not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from unsettled.measure.analysis.capture import LongRuns, first_solved
from unsettled.measure.columns.streamed import in_pieces
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.equivalence import equivalence
from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.survival import FEWEST, landmark_auc
from unsettled.measure.support.counts import at_least

WINDOW = 4
# What the means of windows that are read together from a file may take.
AT_ONCE_BYTES = 5 << 27
# (first, last) segments from capture, which is segment 0: the one after which the board is right for the first time.
OFFSETS = ((-12, -9), (-8, -5), (-4, -1), (0, 0), (1, 4), (5, 8), (9, 12))
LEADS = ((1, 4), (5, 16), (17, 10_000))


def exponents(runs: LongRuns, record: Record | None = None) -> np.ndarray:
    """(N, T) λ₁ over each segment, nats per segment: the long record's own, or else those of the record's rollout.

    Raises:
        UserError: neither holds exponents, or a puzzle of the long record is not in the record.
    """
    own: np.ndarray = runs.side["exponent"].astype(np.float64)
    if not np.isnan(own).all():
        return own
    if record is None or not record.k:
        raise UserError("the long record was measured without exponents", hint="give the record of the same checkpoint beside it")
    place = {int(identity): row for row, identity in enumerate(record.example_id)}
    try:
        rows = np.array([place[int(identity)] for identity in runs.side["example_id"]], dtype=int)
    except KeyError as error:
        raise UserError(f"example {error} of the long record is not in the record") from None
    lambda1: np.ndarray = np.asarray(record.growth[:, :, 0], np.float64)[rows]
    return lambda1


def sliding(values: np.ndarray, window: int) -> np.ndarray:
    """(N, T) mean of the last ``window`` of each row up to and including each place; NaN before there are so many."""
    if at_least(1, window, "window") > values.shape[1]:
        raise UserError(f"a window of {window} segments does not fit {values.shape[1]}")
    means, kept = np.full(values.shape, np.nan), values.shape[1] - window + 1
    means[:, window - 1 :] = _mean([values[:, first : first + kept] for first in range(window)])
    return means


def _mean(columns: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Their mean, added up one after the other, so that a column alone comes out as it does among others."""
    total: np.ndarray = columns[0].astype(np.float64)
    for column in columns[1:]:
        total += column
    return total / len(columns)


class _Sliding:
    """What `sliding` returns, of the ``rows`` (M,) of λ₁ (N, T) on disk: some columns are in memory, each until it is used."""

    def __init__(self, values: np.ndarray, window: int, rows: np.ndarray) -> None:
        self._values, self._window, self._rows, self.shape = values, window, rows, (len(rows), values.shape[1])
        self._ready: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, index: tuple[slice, int]) -> np.ndarray:
        first = index[1] - self._window + 1
        if first < 0:
            return np.full(len(self), np.nan)
        if first not in self._ready:
            self._ready = dict(enumerate(self._means(first), start=first))
        return self._ready.pop(first)

    def _means(self, first: int) -> list[np.ndarray]:
        """The means of the windows that start at ``first`` and at the next segments."""
        left = self.shape[1] - self._window + 1 - first
        passes = -(-left // max(1, AT_ONCE_BYTES // (8 * max(1, len(self)))))
        starts = range(-(-left // passes))
        block = self._values[:, first : first + len(starts) + self._window - 1]
        found = [np.empty(len(self)) for _ in starts]
        for rows, piece in in_pieces(block):
            low, high = np.searchsorted(self._rows, (rows.start, rows.stop))
            columns = np.ascontiguousarray(piece[self._rows[low:high] - rows.start].T)
            for start in starts:
                found[start][low:high] = _mean(columns[start : start + self._window])
        return found


def before_capture(
    runs: LongRuns, lambda1: np.ndarray, *, window: int = WINDOW, lead: tuple[int, int] | None = None, margin: float = 0.1
) -> Estimate:
    """AUC of λ₁ over the last ``window`` segments, never-captured (positives) against captured later, at the same segment.

    Only segments count at which neither has been solved. ½: λ₁ says nothing beforehand. ``lead`` keeps those captured so many
    segments later. ``extra`` holds TOST against ½ ± ``margin``; the interval is that of level 95 %.
    """
    return _near_half(landmark_auc(sliding(lambda1, window), runs.captured, runs.followed, lead=lead), margin)


def before_capture_in(record: Record, *, window: int = WINDOW, lead: tuple[int, int] | None = None, margin: float = 0.1) -> Estimate:
    """The same within the rollout of a record: those not captured by its end stand for those that never are.

    Raises:
        UserError: the record holds no exponents, or is shorter than the window.
    """
    if not record.k:
        raise UserError("the record holds no exponents", hint="measure with --k 8")
    if at_least(1, window, "window") > record.segments:
        raise UserError(f"a window of {window} segments does not fit {record.segments}")
    captured = first_solved(record.solved_at)
    rows = np.flatnonzero((captured == 0) | (captured > window))  # the others do not wait at any landmark
    last = max(window, int(captured.max(initial=0)) - 1)  # and after it nobody is captured
    scores, followed = _Sliding(record.growth[:, :last, 0], window, rows), np.full(len(rows), record.segments, np.int32)
    found = landmark_auc(scores, captured[rows], followed, lead=lead)
    return _near_half(found, margin) if found.defined else replace(found, n=len(record))


def _near_half(measured: Estimate, margin: float) -> Estimate:
    """The area with TOST against ½ in ``extra``, and its own interval."""
    if not measured.defined:
        return measured
    return replace(measured, extra=dict(equivalence(measured, target=0.5, margin=margin).extra))


def around_capture(
    runs: LongRuns, lambda1: np.ndarray, offset: tuple[int, int], *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Estimate:
    """Mean λ₁ of captured runs ``offset`` segments from capture, less that of never-captured ones at the very same segments.

    Nats per segment; captured runs whose window leaves the measured segments are left out. The bootstrap resamples captured and
    never-captured runs; with fewer than ten of either there is no interval. ``extra``: ``captured`` and ``never``, the means.
    """
    first, last = offset
    times = lambda1.shape[1]
    never = lambda1[(runs.captured == 0) & np.isfinite(lambda1).all(axis=1)]
    inside = (runs.captured > 0) & (runs.captured + first >= 1) & (runs.captured + last <= times) & np.isfinite(lambda1).all(axis=1)
    about: About = {
        "n": int(inside.sum()),
        "unit": "nats per segment",
        "denominator": "captured runs",
        "method": "difference of means at equal segments, bootstrap over runs",
    }
    if not inside.any() or not len(never):
        return undefined("no captured run has such a window" if len(never) else "every run is captured", **about)
    mask = np.zeros((int(inside.sum()), times))
    for row, captured in enumerate(runs.captured[inside]):
        mask[row, captured + first - 1 : captured + last] = 1 / (last - first + 1)
    own = (lambda1[inside] * mask).sum(axis=1)
    reference = mask @ never.mean(axis=0)
    means: dict[str, float | str] = {"captured": float(own.mean()), "never": float(reference.mean())}
    counts = {"captured": len(own), "never": len(never)}
    if min(counts.values()) < FEWEST:
        means["note"] = f"fewer than {FEWEST} runs of a kind, no interval"
        return Estimate(value=float((own - reference).mean()), counts=counts, extra=means, **about)
    rng = np.random.default_rng(seed)
    picked = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=resamples) / len(own)
    others = rng.multinomial(len(never), np.full(len(never), 1 / len(never)), size=resamples) / len(never)
    draws = picked @ own - ((others @ never) * (picked @ mask)).sum(axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(
        value=float((own - reference).mean()),
        low=float(low),
        high=float(high),
        level=level,
        counts=counts,
        error=float(draws.std(ddof=1)) or None,
        extra=means,
        **about,
    )
