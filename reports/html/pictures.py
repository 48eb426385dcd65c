"""The pictures of a population for the page: each a drawing, what it says in words, and its numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from unsettled.measure.analysis.portrait import Portrait
from unsettled.measure.analysis.portrait_states import Ribbon, Spectrum
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support import figures
from unsettled.measure.support.figures import plural
from unsettled.reports.html.svg import SUPERSCRIPT, Frame, Scale, picture, slug, spread, tag

WIDTH, HEIGHT = 460, 312
LEFT, RIGHT, TOP, BOTTOM = 50, 446, 54, 264
# outcome → its name and the shape of its mark; its line is solid or dashed by the class of the same name
OUTCOMES = {"success": ("right", "dot"), "failure": ("wrong", "cross")}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure of the page. Without a ``drawing``, ``caption`` says why there is none."""

    key: str
    name: str
    caption: str
    drawing: Markup | None = None
    header: tuple[str, ...] = ()
    rows: Sequence[Sequence[str]] = field(default_factory=tuple)
    wide: bool = False


def told(estimate: Estimate) -> str:
    """Value and interval; a dash where undefined."""
    if not estimate.defined:
        return "–"
    limits = f" [{number(estimate.low)}, {number(estimate.high)}]" if math.isfinite(estimate.low) and math.isfinite(estimate.high) else ""
    return number(estimate.value) + limits


def number(value: float) -> str:
    """A figure of four digits, with a true minus and powers of ten."""
    text = figures.number(float(value)).replace("-", "−")
    base, _, power = text.partition("e")
    return f"{base} × 10{str(int(power.replace('−', '-'))).translate(SUPERSCRIPT)}" if power else text


def percent(part: int, whole: int) -> str:
    """A share in words: ``8 of 71 (11.3%)``."""
    return f"{part:,} of {whole:,}" + (f" ({100 * part / whole:.3g}%)" if whole else "")


def legend(items: Sequence[tuple[str, str, str]], *, x: float = LEFT, y: float = 16) -> Markup:
    """One row of (kind of mark, class, text): ``line``, ``dot``, ``cross``, ``ring`` or ``diamond``."""
    parts = []
    for kind, class_, text in items:
        if kind == "line":
            parts.append(tag("path", d=f"M{x:.0f} {y - 4:.0f}h18", class_=f"line {class_}"))
        elif kind == "band":
            parts.append(tag("rect", x=x, y=y - 10, width=18, height=11, class_=class_))
        else:
            sample = Frame(Scale(0, 1, x + 9, x + 10), Scale(0, 1, y - 4, y - 5), "", "")
            sample.marks([0], [0], kind, class_, size=4)  # type: ignore[arg-type]
            parts += sample.parts
        parts.append(tag("text", text, x=x + 24, y=y, class_="key"))
        x += 24 + 6.6 * len(text) + 18
    return Markup("").join(parts)


def frame(x: Scale, y: Scale, x_name: str, y_name: str, **more: object) -> Frame:
    return Frame(x, y, x_name, y_name, **more)  # type: ignore[arg-type]


def drawing(portrait: Portrait, key: str, name: str, *parts: Markup, width: float = WIDTH, height: float = HEIGHT) -> Markup:
    """The finished drawing of one picture; its caption on the page, whose identity is the population's and the key, describes it."""
    return picture(width, height, *parts, name=f"{name}, {portrait.name}", described_by=f"{slug(portrait.name)}-{key}")


def cloud(portrait: Portrait) -> Picture:
    """λ₁ against late displacement by outcome, with the settled band."""
    points, band, cells = portrait.cloud, portrait.band, portrait.cells
    name = "λ₁ against late displacement"
    x = spread([*points.displacement, band.threshold], start=LEFT, stop=RIGHT, log=True)
    y = spread(points.exponent, start=BOTTOM, stop=TOP)
    plot = frame(x, y, f"mean displacement of z_{band.part} over the last {band.window} segments", "λ₁, nats per update")
    if portrait.has_band:
        plot.area(x.low, y.low, band.threshold, y.high, "settled").rule(x=band.threshold, class_="edge")
        plot.note(x.low, y.high, "settled", "inside", dx=6, dy=15)
    if y.low < 0 < y.high:
        plot.rule(y=0, class_="rule")
    for outcome, mask in (("success", points.solved), ("failure", ~points.solved)):
        plot.marks(points.displacement[mask], points.exponent[mask], OUTCOMES[outcome][1], f"{outcome} small", size=2.5)  # type: ignore[arg-type]
    failures = percent(cells.B, cells.failures)
    edge = (
        f"Settled: at most {number(band.threshold)} (Otsu on its logarithm, η = {number(band.separation)}). " if portrait.has_band else ""
    )
    shown = (
        ""
        if points.complete
        else (
            f" A sample is drawn, the same every time: {sum(points.drawn.values()):,} of {portrait.rows:,} puzzles; "
            f"cells that hold few are drawn whole, so that densities do not compare."
        )
    )
    rows = [
        [words, f"{getattr(cells, cell):,}", f"{points.drawn[cell]:,}"]
        for cell, words in (
            ("A", "settled and right"),
            ("B", "settled and wrong"),
            ("C", "unsettled and right"),
            ("D", "unsettled and wrong"),
        )
    ]
    key = legend([("dot", "success", f"right ({cells.successes:,})"), ("cross", "failure", f"wrong ({cells.failures:,})")])
    caption = f"{edge}{failures} failures settle, {percent(cells.A, cells.successes)} successes do.{shown}{_at_edges(portrait)}"
    return Picture(
        key="cloud",
        name=name,
        caption=caption,
        header=("cell", "puzzles", "drawn"),
        rows=rows,
        drawing=drawing(portrait, "cloud", name, key, plot.drawn()),
    )


