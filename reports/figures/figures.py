"""Figures for papers: each picture of a record, and the forest plot of an audit, as PDF, SVG and PNG with captions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from unsettled.claims.audit.audit import Audit
from unsettled.measure.analysis.portrait import Portrait
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.record import Record
from unsettled.measure.support.files import write_whole
from unsettled.reports.figures import areas, states
from unsettled.reports.figures.forest import forest
from unsettled.reports.figures.style import saved, style
from unsettled.reports.panels import panels

KINDS = ("pdf", "svg", "png")
# Key of a panel → what draws it, and what its marks are.
PICTURES: Mapping[str, tuple[Callable[[Portrait], Figure | None], str]] = {
    "cloud": (states.cloud, ""),
    "displacement": (states.displacement, ""),
    "roc": (areas.roc, "Only the first curve has its ribbon; the inset is its corner."),
    "spectrum": (states.spectrum, "Markers: medians; bars: the middle half; lines: the middle nine tenths."),
    "confidence": (states.confidence, "Below: the share of right answers with 95% intervals."),
    "deciles": (areas.deciles, "Above the frame: failures and successes of a bin. Dashed: the pair-weighted mean with its interval."),
    "early": (areas.early, "Hollow: no interval. Below: the puzzles that this is about."),
}


def named_records(given: Sequence[str]) -> dict[str, Record]:
    """Records by the name of their files: NAME of ``NAME=PATH``, else the stem, or the folder of a ``record.parquet``.

    Raises:
        UserError: a record cannot be read, or two have one name.
    """
    found: dict[str, Record] = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or Path(text).is_file():
            name, path = "", text
        resolved = Path(path).expanduser()
        name = name or (resolved.resolve().parent.name if resolved.stem == "record" else resolved.stem)
        if slug(name) in map(slug, found):
            raise UserError(f"two records are called {name}", where=path, hint="give each a name: NAME=PATH")
        found[name] = read_record(resolved)
    return found


def figure_kinds(text: str) -> tuple[str, ...]:
    """The formats of a list with commas. Raises UserError for one that is not among `KINDS`."""
    kinds = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise UserError(f"no figure is written as {unknown[0] if unknown else 'nothing'}", hint=f"formats: {', '.join(KINDS)}")
    return kinds


def make_folder(folder: Path) -> None:
    """Make a folder and what is above it. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"the folder cannot be made: {error.strerror or error}", where=folder) from None


def draw_portrait(portrait: Portrait, folder: Path, *, kinds: Sequence[str] = KINDS) -> Iterator[tuple[str, str]]:
    """Write every picture of a portrait into ``folder``; yields (file stem or picture, caption or why it is not there)."""
    prefix, words = slug(portrait.name), panels(portrait)
    for name, (picture, marks) in PICTURES.items():
        panel = words[name]
        with style():
            drawn = picture(portrait) if panel.there else None
            if drawn is not None:
                _write(drawn, folder, f"{prefix}-{name}", kinds)
        if drawn is None:
            yield name, "Not drawn: too few examples of one class." if panel.there else panel.caption
        else:
            yield f"{prefix}-{name}", f"{panel.title}, {portrait.rows:,} puzzles. {panel.caption} {marks}".rstrip()


def draw_forest(audit: Audit, folder: Path, *, kinds: Sequence[str] = KINDS) -> Iterator[tuple[str, str]]:
    """Write the forest plot of an audit into ``folder``; yields as `draw_portrait` does."""
    with style():
        made = forest(audit)
        if made is not None:
            _write(made[0], folder, "forest", kinds)
    yield ("forest", made[1]) if made is not None else ("forest", "Not drawn: the audit measured nothing with an interval")


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
