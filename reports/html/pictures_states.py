"""Pictures of states: λ₁ against late displacement, displacement by segment, the spectrum, halting confidence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from unsettled.measure.analysis.portrait import Portrait
from unsettled.measure.analysis.portrait_states import Ribbon, Spectrum
from unsettled.reports.html.panel import BOTTOM, LEFT, MARKS, RIGHT, TOP, Key, Picture, drawing, legend
from unsettled.reports.html.svg import Frame, Scale, spread, tag
from unsettled.reports.panels import OUTCOMES, OVER, Panel


def cloud(portrait: Portrait, panel: Panel) -> Picture | None:
    """λ₁ against late displacement by outcome, with the convergence threshold."""
    points, band, cells = portrait.cloud, portrait.band, portrait.cells
    if points is None:
        return None
    x = spread([*points.displacement, band.threshold], start=LEFT, stop=RIGHT, log=True)
    y = spread(points.exponent, start=BOTTOM, stop=TOP)
    plot = Frame(x, y, f"mean displacement of z_{band.part} over the last {band.window} segments", "λ₁, nats per update")
    if portrait.has_band:
        plot.area(x.low, y.low, band.threshold, y.high, "settled").rule(x=band.threshold, class_="edge")
        plot.note(x.low, y.high, "converged", "inside", dx=6, dy=15)
    if y.low < 0 < y.high:
        plot.rule(y=0, class_="rule")
    for outcome, mask in (("success", points.solved), ("failure", ~points.solved)):
        plot.marks(points.displacement[mask], points.exponent[mask], MARKS[outcome], f"{outcome} small", size=2.5)
    key = legend([("dot", "success", f"right ({cells.successes:,})"), ("cross", "failure", f"wrong ({cells.failures:,})")])
    return Picture(panel=panel, drawing=drawing(portrait, panel, key, plot.drawn()))


def displacement(portrait: Portrait, panel: Panel) -> Picture:
    """Displacement by segment: medians, ribbons, and sample trajectories."""
    band = portrait.band
    present = {key: ribbon for key, ribbon in portrait.displacement.items() if ribbon.n}
    xs = list(range(1, portrait.segments + 1))
    y = spread([v for r in present.values() for v in (*r.quantiles.flat, *r.samples.flat)], start=BOTTOM, stop=TOP, log=True, margin=0.04)
    plot = Frame(_segments(portrait), y, "segment", f"‖Δz_{band.part}‖{OVER[band.scale]} per segment", whole=True)
    if portrait.has_band:
        plot.area(plot.x.low, y.low, plot.x.high, band.threshold, "settled").rule(y=band.threshold, class_="edge")
        plot.note(plot.x.low, band.threshold, "converged", "inside", dx=6, dy=15)
    for key, ribbon in present.items():
        edges = _clear(ribbon.quantiles, y)
        plot.ribbon(xs, edges[0], edges[4], f"{key} wide").ribbon(xs, edges[1], edges[3], key)
    for key, ribbon in present.items():
        for sample in ribbon.samples:
            plot.line(xs, sample, f"{key} thin")
    for key, ribbon in present.items():
        plot.line(xs, ribbon.quantiles[2], f"{key} strong")
    return Picture(panel=panel, drawing=drawing(portrait, panel, _lines(present), plot.drawn()))


def _clear(edges: Iterable[Iterable[float]], y: Scale) -> list[list[float]]:
    """Edges of a ribbon on a log scale: exact zeros lie on the frame."""
    return [[max(float(v), y.low) if v == 0 else float(v) for v in edge] for edge in edges]


def _segments(portrait: Portrait) -> Scale:
    return Scale(1, max(2, portrait.segments), LEFT, RIGHT)


def _lines(present: Mapping[str, Ribbon] | Mapping[str, Spectrum]) -> Markup:
    return legend([("line", f"{key} strong", f"{OUTCOMES[key]} ({found.n:,})") for key, found in present.items()])


def spectrum(portrait: Portrait, panel: Panel) -> Picture:
    """The exponents by outcome: medians with intervals over the middle half."""
    present = {key: found for key, found in portrait.spectrum.items() if found.n}
    xs = list(range(1, portrait.k + 1))
    y = spread([v for s in present.values() for v in s.quantiles[[1, 2, 3]].flat], start=BOTTOM, stop=TOP)
    x = Scale(0.6, portrait.k + 0.4, LEFT, RIGHT)
    plot = Frame(x, y, "exponent, in QR order", "λᵢ, nats per update", whole=True, ticks=(min(8, portrait.k), 5))
    if y.low < 0 < y.high:
        plot.rule(y=0)
    for key, found in present.items():
        plot.ribbon(xs, found.quantiles[1], found.quantiles[3], key).line(xs, found.quantiles[2], f"{key} strong")
        plot.whiskers(xs, [e.low for e in found.medians], [e.high for e in found.medians], key)
        plot.marks(xs, found.quantiles[2], MARKS[key], f"{key} large", size=4)
    marks = "Whiskers: 95% intervals of the medians; shaded: the middle half."
    return Picture(panel=panel, marks=marks, drawing=drawing(portrait, panel, _lines(present), plot.drawn()))


def confidence(portrait: Portrait, panel: Panel) -> Picture | None:
    """The last halting logit by outcome, mirrored, each class on its own scale; converged failures as ticks."""
    found = portrait.confidence
    if found is None:
        return None
    shares = {key: counts / max(1, counts.sum()) for key, counts in (("success", found.success), ("failure", found.failure))}
    most = max(float(share.max(initial=0)) for share in shares.values()) * 1.12 or 1.0
    x = spread([*found.edges, 0.0], start=LEFT, stop=RIGHT, margin=0.03)
    y, below = Scale(-most, most, BOTTOM, TOP), "halting logit after the last segment; above 0 it would halt"
    plot = Frame(x, y, below, "share of each class per bin", ticks=(7, 4), unsigned=True)
    if x.high > 0:
        plot.area(0.0, -most, x.high, most, "confident")
    for key, share in shares.items():
        side = 1 if key == "success" else -1
        for i, height in enumerate(share):
            if height:
                plot.area(found.edges[i], 0, found.edges[i + 1], side * float(height), f"bar {key}")
    plot.rule(y=0, class_="axis").rule(x=0.0, class_="edge")
    ticks = sorted({f"M{plot.x(float(logit)):.1f} {BOTTOM}v-9" for logit in found.settled_failures if math.isfinite(logit)})
    if ticks:
        plot.add(tag("path", d="".join(ticks), class_="settler"))
    keys: list[tuple[Key, str, str]] = [
        ("band", "bar success", f"right ({portrait.cells.successes:,}), upwards"),
        ("band", "bar failure", f"wrong ({portrait.cells.failures:,}), downwards"),
    ]
    return Picture(panel=panel, drawing=drawing(portrait, panel, legend(keys), plot.drawn()))
