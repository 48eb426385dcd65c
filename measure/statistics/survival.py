"""Times until an event of which some were not waited for: survival curves, rates, and areas matched by the time of looking.

Kaplan–Meier (1958, JASA 53:457) with the beta product limits of Fay, Brittain & Proschan (2013, Biostatistics 14:723), which hold where
few are left: Greenwood's cover .68 of 95 % there, and know nothing of a curve that ended. Rates with Garwood's exact Poisson limits (1936,
Biometrika 28:437).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import LARGE, auc_interval, placements
from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.laws import beta
from unsettled.measure.statistics.libraries import chi2, ranking
from unsettled.measure.statistics.sample import as_mask, as_values, check_share

# Of each class, for an interval from resampling examples.
FEWEST = 10


def occurred_by(times: ArrayLike, seen: ArrayLike, at: ArrayLike, *, level: float = 0.95, denominator: str = "examples") -> list[Estimate]:
    """Share to which the event has happened by each time of ``at``: one minus Kaplan–Meier's survival.

    Args:
        times: (N,) time of the event, or until which it was waited for.
        seen: (N,) whether it happened (otherwise the example is censored at its time).
        at: times to report. Beyond the longest time waited there is no value.

    Who is censored at a time was waited for until then. That somebody is censored must not hang on when it would have happened.

    >>> [(one.value, round(one.low, 3), round(one.high, 3)) for one in occurred_by([1, 1, 1, 2], [False, False, False, True], [1, 2])]
    [(0.0, 0.0, 0.602), (1.0, 0.025, 1.0)]
    """
    values, events = as_values("times", times), as_mask("seen", seen, len(as_values("times", times)))
    points, level = as_values("at", at), check_share("level", level)
    method = "one minus Kaplan–Meier, beta product limits"
    if not len(values):
        return [undefined(f"no {denominator}", method=method, denominator=denominator) for _ in points]
    about: About = {"n": len(values), "method": method, "denominator": denominator}
    times_of, happened = np.unique(values[events], return_counts=True)
    at_risk = len(values) - np.searchsorted(np.sort(values), times_of, side="left")
    result = []
    for point in points:
        if point > values.max():
            result.append(undefined(f"nobody was followed until {point:g}", **about))
            continue
        passed = times_of <= point
        share = 1 - float(np.prod(1 - happened[passed] / at_risk[passed]))
        waited, now = int((values >= point).sum()), int((events & (values == point)).sum())
        low, high = _beta_product(at_risk[passed], happened[passed], waited - now, (1 - level) / 2)
        counts = {"happened": int((events & (values <= point)).sum()), "waited": waited}
        result.append(Estimate(value=share, low=low, high=high, level=level, counts=counts, **about))
    return result


def _beta_product(at_risk: np.ndarray, happened: np.ndarray, left: int, tail: float) -> tuple[float, float]:
    """Limits of the share to which it has happened, each missing with ``tail``, by those at risk at each time of events and their events.

    Survival lies, in law, between the product of Beta(at risk − events + 1, events) and the same times Beta(left, 1), of those who are
    known to be ``left``; each product is taken as the beta law of its mean and variance. Nobody censored, it is Clopper and Pearson's.
    """
    lasting, events = np.append(at_risk - happened + 1, left), np.append(happened, 1)
    first = lasting / (lasting + events)
    second = first * (lasting + 1) / (lasting + events + 1)
    limits = []
    for known in (slice(0, -1), slice(None)):
        mean, square = float(np.prod(first[known])), float(np.prod(second[known]))
        if not 0 < square < mean * (1 - 1e-15):
            limits.append(1 - mean)  # nothing has happened yet, or nobody is left
            continue
        size = (mean - square) / (square - mean**2)
        a, b = mean * size, (1 - mean) * size
        limits.append(float(beta.ppf(tail, b, a) if known.stop else beta.isf(tail, b, a)))
    return limits[0], limits[1]


def rate(events: int, exposure: float, *, unit: str, level: float = 0.95, denominator: str = "examples at risk") -> Estimate:
    """Events per unit of exposure with Garwood's exact limits; NaN without exposure."""
    if events < 0 or exposure < 0 or events != int(events):
        raise UserError(f"{events} events in an exposure of {exposure:g}")
    method = "Poisson rate, Garwood limits"
    if exposure == 0:
        return undefined("nobody was at risk", method=method, unit=unit, denominator=denominator)
    tail = (1 - check_share("level", level)) / 2
    low = chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    high = chi2.isf(tail, 2 * events + 2) / 2
    return Estimate(
        value=events / exposure,
        low=float(low / exposure),
        high=float(high / exposure),
        level=level,
        n=int(exposure),
        method=method,
        unit=unit,
        denominator=denominator,
        counts={"events": int(events)},
    )


