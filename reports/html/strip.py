"""One row of the forest plot: printed digits as a band, what must hold as a tint, the interval as a line, the value as a mark.

A row is drawn on the natural scale of its statistic, so that rows compare; opened, it is drawn again just as wide as it must be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from unsettled.claims.audit.explained import Ends, Explained
from unsettled.claims.verdict import Verdict
from unsettled.reports.html.svg import Scale, below, label, polyline, short, spread, tag

STRIP, ZOOM = (300, 26), (620, 66)
# The scale that stands above the rows; a row of another one says where it begins and ends.
SHARES = (0.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Span:
    """What a row draws, in the unit of the statistic; an end is infinite where there is none.

    ``limits`` is where values can lie (None: anywhere), ``stated`` the printed digits, ``wanted`` where the value must lie by
    the form that decided, ``value``, ``low`` and ``high`` what was measured (NaN: nothing).
    """

    limits: tuple[float, float] | None
    stated: tuple[float, float] | None
    wanted: tuple[float, float] | None
    value: float
    low: float
    high: float
    percent: bool

    @property
    def measured(self) -> bool:
        return math.isfinite(self.value)

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all to draw."""
        return not self.measured and self.stated is None

    def figures(self) -> list[float]:
        """Every finite figure that a scale must hold."""
        ends = [*(self.stated or ()), *(self.wanted or ()), self.value, self.low, self.high]
        return [x for x in ends if math.isfinite(x)]


def span_of(verdict: Verdict, explained: Explained | None) -> Span:
    """What to draw of a verdict; where the audit does not explain it there is no form, and limits are guessed from the figures."""
    found, printed = verdict.measured, verdict.printed
    value, low, high = (found.estimate.value, found.estimate.low, found.estimate.high) if found else (math.nan,) * 3
    return Span(
        limits=_open(explained.limits) if explained else None,
        stated=_open((printed.low, printed.high)) if printed else None,
        wanted=_open(explained.wanted) if explained else None,
        value=value,
        low=low,
        high=high,
        percent=verdict.notation.percent,
    )


def _open(ends: Ends | None) -> tuple[float, float] | None:
    if ends is None:
        return None
    low, high = ends
    return (-math.inf if low is None else low), (math.inf if high is None else high)


def natural(span: Span) -> Scale:
    """The scale of a collapsed row: the statistic's own limits, else just wide enough, zero included where it is near."""
    width = STRIP[0]
    limits = SHARES if span.percent and span.limits is None and all(0 <= x <= 1 for x in span.figures()) else span.limits
    if limits is not None:
        return Scale(*limits, 6, width - 6)
    figures = span.figures()
    if figures and not span.measured:  # digits alone would fill the row
        figures += [0.0, 1.5 * max(figures, key=abs)]
    elif figures and max(map(abs, figures)) < 10:
        figures.append(0.0)
    return spread(figures, start=6, stop=width - 6, margin=0.1)


def zoomed(span: Span) -> Scale:
    """The scale of an opened row: everything that was printed, wanted and measured, and no more."""
    left, right = 14, ZOOM[0] - 14
    found = spread(span.figures(), start=left, stop=right, margin=0.14)
    if span.limits is None:
        return found
    low, high = max(found.low, span.limits[0]), min(found.high, span.limits[1])
    return Scale(low, high, left, right) if high > low else Scale(*span.limits, left, right)


def strip(span: Span, family: str) -> Markup:
    """The row itself; what it shows stands in words beside it, so it is hidden from screen readers."""
    width, height = STRIP
    scale = natural(span)
    axis = tag("path", d=f"M{short(scale.start)} {height / 2:.0f}H{short(scale.stop)}", class_="axis")
    body = _body(span, scale, top=3, bottom=height - 3, family=family)
    ends = Markup("") if (scale.low, scale.high) == SHARES or span.empty else _ends(scale, span, height)
    return tag("svg", *([axis] if span.empty else [axis, *body, ends]), viewBox=f"0 0 {width} {height}", class_="strip", aria_hidden="true")


