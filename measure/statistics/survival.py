"""Times until an event of which some were not waited for: survival curves, rates, and areas matched by the time of looking.

Kaplan–Meier (1958, JASA 53:457) as scipy computes it, with exponential Greenwood limits; rates with Garwood's exact Poisson
limits (1936, Biometrika 28:437).
"""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import LARGE, auc_interval, placements
from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.libraries import CensoredData, chi2, ecdf, ranking
from unsettled.measure.statistics.sample import as_mask, as_values, check_share

# Of each class, for an interval from resampling examples.
FEWEST = 10


def occurred_by(times: ArrayLike, seen: ArrayLike, at: ArrayLike, *, level: float = 0.95, denominator: str = "examples") -> list[Estimate]:
    """Share to which the event has happened by each time of ``at``: one minus Kaplan–Meier's survival.

    Args:
        times: (N,) time of the event, or until which it was waited for.
        seen: (N,) whether it happened (otherwise the example is censored at its time).
        at: times to report. Beyond the longest time waited there is no value.
    """
    values, events = as_values("times", times), as_mask("seen", seen, len(as_values("times", times)))
    points, level = as_values("at", at), check_share("level", level)
    method = "one minus Kaplan–Meier, exponential Greenwood limits"
    if not len(values):
        return [undefined(f"no {denominator}", method=method, denominator=denominator) for _ in points]
    about: About = {"n": len(values), "method": method, "denominator": denominator}
    survival = ecdf(CensoredData(uncensored=values[events], right=values[~events])).sf
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where the formula has no limits there are exact ones below
        limits = survival.confidence_interval(level, method="log-log")
    result = []
    for point in points:
        if point > values.max():
            result.append(undefined(f"nobody was followed until {point:g}", **about))
            continue
        share = 1 - float(survival.evaluate(point))
        ends = [1 - float(limit.evaluate(point)) for limit in (limits.high, limits.low)]
        if share in (0.0, 1.0) or any(map(np.isnan, ends)):
            # no variance estimate at the ends of the curve: the exact limit for everybody who was waited for so long
            waited = int((values >= point).sum()) if share == 0.0 else len(values)
            limit = ((1 - level) / 2) ** (1 / waited)
            ends = [0.0, 1 - limit] if share == 0.0 else [limit, 1.0] if share == 1.0 else ends
        counts = {"happened": int((events & (values <= point)).sum()), "waited": int((values >= point).sum())}
        result.append(Estimate(value=share, low=ends[0], high=ends[1], level=level, counts=counts, **about))
    return result


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
    Biometrics 53:567), on the logit scale.

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
