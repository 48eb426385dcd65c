"""The one style of all figures for papers: sizes, colours, shapes, and files whose bytes depend on the data alone.

Colours are Okabe & Ito's (2008), told apart with every common colour vision; each also has a shape or a dash of its own, so
that a figure survives a black-and-white printer. Text is never read as mathematics unless it is ours.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from unsettled.measure.support.text import harmless

# Inches: a column of a two-column paper, and the text block.
COLUMN, PAGE = 3.35, 6.9
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#E69F00", "#56B4E9"
GREY, BAND = "#666666", "#EDEDED"


@dataclass(frozen=True)
class Look:
    """How one class or one score is drawn."""

    name: str
    colour: str
    marker: str
    dash: str


OUTCOMES: Mapping[str, Look] = {"success": Look("right", BLUE, "o", "-"), "failure": Look("wrong", VERMILION, "x", "--")}
SCORES: Mapping[str, Look] = {
    "exponent": Look("$\\lambda_1$", BLUE, "o", "-"),
    "displacement": Look("late displacement", VERMILION, "s", "--"),
    "halting": Look("halting logit", GREEN, "^", "-."),
}
RC: dict[Any, Any] = {
    "font.family": ["STIXGeneral", "DejaVu Sans"],
    "mathtext.fontset": "stix",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "legend.borderaxespad": 0.3,
    "legend.labelspacing": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "axes.labelpad": 2.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "axes.unicode_minus": True,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.w_pad": 0.02,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "unsettled",
    "savefig.dpi": 300,
    "text.usetex": False,
    "path.simplify": True,
}
# No time, no version: equal data give equal bytes.
METADATA: Mapping[str, Mapping[str, None]] = {
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    "svg": {"Creator": None, "Date": None},
    "png": {"Software": None},
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in it: matplotlib's defaults, then ours, whatever the user's own settings say."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(RC)
        # foreign text may need a letter that no font at hand has: a box is drawn
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def figure(width: float = COLUMN, height: float = 2.45) -> Figure:
    """An empty figure of that many inches, without a window."""
    made = Figure(figsize=(width, height))
    FigureCanvasAgg(made)
    return made


def foreign(text: str, *, most: int = 90) -> str:
    """Foreign text for a figure: one line, cut where it is long. Give it with ``parse_math=False``."""
    line = harmless(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def saved(drawn: Figure, kind: str) -> bytes:
    """The bytes of a figure as ``pdf``, ``svg`` or ``png``."""
    out = io.BytesIO()
    drawn.savefig(out, format=kind, metadata=dict(METADATA[kind]))
    data = out.getvalue()
    if kind == "svg":
        data = b"\n".join(line.rstrip() for line in data.splitlines()) + b"\n"
    return data


def convergence_band(axes: Axes, threshold: float, *, along: str) -> None:
    """Shade displacements up to the convergence threshold, ``along`` the x or the y axis. Fixes its limits."""
    word: dict[str, Any] = {"color": GREY, "fontsize": 7, "style": "italic", "textcoords": "offset points"}
    if along == "x":
        axes.set_xlim(axes.get_xlim())
        axes.axvspan(axes.get_xlim()[0], threshold, facecolor=BAND, edgecolor="none", zorder=0)
        axes.axvline(threshold, color=GREY, linewidth=0.6, linestyle=":", zorder=1)
        axes.annotate("converged", (threshold, 0), xycoords=("data", "axes fraction"), xytext=(-3, 3), ha="right", **word)
    else:
        axes.set_ylim(axes.get_ylim())
        axes.axhspan(axes.get_ylim()[0], threshold, facecolor=BAND, edgecolor="none", zorder=0)
        axes.axhline(threshold, color=GREY, linewidth=0.6, linestyle=":", zorder=1)
        axes.annotate("converged", (0, threshold), xycoords=("axes fraction", "data"), xytext=(3, -3), va="top", **word)


def legend_above(axes: Axes, *, lift: float = 1.0, **options: Any) -> None:
    """A legend in one row above the axes, where no data can be; ``lift`` is its lower edge in heights of the axes."""
    handles, labels = axes.get_legend_handles_labels()
    options = {"columnspacing": 1.2, "handletextpad": 0.4, "borderaxespad": 0.2} | options
    drawn = axes.legend(handles, labels, loc="lower center", bbox_to_anchor=(0.5, lift), ncols=len(labels), **options)
    for handle in drawn.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set_alpha(1)