def _ends(scale: Scale, span: Span, height: float) -> Markup:
    """Of a scale that is not that of shares: its first and last figure, and a mark at zero where that is within."""
    parts = [
        tag("text", _tick(float(f"{value:.2g}"), span), x=x, y=height, class_="own", text_anchor=anchor)
        for value, x, anchor in ((scale.low, 0, "start"), (scale.high, STRIP[0], "end"))
    ]
    if scale.low < 0 < scale.high:
        parts.append(tag("path", d=f"M{short(scale(0.0))} 8V{height - 8:.0f}", class_="zero"))
    return Markup("").join(parts)


def zoom(span: Span, verdict: Verdict, family: str, described: str) -> Markup:
    """The same with an axis, for an opened row; empty when nothing was measured."""
    if not span.measured:
        return Markup("")
    width, height = ZOOM
    scale, top, bottom = zoomed(span), 2, 38
    axis = [tag("path", d=f"M{short(scale.start)} {bottom}H{short(scale.stop)}", class_="axis")]
    axis.append(below(bottom, [(scale(value), _tick(value, span)) for value in scale.ticks(6)]))
    unit = verdict.measured.estimate.unit if verdict.measured else ""
    axis.append(tag("text", unit, x=scale.stop, y=height + 10, class_="name", text_anchor="end") if unit else Markup(""))
    return tag(
        "svg",
        *_body(span, scale, top=top, bottom=bottom, family=family),
        *axis,
        viewBox=f"0 0 {width} {height + (16 if unit else 0)}",
        class_="plot",
        role="img",
        aria_label=described,
    )


def _tick(value: float, span: Span) -> Markup:
    return Markup(f"{label(round(100 * value, 10))}%") if span.percent else label(value)


def _body(span: Span, scale: Scale, *, top: float, bottom: float, family: str) -> list[Markup]:
    middle, parts = (top + bottom) / 2, []
    if span.wanted is not None:
        left, right = scale(max(span.wanted[0], scale.low)), scale(min(span.wanted[1], scale.high))
        parts.append(tag("rect", x=left, y=top, width=max(0.0, right - left), height=bottom - top, class_="wanted"))
        parts += [
            tag("path", d=f"M{short(scale(edge))} {short(top)}V{short(bottom)}", class_="edge")
            for edge in span.wanted
            if scale.low < edge < scale.high
        ]
    if span.stated is not None:
        left, right = scale(max(span.stated[0], scale.low)), scale(min(span.stated[1], scale.high))
        centre, width = (left + right) / 2, max(right - left, 3.0)  # digits may be narrower than a line
        parts.append(tag("rect", x=centre - width / 2, y=top, width=width, height=bottom - top, class_="digits"))
    if span.measured:
        x = scale(span.value)
        low, high = (scale(v) if math.isfinite(v) else end for v, end in ((span.low, scale.start), (span.high, scale.stop)))
        if not (math.isnan(span.low) and math.isnan(span.high)) and math.isfinite(span.low) | math.isfinite(span.high):
            parts.append(
                tag("path", d=polyline([(low, middle), (high, middle)]) + _caps(span, low, high, middle), class_=f"whisker {family}")
            )
        parts.append(_mark(x, middle, family))
    return parts


def _caps(span: Span, low: float, high: float, middle: float) -> str:
    """Caps at the ends that exist; an end without a limit runs to the frame without one."""
    return "".join(f"M{short(x)} {short(middle - 4)}v8" for v, x in ((span.low, low), (span.high, high)) if math.isfinite(v))


def _mark(x: float, y: float, family: str) -> Markup:
    """A shape for each family of verdicts, so that colour is never alone: held ●, fell ◆, undecided ○."""
    if family == "fell":
        return tag("path", d=f"M{short(x)} {short(y - 5.5)}l5.5 5.5-5.5 5.5-5.5-5.5Z", class_="point fell")
    return tag("circle", cx=x, cy=y, r=4.5, class_=f"point {family}")
