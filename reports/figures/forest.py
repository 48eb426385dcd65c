"""The forest plot of an audit: one row a verdict that was measured, what is stated as a band, grouped by verdict, failures first."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Outcome, Printed, Verdict
from unsettled.measure.support.figures import plural
from unsettled.reports.figures.style import BLUE, GREEN, GREY, PAGE, PURPLE, SKY, VERMILION, figure, foreign

# In this order from the top; the mark tells verdicts apart without colour.
MARKS: dict[str, tuple[str, str]] = {
    "REFUTED": (VERMILION, "X"),
    "IMPOSSIBLE": (VERMILION, "P"),
    "DRIFTED": (PURPLE, "D"),
    "ERROR": (VERMILION, "*"),
    "DOES_NOT_TRANSFER": (VERMILION, "x"),
    "UNDERPOWERED": (GREY, "s"),
    "UNVERIFIABLE": (GREY, "s"),
    "TRANSFERS": (BLUE, "o"),
    "CONSISTENT": (GREEN, "o"),
    "REPRODUCED": (GREEN, "o"),
}
# Inches a row and around them.
ROW, AROUND = 0.145, 0.75
SHARES, EXPONENTS = "share or AUC", "nats per update"
WIDTHS = {SHARES: 1.6, EXPONENTS: 0.9}
WIDTH_OF_WORDS = 1.25


@dataclass(frozen=True)
class Line:
    """One row of the plot; ``stated`` is the interval of values that print as the paper's digits."""

    verdict: Verdict
    scale: str
    stated: tuple[float, float] | None


def forest(audit: Audit) -> tuple[Figure, str] | None:
    """The plot; None when nothing with an interval was measured."""
    lines = sorted(lines_of(audit), key=lambda line: list(MARKS).index(line.verdict.outcome))
    if not lines:
        return None
    scales = [scale for scale in WIDTHS if any(line.scale == scale for line in lines)]
    positions, heads = _positions(lines)
    drawn = figure(PAGE, max(2.0, AROUND + ROW * (max(positions) + 1)))
    *panels, words = drawn.subplots(1, len(scales) + 1, sharey=True, width_ratios=[*(WIDTHS[s] for s in scales), WIDTH_OF_WORDS])
    for axes, scale in zip(panels, scales, strict=True):
        _panel(axes, scale, lines, positions)
    _names(panels[0], lines, positions, heads)
    _words(words, lines, positions)
    left_out = len(audit.verdicts) - len(lines)
    caption = (
        f"Verdicts on {plural(len(lines), 'measured claim')} ({left_out} without an interval are left out): value and interval; "
        "the grey band holds the values that print as the stated digits."
    )
    return drawn, caption


def _names(axes: Axes, lines: list[Line], positions: list[float], heads: dict[float, tuple[str, int]]) -> None:
    """Claims and populations at the left, verdicts as headings above them."""
    axes.set_ylim(max(positions) + 0.8, -0.9)
    names = [foreign(f"{line.verdict.claim}  ({line.verdict.population})", most=64) for line in lines]
    axes.set_yticks(positions, names, fontsize=6, parse_math=False)
    for position, (outcome, number) in heads.items():
        axes.annotate(
            f"{Outcome(outcome).shown.replace('_', ' ')} ({number})",
            (0, position),
            xycoords=("axes fraction", "data"),
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=6.5,
            fontweight="bold",
            color=MARKS[outcome][0],
        )


def _words(axes: Axes, lines: list[Line], positions: list[float]) -> None:
    """What is stated and what was measured, in words."""
    axes.axis("off")
    axes.set_xlim(0, 1)
    for x, heading in ((0, "stated"), (0.27, "measured")):
        axes.text(x, -0.4, heading, fontsize=6, color=GREY, va="center")
    for position, line in zip(positions, lines, strict=True):
        for x, text in ((0, line.verdict.stated), (0.27, line.verdict.shown)):
            axes.text(x, position, foreign(text, most=34).replace("-", "−"), fontsize=6, va="center", parse_math=False, clip_on=True)


def lines_of(audit: Audit) -> list[Line]:
    """The verdicts that have an interval on one of the two scales."""
    found = []
    for verdict in audit.verdicts:
        if verdict.measured is None or not verdict.measured.shown_limits:
            continue
        m = verdict.measured.estimate
        scale = EXPONENTS if m.unit else SHARES
        if (scale == EXPONENTS and "update" not in m.unit) or (scale == SHARES and not -1 <= m.value <= 1):
            continue
        found.append(Line(verdict, scale, _stated(verdict.printed)))
    return found


def _stated(printed: Printed | None) -> tuple[float, float] | None:
    """The values that round to the stated digits; None where there are no digits, or only a bound."""
    return None if printed is None or printed.low is None or printed.high is None else (printed.low, printed.high)


def _positions(lines: list[Line]) -> tuple[list[float], dict[float, tuple[str, int]]]:
    """The row of each line, with a heading above each outcome."""
    positions, heads, row = [], {}, 0.0
    outcomes = [line.verdict.outcome for line in lines]
    for index, outcome in enumerate(outcomes):
        if not index or outcome != outcomes[index - 1]:
            row += 0.5 if index else 0.0
            heads[row] = (outcome.value, outcomes.count(outcome))
            row += 1
        positions.append(row)
        row += 1
    return positions, heads


def _panel(axes: Axes, scale: str, lines: list[Line], positions: list[float]) -> None:
    for position, line in zip(positions, lines, strict=True):
        if line.scale != scale or line.verdict.measured is None:
            continue
        found, (colour, marker) = line.verdict.measured.estimate, MARKS[line.verdict.outcome]
        if line.stated is not None:
            low, high = line.stated
            axes.fill_between((low, high), position - 0.42, position + 0.42, color="#BBBBBB", linewidth=0.8, zorder=1)
        low, high = (end if math.isfinite(end) else found.value for end in (found.low, found.high))
        axes.plot((low, high), (position, position), color=colour, linewidth=1.0, zorder=2, solid_capstyle="butt")
        hollow = line.verdict.outcome is Outcome.UNDERPOWERED
        axes.plot(found.value, position, marker, color=colour, markersize=3.4, zorder=3, markerfacecolor="white" if hollow else colour)
    if scale == SHARES:
        axes.set_xlim(-0.03, 1.03)
        axes.axvline(0.5, color=SKY, linewidth=0.5, linestyle=":", zorder=0)
    else:
        axes.axvline(0, color=SKY, linewidth=0.5, linestyle=":", zorder=0)
        axes.margins(x=0.08)
    axes.set_xlabel(scale)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", linewidth=0.27, color="#DDDDDD", zorder=0)
    axes.spines["left"].set_visible(False)