def _at_edges(portrait: Portrait) -> str:
    """What lies off the scales: exact zeros of displacement, exponents of −∞."""
    points = portrait.cloud
    still, lost = int((points.displacement == 0).sum()), int((points.exponent == -math.inf).sum())
    parts = [f"{plural(still, 'puzzle')} with displacement 0" if still else "", f"{plural(lost, 'puzzle')} with λ₁ = −∞" if lost else ""]
    parts = [part for part in parts if part]
    return f" Drawn on the frame: {', '.join(parts)}." if parts else ""


def displacement(portrait: Portrait) -> Picture:
    """Displacement by segment: medians, ribbons, and sample trajectories."""
    name, band = "Displacement by segment", portrait.band
    present = {key: ribbon for key, ribbon in portrait.displacement.items() if ribbon.n}
    xs = list(range(1, portrait.segments + 1))
    y = spread([v for r in present.values() for v in (*r.quantiles.flat, *r.samples.flat)], start=BOTTOM, stop=TOP, log=True, margin=0.04)
    plot = frame(_segments(portrait), y, "segment", f"‖Δz_{band.part}‖ per segment", whole=True)
    if portrait.has_band:
        plot.area(plot.x.low, y.low, plot.x.high, band.threshold, "settled").rule(y=band.threshold, class_="edge")
        plot.note(plot.x.low, band.threshold, "settled", "inside", dx=6, dy=15)
    for key, ribbon in present.items():
        plot.ribbon(xs, *_clear(ribbon.quantiles[[0, 4]], y), f"{key} wide").ribbon(xs, *_clear(ribbon.quantiles[[1, 3]], y), key)
    for key, ribbon in present.items():
        for sample in ribbon.samples:
            plot.line(xs, sample, f"{key} thin")
    for key, ribbon in present.items():
        plot.line(xs, ribbon.quantiles[2], f"{key} strong")
    caption = (
        "Median (strong line), middle half and middle nine tenths of each outcome; thin lines are single puzzles at even ranks of "
        f"late displacement. {_last_medians(present, '‖Δz‖')}"
    )
    rows = [[str(s), *(number(float(r.quantiles[i, s - 1])) for r in present.values() for i in (0, 2, 4))] for s in xs]
    header = ("segment", *(f"{OUTCOMES[key][0]}, {share}" for key in present for share in ("5%", "median", "95%")))
    return Picture(
        key="displacement",
        name=name,
        caption=caption,
        header=header,
        rows=rows,
        drawing=drawing(portrait, "displacement", name, _lines(present), plot.drawn()),
    )


def _clear(edges, y: Scale):
    """Edges of a ribbon on a log scale: exact zeros lie on the frame."""
    return [[max(float(v), y.low) if v == 0 else float(v) for v in edge] for edge in edges]


def _segments(portrait: Portrait) -> Scale:
    return Scale(1, max(2, portrait.segments), LEFT, RIGHT)


def _lines(present: Mapping[str, Ribbon] | Mapping[str, Spectrum]) -> Markup:
    return legend([("line", f"{key} strong", f"{OUTCOMES[key][0]} ({found.n:,})") for key, found in present.items()])


def _last_medians(present: Mapping[str, Ribbon], what: str) -> str:
    told_ = [f"{number(float(r.quantiles[2, -1]))} ({OUTCOMES[key][0]})" for key, r in present.items()]
    return f"Median {what} in the last segment: {', '.join(told_)}."