class Columns(Protocol):
    """Scores (N, T) of which one column is asked for at a time, such as an array."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: tuple[slice, int], /) -> np.ndarray: ...


def landmark_auc(
    scores: Columns,
    event_at: np.ndarray,
    waited_until: np.ndarray,
    *,
    lead: tuple[int, int] | None = None,
    level: float = 0.95,
    denominator: str = "pairs at the same segment",
) -> Estimate:
    """AUC at equal times: does a score of those still waiting tell who never has the event from who has it later?

    At every landmark t the examples without the event so far are compared: positives never have it (while they were
    followed), negatives have it after t. Areas of all landmarks are averaged with their pairs as weights. An example enters at many
    landmarks, so its placements are summed before they are squared: DeLong's variance for clustered data (Obuchowski 1997,
    Biometrics 53:567), in the interval of `unsettled.measure.statistics.auc_limits`.

    Args:
        scores: (N, T), the score of landmark t = 1 … T; known at t. NaN leaves an example out there. An array, or what
            gives ``len``, ``shape`` and one column ``[:, t − 1]`` at a time.
        event_at: (N,) time of the event, 0 for never.
        waited_until: (N,) until when an example was followed.
        lead: if given, negatives are only those whose event comes ``lead[0]`` to ``lead[1]`` after t.

    With fewer than `FEWEST` examples of a class there is a value and no interval: a handful does not show how it scatters.
    ``counts``: ``landmarks`` with both classes, ``pairs``, ``never`` and ``later`` (examples that were compared).
    """
    method = "AUC matched by segment, pairs weights, clustered DeLong, shrunk interval"
    # of each example, summed over landmarks: concordant pairs (ties ½), and pairs; one landmark at a time is in memory
    concordant, pairs = np.zeros(len(scores)), np.zeros(len(scores))
    landmarks, seen_never, seen_later = 0, False, False
    for place in range(scores.shape[1]):
        time = place + 1
        waiting = (waited_until > time) & ((event_at == 0) | (event_at > time))
        if not waiting.any():
            continue
        column = np.asarray(scores[:, place])
        waiting &= np.isfinite(column)
        up, down = waiting & (event_at == 0), waiting & (event_at > time)
        if lead is not None:
            down &= (event_at >= time + lead[0]) & (event_at <= time + lead[1])
        ups, downs = int(up.sum()), int(down.sum())
        seen_never, seen_later = seen_never or ups > 0, seen_later or downs > 0
        if not (ups and downs):
            continue
        landmarks += 1
        _add_pairs(concordant, pairs, column, up, down)
    if not landmarks:
        missing = (
            "has the event later" if not seen_later else "never has the event" if not seen_never else "can be compared at the same time"
        )
        return undefined(f"no waiting example {missing}", n=len(scores), method=method, denominator=denominator)
    classes = [(event_at == 0) & (pairs > 0), (event_at > 0) & (pairs > 0)]
    total = float(pairs[classes[0]].sum())
    value = float(concordant[classes[0]].sum() / total)
    never_count, later_count = (int(rows.sum()) for rows in classes)
    alone = Estimate(
        value=value,
        level=level,
        n=never_count + later_count,
        method=method,
        denominator=denominator,
        counts={"landmarks": landmarks, "pairs": int(total), "never": never_count, "later": later_count},
    )
    if min(never_count, later_count) < FEWEST:
        return replace(alone, extra={"note": f"fewer than {FEWEST} examples of a class, no interval"})
    excess = concordant - value * pairs
    variance = sum(rows.sum() / (rows.sum() - 1) * float((excess[rows] ** 2).sum()) for rows in classes) / total**2
    error = math.sqrt(variance) or None
    low, high, note = auc_interval(value, error, never_count, later_count, level=level, interval="shrunk")
    return replace(alone, low=low, high=high, error=error, extra={"note": note} if note else {})


def _add_pairs(concordant: np.ndarray, pairs: np.ndarray, scores: np.ndarray, up: np.ndarray, down: np.ndarray) -> None:
    """Add to each example (N,) its concordant pairs at one landmark, ties ½, and all its pairs, in place."""
    compared = up | down
    scores, never = scores[compared], up[compared]
    if len(scores) > LARGE:
        ranking.add_pairs(concordant, pairs, compared, up, ranking.others_below(scores, never))
        return
    ups, downs = int(never.sum()), int((~never).sum())
    of_up, of_down = placements(scores, never)
    concordant[up] += of_up * downs
    concordant[down] += of_down * ups
    pairs[up] += downs
    pairs[down] += ups
