"""Figures of states: λ₁ against late displacement, displacement by segment, the spectrum, halting confidence."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from unsettled.measure.analysis.portrait import Portrait
from unsettled.reports.figures.style import GREY, OUTCOMES, VERMILION, convergence_band, figure, legend_above
from unsettled.reports.panels import OVER

# Rows of a ribbon's quantiles: the middle half, and the median.
QUARTER, MEDIAN, THREE_QUARTERS = 1, 2, 3


def cloud(portrait: Portrait) -> Figure | None:
    """λ₁ against late displacement by outcome, with the convergence threshold."""
    points, band, cells = portrait.cloud, portrait.band, portrait.cells
    if points is None:
        return None
    drawn = figure()
    axes = drawn.add_subplot()
    shown = np.isfinite(points.exponent) & (points.displacement > 0)
    axes.set_xscale("log")
    sizes = {"success": cells.successes, "failure": cells.failures}
    for key, mask in (("success", points.solved), ("failure", ~points.solved)):
        look, rows = OUTCOMES[key], mask & shown
        axes.scatter(
            points.displacement[rows],
            points.exponent[rows],
            s=5 if look.marker == "o" else 9,
            marker=look.marker,
            color=look.colour,
            linewidths=0 if look.marker == "o" else 0.6,
            alpha=0.45 if look.marker == "o" else 0.7,
            label=f"{look.name} ({sizes[key]:,})",
            zorder=2 + (key == "failure"),
        )
    axes.margins(0.04)
    if portrait.has_band:
        convergence_band(axes, band.threshold, along="x")
    _zero(axes)
    axes.set_xlabel(rf"mean $\Vert\Delta z_{{{band.part}}}\Vert_2$ of the last {band.window} segments")
    axes.set_ylabel(r"$\lambda_1$ (nats per update)")
    legend_above(axes, markerscale=1.5, handletextpad=0.1)
    return drawn


def displacement(portrait: Portrait) -> Figure | None:
    """Displacement by segment: median and ribbons by outcome, a few single trajectories."""
    if not any(ribbon.n for ribbon in portrait.displacement.values()):
        return None
    drawn, band = figure(), portrait.band
    axes = drawn.add_subplot()
    axes.set_yscale("log")
    segments = np.arange(1, portrait.segments + 1)
    for key, ribbon in portrait.displacement.items():
        if not ribbon.n:
            continue
        look, quantiles = OUTCOMES[key], _positive(ribbon.quantiles)
        axes.fill_between(segments, quantiles[0], quantiles[-1], color=look.colour, alpha=0.13, linewidth=0)
        axes.fill_between(segments, quantiles[QUARTER], quantiles[THREE_QUARTERS], color=look.colour, alpha=0.22, linewidth=0)
        axes.plot(segments, _positive(ribbon.samples[:3]).T, color=look.colour, linewidth=0.45, alpha=0.75, linestyle=look.dash)
        axes.plot(
            segments,
            quantiles[MEDIAN],
            color=look.colour,
            linewidth=1.6,
            linestyle=look.dash,
            label=f"{look.name} ({ribbon.n:,})",
            zorder=4,
        )
    axes.set_xlim(1, portrait.segments)
    if portrait.has_band:
        convergence_band(axes, band.threshold, along="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.set_xlabel("segment")
    axes.set_ylabel(rf"$\Vert\Delta z_{{{band.part}}}\Vert_2${OVER[band.scale]} per segment")
    legend_above(axes)
    return drawn


def spectrum(portrait: Portrait) -> Figure | None:
    """The exponents by outcome."""
    present = {key: found for key, found in portrait.spectrum.items() if found.n}
    if not present:
        return None
    drawn = figure(height=2.2)
    axes = drawn.add_subplot()
    number = np.arange(1, portrait.k + 1)
    for place, (key, found) in enumerate(present.items()):
        look, at = OUTCOMES[key], number + 0.16 * (place - (len(present) - 1) / 2)
        quantiles = np.where(np.isfinite(found.quantiles), found.quantiles, np.nan)
        axes.vlines(at, quantiles[0], quantiles[-1], color=look.colour, linewidth=0.6, alpha=0.7)
        axes.vlines(at, quantiles[QUARTER], quantiles[THREE_QUARTERS], color=look.colour, linewidth=2.6, alpha=0.5)
        axes.plot(
            at,
            quantiles[MEDIAN],
            color=look.colour,
            marker=look.marker,
            markersize=4,
            linewidth=0.6,
            linestyle=look.dash,
            label=f"{look.name} ({found.n:,})",
            markeredgewidth=1.1,
        )
    _zero(axes)
    axes.set_xticks(number)
    axes.set_xlabel("exponent")
    axes.set_ylabel(r"$\lambda_i$ (nats per update)")
    legend_above(axes)
    return drawn


def confidence(portrait: Portrait) -> Figure | None:
    """The last halting logit by outcome, and how often it is right."""
    found = portrait.confidence
    if found is None:
        return None
    drawn = figure(height=2.7)
    upper, lower = drawn.subplots(2, 1, sharex=True, height_ratios=(2, 1.15))
    middles, widths = (found.edges[1:] + found.edges[:-1]) / 2, np.diff(found.edges)
    for key, counts in (("success", found.success), ("failure", found.failure)):
        look, filled = OUTCOMES[key], key == "success"
        upper.stairs(
            counts,
            found.edges,
            fill=filled,
            color=look.colour,
            alpha=0.45 if filled else 1,
            linewidth=0 if filled else 1.1,
            label=f"{look.name} ({int(counts.sum()):,})",
            baseline=0.7,
        )
    upper.set_yscale("log")
    upper.set_ylim(bottom=0.7)
    finite = found.settled_failures[np.isfinite(found.settled_failures)]
    if len(finite):
        upper.plot(
            finite,
            np.full(len(finite), 0.06),
            "|",
            transform=upper.get_xaxis_transform(),
            color=VERMILION,
            markersize=6,
            markeredgewidth=0.7,
            label=f"converged and wrong ({len(finite):,})",
            zorder=5,
        )
    upper.set_ylabel("puzzles")
    legend_above(upper, handlelength=1.4)
    known = np.array([e.defined for e in found.right])
    share, low, high = (np.array([getattr(e, name) for e in found.right])[known] for name in ("value", "low", "high"))
    lower.errorbar(middles[known], share, yerr=(share - low, high - share), xerr=widths[known] / 2, fmt="none", ecolor=GREY, elinewidth=0.7)
    lower.plot(middles[known], share, ".", color="black", markersize=3)
    lower.set_ylim(-0.04, 1.04)
    lower.set_ylabel("share right")
    lower.set_xlabel("halting logit after the last segment")
    if found.edges[0] < 0 < found.edges[-1]:
        for axes in (upper, lower):
            axes.axvline(0, color=GREY, linewidth=0.6, linestyle=":", zorder=1)
    return drawn


def _positive(values: np.ndarray) -> np.ndarray:
    """What a logarithmic axis can show."""
    return np.where(values > 0, values, np.nan)


def _zero(axes: Axes) -> None:
    """A line at zero where zero is in view."""
    low, high = axes.get_ylim()
    if low < 0 < high:
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=1)
