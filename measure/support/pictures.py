"""One way to write a figure as PNG or SVG: whole, of the same bytes for the same figure, and small."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from unsettled.measure.support.files import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = 256


def write_figure(figure: Figure, path: Path, *, dpi: int = 120) -> None:
    """A matplotlib figure as SVG, or as PNG of at most 256 colours, by the suffix of the path (PNG, where it is another).

    Lines and letters on white need no more colours, and a file is a third as large for it.

    Raises:
        UserError: it cannot be written.

    >>> import tempfile
    >>> from matplotlib.figure import Figure
    >>> path = Path(tempfile.mkdtemp()) / "line.png"
    >>> figure = Figure(figsize=(2, 1)); _ = figure.subplots().plot([0, 1])
    >>> write_figure(figure, path); path.read_bytes()[1:4]
    b'PNG'
    """
    out = io.BytesIO()
    if path.suffix == ".svg":
        figure.savefig(out, format="svg")
        drawn = out.getvalue()
    else:
        figure.savefig(out, format="png", dpi=dpi)
        drawn = of_few_colours(out.getvalue())
    with whole_file(path, what="figure") as file:
        file.write(drawn)


def of_few_colours(png: bytes) -> bytes:
    """The same picture with a palette of at most 256 colours, without what says which program drew it."""
    out = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(out, format="png", optimize=True)
    return out.getvalue()
