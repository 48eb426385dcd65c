"""Figures for papers: each picture of a record, and the forest plot of an audit, as PDF, SVG and PNG with captions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from reports import figures_areas, figures_states
from reports.audit import Audit
from reports.figures_forest import forest
from reports.figures_style import saved, style
from reports.portrait import Portrait
from reports.renderings import write_whole

KINDS = ("pdf", "svg", "png")
Picture = Callable[[Portrait], "tuple[Figure, str] | None"]
# Name of the file → what draws it, and the panel of the portrait that it needs.
PICTURES: dict[str, tuple[Picture, str]] = {
    "cloud": (figures_states.cloud, "cloud"),
    "displacement": (figures_states.displacement, "displacement"),
    "roc": (figures_areas.roc, "separations"),
    "spectrum": (figures_states.spectrum, "spectrum"),
    "deciles": (figures_areas.deciles, "matchings"),
    "early": (figures_areas.early, "horizons"),
    "confidence": (figures_states.confidence, "confidence"),
}


def draw_portrait(portrait: Portrait, folder: Path, *, kinds: Sequence[str] = KINDS) -> Iterator[tuple[str, str]]:
    """Write every picture of a portrait into ``folder``; yields (file stem or picture, caption or why it is not there)."""
    prefix = slug(portrait.name)
    for name, (picture, panel) in PICTURES.items():
        with style():
            made = picture(portrait)
            if made is not None:
                _write(made[0], folder, f"{prefix}-{name}", kinds)
        if made is None:
            yield name, f"not drawn: {portrait.missing.get(panel, 'nothing in the record to draw')}"
        else:
            yield f"{prefix}-{name}", made[1]


def draw_forest(audit: Audit, folder: Path, *, kinds: Sequence[str] = KINDS) -> Iterator[tuple[str, str]]:
    """Write the forest plot of an audit into ``folder``; yields as `draw_portrait` does."""
    with style():
        made = forest(audit)
        if made is not None:
            _write(made[0], folder, "forest", kinds)
    yield ("forest", made[1]) if made is not None else ("forest", "not drawn: the audit measured nothing with an interval")


def write_captions(captions: dict[str, str], folder: Path) -> None:
    """All captions by file stem, as ``captions.json``."""
    write_whole(folder / "captions.json", (json.dumps(captions, indent=1, ensure_ascii=False) + "\n").encode())


def slug(name: str) -> str:
    """A name as part of a file name: letters, digits, dots, dashes and underscores only; never a path."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).strip(".-")[:80] or "record"


def _write(drawn: Figure, folder: Path, stem: str, kinds: Sequence[str]) -> None:
    drawn.draw_without_rendering()
    drawn.set_layout_engine("none")  # laid out once, alike in every format
    for kind in kinds:
        write_whole(folder / f"{stem}.{kind}", saved(drawn, kind))
