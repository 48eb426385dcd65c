"""What all pictures of the page share: sizes, the finished picture, and its legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from unsettled.measure.analysis.portrait import Portrait
from unsettled.reports.html.svg import Frame, Scale, Shape, picture, slug, tag
from unsettled.reports.panels import Panel

WIDTH, HEIGHT, WIDE = 460, 312, 940
LEFT, RIGHT, TOP, BOTTOM = 50, 446, 54, 264
# outcome → the shape of its mark; its line is solid or dashed by the class of the same name
# What stands before a text of a legend: a line, a filled band, or a mark.
Key = Shape | Literal["line", "band"]
MARKS: dict[str, Shape] = {"success": "dot", "failure": "cross"}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure of the page: what it shows in words, the drawing if there is one, and what its marks are."""

    panel: Panel
    drawing: Markup | None = None
    wide: bool = False
    marks: str = ""

    @property
    def caption(self) -> str:
        """The caption of the panel, then that of the marks."""
        return f"{self.panel.caption} {self.marks}".rstrip()


def legend(items: Sequence[tuple[Key, str, str]], *, x: float = LEFT, y: float = 16) -> Markup:
    """One row of (kind of mark, class, text): ``line``, ``dot``, ``cross``, ``ring`` or ``diamond``."""
    parts = []
    for kind, class_, text in items:
        if kind == "line":
            parts.append(tag("path", d=f"M{x:.0f} {y - 4:.0f}h18", class_=f"line {class_}"))
        elif kind == "band":
            parts.append(tag("rect", x=x, y=y - 10, width=18, height=11, class_=class_))
        else:
            sample = Frame(Scale(0, 1, x + 9, x + 10), Scale(0, 1, y - 4, y - 5), "", "")
            sample.marks([0], [0], kind, class_, size=4)
            parts += sample.parts
        parts.append(tag("text", text, x=x + 24, y=y, class_="key"))
        x += 24 + 6.6 * len(text) + 18
    return Markup("").join(parts)


def drawing(portrait: Portrait, panel: Panel, *parts: Markup, width: float = WIDTH, height: float = HEIGHT) -> Markup:
    """The finished drawing of one picture; its caption on the page, whose identity is the population's and the key, describes it."""
    named = f"{panel.title}, {portrait.name}"
    return picture(width, height, *parts, name=named, described_by=f"{slug(portrait.name)}-{panel.key}")
