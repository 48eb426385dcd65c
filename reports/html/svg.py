"""Drawing as SVG text: scales with round ticks, elements whose every attribute is escaped, and one frame for all plots.

Colours are CSS classes, so that a page can be light or dark; lengths are in units of the view box.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from unsettled.measure.support.text import harmless
from unsettled.reports.panels import SUPERSCRIPT

Shape = Literal["dot", "cross", "ring", "diamond"]
Points = Iterable[tuple[float, float]]
Values = Sequence[float] | NDArray[np.float64]


def tag(name: str, *content: object, **attributes: object) -> Markup:
    """One element; content and attributes are escaped unless they are Markup. ``class_`` and ``stroke_width`` lose or turn their dash."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(harmless(short(value)))}"' for key, value in attributes.items() if value is not None
    )
    inner = Markup("").join(part if isinstance(part, Markup) else harmless(str(part)) for part in content)
    return Markup(f"<{name}{given}>{inner}</{name}>") if inner else Markup(f"<{name}{given}/>")


def slug(name: str) -> str:
    """An identifier for a name: letters, digits and dashes; names that differ get identifiers that differ."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40]
    return f"{plain}-{zlib.crc32(name.encode('utf-8', 'replace')):08x}"


def short(value: object) -> str:
    """A coordinate with one decimal at most; anything else as it is."""
    if isinstance(value, (float, np.floating)):
        text = f"{float(value):.1f}"
        return text[:-2] if text.endswith(".0") else text
    return str(value)


def polyline(points: Points) -> str:
    """Path data through the points; a gap wherever a coordinate is not finite."""
    parts, pen = [], "M"
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            pen = "M"
            continue
        parts.append(f"{pen}{short(float(x))} {short(float(y))}")
        pen = " "  # pairs that follow a move are lines
    return "".join(parts)


@dataclass(frozen=True)
class Scale:
    """Maps values of [low, high] to [start, stop]; what lies outside is put on the edge. A log scale takes positive values."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The coordinate of a value; NaN stays NaN."""
        if math.isnan(value):
            return math.nan
        low, high = self._span
        value = (math.log10(value) if value > 0 else -math.inf) if self.log else value
        share = (min(max(value, low), high) - low) / (high - low)
        return self.start + share * (self.stop - self.start)

    @property
    def _span(self) -> tuple[float, float]:
        return (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)

    def ticks(self, count: int = 5) -> list[float]:
        """About ``count`` round values within the scale; powers of ten on a log scale."""
        low, high = self._span
        if self.log:
            step = max(1, math.ceil((high - low) / count))
            return [10.0**power for power in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1, step)]
        rough = (high - low) / count
        magnitude = 10.0 ** math.floor(math.log10(rough))
        width = next(magnitude * factor for factor in (1, 2, 2.5, 5, 10) if magnitude * factor >= rough * 0.999)
        first = math.ceil(low / width - 1e-9)
        return [round(n * width, 12) for n in range(first, math.floor(high / width + 1e-9) + 1)]


def spread(values: Iterable[float], *, start: float, stop: float, log: bool = False, margin: float = 0.06) -> Scale:
    """A scale that holds all finite values (positive ones, if logarithmic) with a margin; [0, 1] or [0.1, 1] when there are none."""
    found = [float(v) for v in values if math.isfinite(v) and (v > 0 or not log)]
    if not found:
        return Scale(0.1 if log else 0.0, 1.0, start, stop, log)
    low, high = (math.log10(min(found)), math.log10(max(found))) if log else (min(found), max(found))
    pad = (high - low) * margin or (0.5 if log else abs(high) * 0.1 or 0.5)
    low, high = low - pad, high + pad
    return Scale(10.0**low, 10.0**high, start, stop, True) if log else Scale(low, high, start, stop)


def label(value: float, *, log: bool = False) -> Markup:
    """A tick's label: powers of ten as 10ⁿ, a true minus, no trailing zeros."""
    if log:
        power = round(math.log10(value))
        if -2 <= power <= 3:
            return Markup(f"{value:g}")
        return Markup("10" + str(power).translate(SUPERSCRIPT))
    text = f"{value:.6g}"
    return Markup(text.replace("-", "−"))


