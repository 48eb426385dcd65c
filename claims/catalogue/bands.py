"""Shares of a band that do not hang on where one hump is cut, and the contrast without which a share says nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unsettled.claims.catalogue.parameters import Settling
from unsettled.claims.wording import LEAST, LINES, MOST, WITHOUT_PAIRS
from unsettled.measure.analysis.band import Band, otsu_band, settled_percentile
from unsettled.measure.columns.streamed import StreamedColumn
from unsettled.measure.errors import UserError
from unsettled.measure.record.movement import Scale
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.laws import one_sided_fisher
from unsettled.measure.statistics.modality import Modes
from unsettled.measure.statistics.proportion import proportion

BANDED: dict[Scale, str] = {"raw": "", "relative": "relative displacement of ", "angle": "the angle of "}
# Above this, two classes differ by no more than chance lets them.
ALPHA = 0.05


def band_of(record: Record, parameters: Settling) -> Band:
    """The low-velocity band that the parameters draw."""
    if parameters.rule == "fixed":
        edge = parameters.edge or math.nan
        return Band(
            kind=f"fixed {edge:g}", log10_threshold=math.log10(edge), part=parameters.part, window=parameters.window, scale=parameters.scale
        )
    if parameters.rule == "percentile":
        return settled_percentile(
            record,
            parameters.percentile or math.nan,
            part=parameters.part,
            window=parameters.window,
            scale=parameters.scale,
            floor=parameters.floor,
            rest=parameters.rest,
        )
    return otsu_band(
        record, part=parameters.part, window=parameters.window, scale=parameters.scale, floor=parameters.floor, rest=parameters.rest
    )


def has_lengths(record: Record, part: str = "H") -> bool:
    """Whether a record holds raw displacement that may be compared, for figures that are also reported where it is there."""
    try:
        moves = record.displacement(part)
        if not isinstance(moves, StreamedColumn):
            moves[:, -1]  # refused where it is missing, or says nothing by itself
    except UserError:
        return False
    return True


def members(record: Record, of: str) -> np.ndarray:
    """The mask of failures, successes, or all, shape (N,)."""
    if of == "all":
        return np.ones(len(record), dtype=bool)
    return record.solved if of == "successes" else ~record.solved


def unusable(values: np.ndarray, what: str) -> str:
    """Why values (N,) cannot be compared with a threshold, empty if they can: a NaN would silently count as above."""
    return told_unusable(int(np.isnan(values).sum()), len(values), what)


def told_unusable(bad: int, n: int, what: str) -> str:
    """The same where the ``bad`` ones of ``n`` are counted already."""
    return f"{bad:,} of {n:,} {what} are NaN" if bad else ""


def no_band(record: Record, band: Band) -> str:
    """Why nobody can be called settled; empty if one can."""
    reason = unusable(record.late_displacement(part=band.part, window=band.window, scale=band.scale), "late displacements")
    if not reason and math.isnan(band.log10_threshold):
        return "late displacement takes a single value, there is no band"
    return reason


def banded(record: Record, band: Band, chosen: Callable[[Band], np.ndarray], who: np.ndarray, of: str) -> Estimate:
    """Share of ``who`` that a band ``chosen`` picks, with the band's figures; undefined where there is no band.

    Where one hump is cut, the interval reaches over the shares of all lines that could be drawn, and ``counts`` has the fewest
    and the most cases, ``least`` and ``most``.
    """
    if reason := no_band(record, band):
        return undefined(reason, n=int(who.sum()), denominator=of)
    share = proportion(int((chosen(band) & who).sum()), int(who.sum()), denominator=of)
    method = f"{share.method}; {band.kind} band of {BANDED[band.scale]}{band.part} over {band.window} segments"
    share = replace(share, extra=dict(share.extra) | band_figures(band), method=method)
    return over_lines(share, [proportion(int((chosen(other) & who).sum()), int(who.sum())) for other in band.others])


def over_lines(share: Estimate, others: list[Estimate]) -> Estimate:
    """A share whose interval reaches over those of ``others``, the same share with other lines."""
    if not others or not share.defined:
        return share
    hits = [found.counts["successes"] for found in (share, *others)]
    if len(set(hits)) == 1:
        return share
    return replace(
        share,
        low=min(found.low for found in (share, *others)),
        high=max(found.high for found in (share, *others)),
        counts=dict(share.counts) | {"least": min(hits), "most": max(hits)},
        error=None,
        method=f"{share.method}, over every line that could be drawn",
    )


def area_over_lines(area: Estimate, others: list[Estimate]) -> Estimate:
    """An area whose interval reaches over those of ``others``, the same area with other lines; none where a line leaves no pairs."""
    every = [area, *(found for found in others if found.defined)]
    lost = len(others) + 1 - len(every)
    told: dict[str, float] = {LEAST: min(found.value for found in every), MOST: max(found.value for found in every)}
    return replace(
        area,
        low=math.nan if lost else min(found.low for found in every),
        high=math.nan if lost else max(found.high for found in every),
        error=None,
        extra=dict(area.extra) | told | ({WITHOUT_PAIRS: lost, LINES: len(others) + 1} if lost else {}),
    )


def band_figures(band: Band) -> dict[str, float | str]:
    """The band's edge, for Otsu's how well it separates, and what late displacement shows."""
    figures = {"log10_threshold": band.log10_threshold, "separation": band.separation}
    shown = {} if band.shown is None else {"modes": band.shown.words}
    return {name: figure for name, figure in figures.items() if not math.isnan(figure)} | shown


def contrasted(share: Estimate, band: Band, inside: np.ndarray, solved: np.ndarray) -> Estimate:
    """The share, marked where agreement with it would say nothing: nothing tells failures and successes apart in this respect.

    ``inside`` (N,) are the examples in the band; successes must be there more often than failures (Fisher's exact test).
    """
    if not share.defined:
        return share
    if band.shown is not None and band.shown.modes in (Modes.ALL, Modes.NONE):
        return vacuous(share, f"{band.shown.modes}, so that it holds without any difference between outcomes")
    return vacuous(share, told_apart(inside, solved, "failures settle no less often than successes"))


def told_apart(chosen: np.ndarray, solved: np.ndarray, otherwise: str) -> str:
    """Empty where the solved are ``chosen`` more often than the others (Fisher's exact test); else why not, or ``otherwise``."""
    if solved.all() or not solved.any():
        return f"no {'failure' if solved.all() else 'success'} to compare with"
    p_value = _more_often(chosen, solved)
    return f"{otherwise} (p = {p_value:.2g})" if p_value > ALPHA else ""


def lacking(solved: np.ndarray, whom: str) -> str:
    """Which outcome none of these examples has, so that there is nothing to tell apart; empty if both occur."""
    if not len(solved) or solved.all() or not solved.any():
        return f"none {whom} is a {'success' if len(solved) and not solved.any() else 'failure'}"
    return ""


def same_in_both(scores: np.ndarray, solved: np.ndarray, what: str) -> str:
    """Why scores (N,) say nothing of the outcome: the interval of their area holds ½, or there is none; empty where they do."""
    if reason := lacking(solved, "of the puzzles"):
        return reason
    area = auc(scores, ~solved)
    if not area.defined or math.isnan(area.low) or area.low <= 0.5 <= area.high:
        return f"{what} do not tell failures from successes"
    return ""


def vacuous(measured: Estimate, reason: str) -> Estimate:
    """The estimate with the reason why agreement with it says nothing; unchanged without one."""
    return replace(measured, extra=dict(measured.extra) | {"vacuous": reason}) if reason and measured.defined else measured


def _more_often(chosen: np.ndarray, solved: np.ndarray) -> float:
    """One-sided p-value that the solved are chosen no more often than the others."""
    table = [[int((chosen & solved).sum()), int((~chosen & solved).sum())], [int((chosen & ~solved).sum()), int((~chosen & ~solved).sum())]]
    return one_sided_fisher(table, alternative="greater")
