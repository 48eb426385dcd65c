"""Figures that compare classes: ROC curves with the corner enlarged, the matched AUC by bin, the AUC against the window."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from unsettled.measure.analysis.portrait import Portrait
from unsettled.measure.analysis.portrait_areas import Separation
from unsettled.measure.statistics.estimate import Estimate
from unsettled.reports.figures.style import BLUE, GREY, SCORES, VERMILION, figure, legend_above

# The enlarged corner of a ROC plot, in false positive rate and in missed positives.
CORNER = 0.12
# Among those not converged so many deciles must hold both classes; else the figure is about all puzzles.
FEWEST = 3


def roc(portrait: Portrait) -> Figure | None:
    """ROC curves of λ₁, late displacement and halting logit; the upper left corner enlarged."""
    present = [s for s in portrait.separations if len(s.curve) and s.area.defined]
    if not present:
        return None
    drawn = figure(height=3.0)
    axes = drawn.add_subplot()
    corner = axes.inset_axes((0.36, 0.36, 0.6, 0.54))
    for view in (axes, corner):
        for found in present:
            look, curve = SCORES[found.score], found.curve
            view.plot(curve.false_rate, curve.true_rate, color=look.colour, linestyle=look.dash, label=f"{look.name}  {_told(found.area)}")
        leading = present[0].curve
        view.fill(
            np.concatenate((leading.false_low, leading.false_high[::-1])),
            np.concatenate((leading.true_high, leading.true_low[::-1])),
            color=SCORES[present[0].score].colour,
            alpha=0.13,
            linewidth=0,
        )
    reach = _reach(present)
    axes.plot((0, 1), (0, 1), color=GREY, linewidth=0.5, linestyle=":")
    axes.set(
        xlim=(-0.02, 1),
        ylim=(0, 1.02),
        aspect="equal",
        xlabel="false-positive rate (successes called failures)",
        ylabel="true-positive rate (failures found)",
    )
    corner.set(xlim=(-0.02 * reach, reach), ylim=(1 - reach, 1 + 0.03 * reach))
    corner.tick_params(labelsize=6)
    corner.locator_params(nbins=4)
    corner.spines[["top", "right"]].set_visible(True)
    for connector in axes.indicate_inset_zoom(corner, edgecolor=GREY, linewidth=0.5, alpha=0.8).connectors or ():
        connector.set_visible(False)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.0), handlelength=2.0)
    return drawn


def _reach(present: Sequence[Separation]) -> float:
    """How much of the corner to enlarge: where the best curve has risen to within it, at most a half."""
    best = max(s.area.value for s in present)
    return float(min(0.5, max(CORNER, 6 * (1 - best))))


def deciles(portrait: Portrait) -> Figure | None:
    """The AUC of λ₁ within bins of late displacement, beside what displacement keeps within them."""
    usable = [m for m in portrait.matchings if m.matched.defined]
    if not usable:
        return None
    found = next((m for m in usable if sum(b.area.defined for b in m.bins) >= FEWEST), usable[-1])
    drawn = figure(height=2.5)
    axes = drawn.add_subplot()
    bins = [b for b in found.bins if b.area.defined]
    number = np.array([b.number for b in bins])
    for place, (name, colour, marker) in enumerate((("area", BLUE, "o"), ("residual", VERMILION, "s"))):
        estimates = [getattr(b, name) for b in bins]
        label = r"$\lambda_1$" if name == "area" else "late displacement itself"
        _errors(axes, number + 0.2 * (place - 0.5), estimates, colour=colour, marker=marker, label=label)
    axes.axhline(0.5, color=GREY, linewidth=0.6, linestyle=":")
    matched = found.matched
    axes.axhline(matched.value, color=BLUE, linewidth=0.9, linestyle="--")
    if math.isfinite(matched.low):
        axes.axhspan(matched.low, matched.high, color=BLUE, alpha=0.12, linewidth=0)
    axes.set_xticks(range(1, len(found.bins) + 1))
    axes.set_xlim(0.4, len(found.bins) + 0.6)
    axes.set_ylim(-0.03, 1.03)
    for b in found.bins:
        axes.annotate(
            f"{b.failures}:{b.successes}",
            (b.number, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=5,
            color=GREY,
        )
    among = "not converged" if found.among == "unsettled" else "all"
    axes.set_xlabel(f"decile of late displacement ({among}, n = {found.n:,})")
    axes.set_ylabel("AUC within the decile")
    legend_above(axes, lift=1.04)
    return drawn


def early(portrait: Portrait) -> Figure | None:
    """What the first segments say of who is solved later, and how many puzzles that is about."""
    usable = [h for h in portrait.horizons if any(a.defined for a in h.areas.values())]
    if not usable:
        return None
    drawn = figure(height=2.9)
    upper, lower = drawn.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
    for place, (score, look) in enumerate(SCORES.items()):
        rows = [(h.segments, h.areas[score]) for h in usable if score in h.areas and h.areas[score].defined]
        if rows:
            at = np.array([segments for segments, _ in rows]) + 0.12 * (place - 1)
            name = "displacement" if score == "displacement" else look.name
            _errors(upper, at, [e for _, e in rows], colour=look.colour, marker=look.marker, label=name, dash=look.dash, size=2.8)
    upper.axhline(0.5, color=GREY, linewidth=0.6, linestyle=":")
    upper.set_ylim(-0.03, 1.03)
    upper.set_ylabel("AUC for solved later")
    legend_above(upper)
    windows = [h.segments for h in portrait.horizons]
    lower.bar(windows, [h.unsolved for h in portrait.horizons], width=0.72, color="#D9D9D9", label="unsolved then")
    lower.bar(windows, [h.solved_later for h in portrait.horizons], width=0.72, color=BLUE, alpha=0.75, label="of them solved later")
    lower.set_ylabel("puzzles")
    lower.set_xlabel("segments seen")
    lower.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    lower.legend(loc="upper right", handlelength=1.2)
    return drawn


def _errors(
    axes: Axes, at: np.ndarray, estimates: list[Estimate], *, colour: str, marker: str, label: str, dash: str = "none", size: float = 3.5
) -> None:
    """Estimates with their intervals; one without an interval has a small hollow mark that no line joins."""
    value, low, high = (np.array([getattr(e, name) for e in estimates]) for name in ("value", "low", "high"))
    sure = np.isfinite(low) & np.isfinite(high)
    axes.vlines(at[sure], low[sure], high[sure], color=colour, linewidth=0.8)
    axes.plot(at[sure], value[sure], color=colour, linestyle=dash, linewidth=0.8)
    axes.plot(at[sure], value[sure], marker, color=colour, markersize=size, label=label)
    axes.plot(at[~sure], value[~sure], marker, color=colour, markersize=0.7 * size, markerfacecolor="white", markeredgewidth=0.5)


def _told(estimate: Estimate) -> str:
    """Value and interval with three decimals."""
    limits = f" [{estimate.low:.3f}, {estimate.high:.3f}]" if math.isfinite(estimate.low) and math.isfinite(estimate.high) else ""
    return f"{estimate.value:.3f}{limits}"