@dataclass
class Frame:
    """One pair of axes and what is drawn on them.

    Args:
        x, y: scales; ``y.start`` is the bottom.
        x_name, y_name: what the axes show, with units.
        title: of one frame among several.
        ticks: about how many on x and y.
        head: how far above the frame its names stand.
        whole: x counts things, so that only whole numbers are ticks.
        unsigned: y is mirrored, both directions count upwards.
    """

    x: Scale
    y: Scale
    x_name: str
    y_name: str
    title: str = ""
    ticks: tuple[int, int] = (6, 5)
    head: float = 10
    whole: bool = False
    unsigned: bool = False
    parts: list[Markup] = field(default_factory=list)

    def add(self, *parts: Markup) -> Frame:
        self.parts.extend(parts)
        return self

    def at(self, xs: Values, ys: Values) -> list[tuple[float, float]]:
        """Coordinates of points."""
        return [(self.x(float(a)), self.y(float(b))) for a, b in zip(xs, ys, strict=True)]

    def line(self, xs: Values, ys: Values, class_: str) -> Frame:
        """A curve."""
        return self.add(tag("path", d=polyline(self.at(xs, ys)), class_=f"line {class_}"))

    def ribbon(self, xs: Values, low: Values, high: Values, class_: str) -> Frame:
        """The area between two curves over the same xs; split where either is not finite."""
        run: list[int] = []
        for index in range(len(xs) + 1):
            if index < len(xs) and math.isfinite(low[index]) and math.isfinite(high[index]):
                run.append(index)
                continue
            if len(run) > 1:
                there, back = self.at([xs[i] for i in run], [high[i] for i in run]), self.at([xs[i] for i in run], [low[i] for i in run])
                self.add(tag("path", d=polyline([*there, *back[::-1]]) + "Z", class_=f"ribbon {class_}"))
            run = []
        return self

    def area(self, x0: float, y0: float, x1: float, y1: float, class_: str) -> Frame:
        """A rectangle between two corners in values."""
        left, right = sorted((self.x(x0), self.x(x1)))
        top, bottom = sorted((self.y(y0), self.y(y1)))
        return self.add(tag("rect", x=left, y=top, width=right - left, height=bottom - top, class_=class_))

    def rule(self, *, x: float | None = None, y: float | None = None, class_: str = "rule") -> Frame:
        """A line across the frame at a value of one axis."""
        if x is not None:
            return self.add(tag("path", d=f"M{short(self.x(x))} {short(self.y.start)}V{short(self.y.stop)}", class_=class_))
        return self.add(tag("path", d=f"M{short(self.x.start)} {short(self.y(float(y or 0)))}H{short(self.x.stop)}", class_=class_))

    def whiskers(self, xs: Values, lows: Values, highs: Values, class_: str, *, shift: float = 0.0) -> Frame:
        """Vertical intervals, all in one path; one that is not finite is left out."""
        drawn = "".join(
            f"M{short(self.x(x) + shift)} {short(self.y(low))}V{short(self.y(high))}"
            for x, low, high in zip(xs, lows, highs, strict=True)
            if math.isfinite(low) and math.isfinite(high)
        )
        return self.add(tag("path", d=drawn, class_=f"whisker {class_}")) if drawn else self

    def marks(self, xs: Values, ys: Values, shape: Shape, class_: str, *, shift: float = 0.0, size: float = 3) -> Frame:
        """One mark for each finite point, all in one path."""
        drawn = "".join(_MARKS[shape](x + shift, y, size) for x, y in self.at(xs, ys) if math.isfinite(x) and math.isfinite(y))
        return self.add(tag("path", d=drawn, class_=f"mark {shape} {class_}")) if drawn else self

    def note(self, x: float, y: float, text: object, class_: str = "note", *, anchor: str = "start", dx: float = 0, dy: float = 0) -> Frame:
        """Text at a point in values."""
        return self.add(
            tag("text", text, x=self.x(x) + dx, y=self.y(y) + dy, class_=class_, text_anchor=None if anchor == "start" else anchor)
        )

    def drawn(self) -> Markup:
        """Grid, axes, then what was added, in this order."""
        left, right, bottom, top = self.x.start, self.x.stop, self.y.start, self.y.stop
        xs = [(self.x(t), label(t, log=self.x.log)) for t in self.x.ticks(self.ticks[0]) if not self.whole or t == round(t)]
        ys = [(self.y(t), label(abs(t) if self.unsigned else t, log=self.y.log)) for t in self.y.ticks(self.ticks[1])]
        behind = [
            tag("path", d="".join(f"M{short(left)} {short(place)}H{short(right)}" for place, _ in ys), class_="grid"),
            tag("g", *(tag("text", text, x=left - 6, y=place + 4) for place, text in ys), class_="ticks", text_anchor="end"),
            below(bottom, xs),
        ]
        axis = tag("path", d=f"M{short(left)} {short(bottom)}H{short(right)}", class_="axis")
        names = [
            tag("text", self.x_name, x=(left + right) / 2, y=bottom + 34, class_="name", text_anchor="middle"),
            tag("text", self.y_name, x=left - 6, y=top - self.head, class_="name") if self.y_name else Markup(""),
            tag("text", self.title, x=right, y=top - self.head, class_="title", text_anchor="end") if self.title else Markup(""),
        ]
        return Markup("").join([*behind, *self.parts, axis, *names])


def below(bottom: float, ticks: Sequence[tuple[float, Markup]]) -> Markup:
    """Ticks under a horizontal axis, with their labels."""
    marks = "".join(f"M{short(place)} {short(bottom)}v4" for place, _ in ticks)
    texts = (tag("text", text, x=place, y=bottom + 16) for place, text in ticks)
    return tag("g", tag("path", d=marks, class_="tick"), *texts, class_="ticks", text_anchor="middle")


_MARKS = {
    "dot": lambda x, y, r: f"M{short(x)} {short(y)}h0",
    "cross": lambda x, y, r: (
        f"M{short(x - r)} {short(y - r)}l{short(2 * r)} {short(2 * r)}m0{short(-2 * r)}l{short(-2 * r)} {short(2 * r)}"
    ),
    "ring": lambda x, y, r: (
        f"M{short(x - r)} {short(y)}a{short(r)} {short(r)} 0 1 0 {short(2 * r)} 0a{short(r)} {short(r)} 0 1 0 {short(-2 * r)} 0"
    ),
    "diamond": lambda x, y, r: f"M{short(x)} {short(y - r)}l{short(r)} {short(r)} {short(-r)} {short(r)} {short(-r)} {short(-r)}Z",
}


def picture(width: float, height: float, *parts: Markup, name: str, described_by: str) -> Markup:
    """A whole drawing with its name for those who do not see it; the element ``described_by`` tells what it shows."""
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {short(width)} {short(height)}",
        role="img",
        aria_label=name,
        aria_describedby=described_by,
        class_="plot",
    )
