"""All pictures of a population for the page, in its order; one that cannot be drawn says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from unsettled.measure.analysis.portrait import Portrait
from unsettled.reports.html.panel import Picture
from unsettled.reports.html.pictures_areas import deciles, early, roc
from unsettled.reports.html.pictures_states import cloud, confidence, displacement, spectrum
from unsettled.reports.panels import Panel, panels

# Key of a panel → what draws it.
DRAWN: Mapping[str, Callable[[Portrait, Panel], Picture | None]] = {
    "cloud": cloud,
    "displacement": displacement,
    "roc": roc,
    "spectrum": spectrum,
    "confidence": confidence,
    "deciles": deciles,
    "early": early,
}


def pictures(portrait: Portrait) -> Iterator[Picture]:
    """The seven pictures; without a drawing where the record cannot fill one."""
    for key, panel in panels(portrait).items():
        yield (DRAWN[key](portrait, panel) if panel.there else None) or Picture(panel=panel)