def spectrum(portrait: Portrait) -> Picture:
    """The exponents by outcome: medians with intervals over the middle half."""
    name = "Spectrum by outcome"
    present = {key: found for key, found in portrait.spectrum.items() if found.n}
    xs = list(range(1, portrait.k + 1))
    y = spread([v for s in present.values() for v in s.quantiles[[1, 2, 3]].flat], start=BOTTOM, stop=TOP)
    x = Scale(0.6, portrait.k + 0.4, LEFT, RIGHT)
    plot = frame(x, y, "exponent, in QR order", "λᵢ, nats per update", whole=True, ticks=(min(8, portrait.k), 5))
    if y.low < 0 < y.high:
        plot.rule(y=0)
    for key, found in present.items():
        plot.ribbon(xs, found.quantiles[1], found.quantiles[3], key).line(xs, found.quantiles[2], f"{key} strong")
        plot.whiskers(xs, [e.low for e in found.medians], [e.high for e in found.medians], key)
        plot.marks(xs, found.quantiles[2], OUTCOMES[key][1], f"{key} large", size=4)  # type: ignore[arg-type]
    first = [f"{told(found.medians[0])} ({OUTCOMES[key][0]})" for key, found in present.items()]
    caption = (
        f"Medians with 95% intervals, and the middle half. Median λ₁: {', '.join(first)} nats per update; "
        f"a segment has {portrait.updates} updates."
    )
    rows = [[f"λ{i}", *(told(found.medians[i - 1]) for found in present.values())] for i in xs]
    return Picture(
        key="spectrum",
        name=name,
        caption=caption,
        header=("exponent", *(f"median, {OUTCOMES[key][0]}" for key in present)),
        rows=rows,
        drawing=drawing(portrait, "spectrum", name, _lines(present), plot.drawn()),
    )


def confidence(portrait: Portrait) -> Picture:
    """The last halting logit by outcome, mirrored, each class on its own scale; settled failures as ticks."""
    name, found = "Confidence against correctness", portrait.confidence
    shares = {key: counts / max(1, counts.sum()) for key, counts in (("success", found.success), ("failure", found.failure))}
    most = max(float(share.max(initial=0)) for share in shares.values()) * 1.12 or 1.0
    x = spread([*found.edges, 0.0], start=LEFT, stop=RIGHT, margin=0.03)
    y, below = Scale(-most, most, BOTTOM, TOP), "halting logit after the last segment; above 0 it would halt"
    plot = frame(x, y, below, "share of each class per bin", ticks=(7, 4), unsigned=True)
    plot.area(0.0, -most, x.high, most, "confident") if x.high > 0 else None
    for key, share in shares.items():
        side = 1 if key == "success" else -1
        for i, height in enumerate(share):
            if height:
                plot.area(found.edges[i], 0, found.edges[i + 1], side * float(height), f"bar {key}")
    plot.rule(y=0, class_="axis").rule(x=0.0, class_="edge")
    ticks = sorted({f"M{plot.x(float(logit)):.1f} {BOTTOM}v-9" for logit in found.settled_failures if math.isfinite(logit)})
    plot.add(tag("path", d="".join(ticks), class_="settler")) if ticks else None
    counts = found.counts
    keys = [
        ("band", "bar success", f"right ({portrait.cells.successes:,}), upwards"),
        ("band", "bar failure", f"wrong ({portrait.cells.failures:,}), downwards"),
    ]
    caption = (
        f"{percent(counts['right_and_confident'], portrait.cells.successes)} successes and "
        f"{percent(counts['wrong_and_confident'], portrait.cells.failures)} failures end above 0; AUC {told(found.area)}. "
        f"Ticks at the bottom: {plural(portrait.cells.B, 'failure')} that settled."
    )
    rows = [
        [words, f"{counts['right_' + end]:,}", f"{counts['wrong_' + end]:,}"]
        for words, end in (("above 0", "and_confident"), ("0 or below", "and_doubtful"))
    ]
    return Picture(
        key="confidence",
        name=name,
        caption=caption,
        header=("halting logit", "right", "wrong"),
        rows=rows,
        drawing=drawing(portrait, "confidence", name, legend(keys), plot.drawn()),
    )


def pictures(portrait: Portrait) -> Iterator[Picture]:
    """All pictures of a population in the order of the page; one that cannot be drawn says why."""
    from unsettled.reports.html.pictures_areas import deciles, early, roc

    makers: Sequence[tuple[str, str, bool, Callable[[Portrait], Picture]]] = (
        ("cloud", "λ₁ against late displacement", portrait.cloud is not None, cloud),
        ("displacement", "Displacement by segment", True, displacement),
        ("separations", "ROC curves", bool(portrait.separations), roc),
        ("spectrum", "Spectrum by outcome", bool(portrait.spectrum), spectrum),
        ("confidence", "Confidence against correctness", portrait.confidence is not None, confidence),
        ("matchings", "AUC among puzzles alike in displacement", any(m.bins for m in portrait.matchings), deciles),
        ("horizons", "Early warning", bool(portrait.horizons), early),
    )
    for key, name, there, make in makers:
        yield (
            make(portrait) if there else Picture(key=key, name=name, caption=f"Not drawn: {portrait.missing.get(key, 'nothing to show')}.")
        )
