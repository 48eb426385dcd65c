"""Pictures of areas under curves: ROC with a zoomed corner, the matched AUC bin by bin, the AUC against the window."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from unsettled.measure.analysis.portrait import Portrait
from unsettled.measure.analysis.portrait_areas import Matching, Separation
from unsettled.measure.statistics.estimate import Estimate
from unsettled.reports.html.panel import BOTTOM, LEFT, TOP, WIDE, Picture, drawing, legend
from unsettled.reports.html.svg import Frame, Scale, Shape, polyline, short, slug, tag
from unsettled.reports.panels import FEW, WINDOWED, Panel, scores_of, told

# Sides of the corner that may be zoomed into; the smallest that holds the best threshold of every curve.
CORNERS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
# Plots with two rows of counts above them: the top of the frame, and how far above it its names stand.
HIGH, HEAD = 90, 38
# Score of a window → its mark.
SHAPES: dict[str, Shape] = {"exponent": "dot", "displacement": "ring", "halting": "diamond"}


def roc(portrait: Portrait, panel: Panel) -> Picture:
    """ROC curves with ribbons, whole and near the corner. The corner is the same drawing, enlarged and cut at its frame."""
    curves = portrait.separations
    side = _corner(curves)
    names = "successes called failures (false-positive rate)", "failures found (true-positive rate)"
    whole = Frame(Scale(0, 1, LEFT, LEFT + 380), Scale(0, 1, BOTTOM, TOP), *names)
    near = Scale(0, side, 540, 920), Scale(1 - side, 1, BOTTOM, TOP)
    corner = Frame(*near, "false-positive rate", "true-positive rate", title="the corner, enlarged")
    whole.line([0, 1], [0, 1], "chance").area(0, 1 - side, side, 1, "zoomed")
    once, cut = f"roc-{slug(portrait.name)}", f"corner-{slug(portrait.name)}"
    clip = tag("clipPath", tag("rect", x=540, y=TOP, width=380, height=BOTTOM - TOP), id=cut)
    whole.add(tag("g", *_curves(whole, curves), id=once))
    enlarged = f"translate({540 - LEFT / side:.3f} {TOP - TOP / side:.3f}) scale({1 / side:g})"
    corner.add(tag("g", tag("use", href=f"#{once}", transform=enlarged), clip_path=f"url(#{cut})"))
    keys = legend([("line", f"{found.score} strong", f"{found.name}, AUC {told(found.area)}") for found in curves])
    return Picture(panel=panel, wide=True, drawing=drawing(portrait, panel, clip, keys, whole.drawn(), corner.drawn(), width=WIDE))


def _corner(curves: Sequence[Separation]) -> float:
    """The side of the enlarged corner: it holds the best threshold of every good curve, and several examples of the smaller class."""
    reach, smaller = 0.0, 1
    for found in curves:
        if found.area.defined:
            smaller = min(found.area.counts["positives"], found.area.counts["negatives"])
            best = float((found.curve.false_rate + 1 - found.curve.true_rate).min())
            reach = max(reach, best if found.area.value > 0.8 else 0.0)
    return next((side for side in CORNERS if side >= max(1.6 * reach, 8 / smaller)), CORNERS[-1])


def _path(points: Iterable[tuple[float, float]]) -> str:
    """Path data through the points, each to a tenth of a pixel, those that fall together once."""
    shown = [f"{short(float(x))} {short(float(y))}" for x, y in points]
    return "M" + " ".join(one for one, before in zip(shown, [None, *shown], strict=False) if one != before)


def _curves(plot: Frame, curves: Sequence[Separation]) -> list[Markup]:
    """Ribbons, then lines."""
    apart = Frame(plot.x, plot.y, "", "")
    for found in curves:
        there = apart.at(found.curve.false_low, found.curve.true_high)
        back = apart.at(found.curve.false_high, found.curve.true_low)
        apart.add(tag("path", d=_path([*there, *back[::-1]]) + "Z", class_=f"ribbon {found.score}"))
    for found in curves:
        points = apart.at(found.curve.false_rate, found.curve.true_rate)
        apart.add(tag("path", d=_path(points), class_=f"line {found.score} strong"))
    return apart.parts


def deciles(portrait: Portrait, panel: Panel) -> Picture:
    """The AUC of λ₁ and of displacement itself within bins of late displacement: among those not converged, and all."""
    plots = [_panel(matching, left) for matching, left in zip(portrait.matchings, (LEFT, 540), strict=True)]
    keys = legend(
        [
            ("dot", "exponent", "λ₁"),
            ("ring", "displacement", "displacement itself within the bin"),
            ("line", "exponent strong", "λ₁, matched over all bins"),
        ]
    )
    marks = f"Faint: fewer than {FEW} of one class."
    return Picture(panel=panel, wide=True, marks=marks, drawing=drawing(portrait, panel, keys, *plots, width=WIDE, height=336))


def _panel(matching: Matching, left: float) -> Markup:
    count = max(1, len(matching.bins))
    plot = Frame(
        Scale(0.4, count + 0.6, left, left + 380),
        Scale(0, 1, BOTTOM + 24, HIGH),
        "bin of late displacement, in ascending order",
        "AUC",
        title=f"{'not converged' if matching.among == 'unsettled' else 'all'} ({matching.n:,})",
        whole=True,
        ticks=(11, 5),
        head=HEAD,
    )
    plot.rule(y=0.5, class_="rule")
    found = matching.matched
    if found.defined:
        if math.isfinite(found.low):
            plot.area(0.4, found.low, count + 0.6, found.high, "ribbon exponent")
        plot.line([0.4, count + 0.6], [found.value] * 2, "exponent strong")
    else:
        plot.note((count + 1) / 2, 0.5, f"undefined: {found.undefined_reason}"[:58], "note", anchor="middle", dy=-8)
    few = [min(b.failures, b.successes) < FEW for b in matching.bins]
    numbers = [b.number for b in matching.bins]
    _points(plot, numbers, [b.residual for b in matching.bins], few, "displacement", shift=5)
    _points(plot, numbers, [b.area for b in matching.bins], few, "exponent", shift=-5)
    _counted(plot, numbers, ("wrong", [b.failures for b in matching.bins]), ("right", [b.successes for b in matching.bins]))
    return plot.drawn()


def _points(plot: Frame, xs: Sequence[float], estimates: Sequence[Estimate], few: Sequence[bool], score: str, *, shift: float) -> None:
    """Areas with whiskers; faint where one class has few examples."""
    for faint in (True, False):
        chosen = [(x, e) for x, e, little in zip(xs, estimates, few, strict=True) if e.defined and little == faint]
        class_ = score + (" faint" if faint else "")
        plot.whiskers([x for x, _ in chosen], [e.low for _, e in chosen], [e.high for _, e in chosen], class_, shift=shift)
        plot.marks([x for x, _ in chosen], [e.value for _, e in chosen], SHAPES[score], f"{class_} large", shift=shift, size=4)


def _counted(plot: Frame, xs: Sequence[float], *rows: tuple[str, Sequence[int]]) -> None:
    """Counts above the frame, one row each with its name."""
    for index, (name, counts) in enumerate(rows):
        y = HIGH - 23 + 13 * index
        plot.add(tag("text", name, x=plot.x.start - 6, y=y, class_="count", text_anchor="end"))
        for x, count in zip(xs, counts, strict=True):
            plot.add(tag("text", f"{count:,}", x=plot.x(x), y=y, class_="count", text_anchor="middle"))


def early(portrait: Portrait, panel: Panel) -> Picture:
    """AUC of early scores for "solved later", against the length of the early window."""
    horizons = portrait.horizons
    xs = [h.segments for h in horizons]
    x = Scale(0.6, max(2, portrait.segments - 1) + 0.4, LEFT + 30, WIDE - 20)
    plot = Frame(
        x, Scale(0, 1, BOTTOM + 24, HIGH), "window: the first … segments", "AUC for “solved later”", whole=True, ticks=(16, 5), head=HEAD
    )
    plot.rule(y=0.5, class_="rule")
    few = [min(h.solved_later, h.unsolved - h.solved_later) < FEW for h in horizons]
    scores = scores_of(horizons)
    for index, key in enumerate(scores):
        estimates, shift = [h.areas[key] for h in horizons], (index - (len(scores) - 1) / 2) * 11
        line = [(plot.x(x) + shift, plot.y(e.value)) for x, e in zip(xs, estimates, strict=True)]
        plot.add(tag("path", d=polyline(line), class_=f"line {key}"))
        _points(plot, xs, estimates, few, key, shift=shift)
    _counted(plot, xs, ("solved later", [h.solved_later for h in horizons]), ("of unsolved", [h.unsolved for h in horizons]))
    keys = legend([(SHAPES[key], key, WINDOWED[key]) for key in scores])
    marks = f"Faint: fewer than {FEW} of one class."
    return Picture(panel=panel, wide=True, marks=marks, drawing=drawing(portrait, panel, keys, plot.drawn(), width=WIDE, height=336))
