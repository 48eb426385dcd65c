"""The seven pictures of a population in words, for every engine that draws them: title, caption, and the numbers as a table.

A caption says what is shown and what it comes to. What the marks are is added by the engine that draws them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from unsettled.measure.analysis.portrait import THINNED, Portrait
from unsettled.measure.analysis.portrait_areas import Horizon, Matching
from unsettled.measure.analysis.portrait_states import Cloud, Confidence
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.figures import number as plain_number
from unsettled.measure.support.figures import plural

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Outcome → its name.
OUTCOMES = {"success": "right", "failure": "wrong"}
CELLS = {"A": "converged and right", "B": "converged and wrong", "C": "not converged and right", "D": "not converged and wrong"}
# Score of an early window → its name.
WINDOWED = {"exponent": "λ₁", "displacement": "displacement", "halting": "halting logit"}
# An area under fewer examples of one class than this is drawn faint or hollow: its interval says little.
FEW = 5

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One picture in words. Where ``there`` is false, ``caption`` says why nothing is drawn."""

    key: str
    title: str
    caption: str
    there: bool = True
    header: tuple[str, ...] = ()
    rows: Rows = field(default_factory=tuple)


Words = tuple[str, tuple[str, ...], Rows]


def panels(portrait: Portrait) -> Mapping[str, Panel]:
    """The pictures of a population by key, in the order of a page."""
    return {panel.key: panel for panel in _panels(portrait)}


def _panels(portrait: Portrait) -> Iterator[Panel]:
    for key, (title, data, words) in PICTURES.items():
        found = words(portrait)
        if found is None:
            reason = portrait.missing.get(data, "nothing to show")
            yield Panel(key=key, title=title, caption=f"Not drawn: {reason}.", there=False)
        else:
            caption, header, rows = found
            if portrait.sampled is not None and data in THINNED:
                caption += (
                    f" Computed from {portrait.sampled:,} of the {portrait.rows:,} puzzles, drawn at random; claims are judged on all."
                )
            yield Panel(key=key, title=title, caption=caption, header=header, rows=rows)


def told(estimate: Estimate) -> str:
    """Value and interval; a dash where undefined."""
    if not estimate.defined:
        return "–"
    limits = f" [{number(estimate.low)}, {number(estimate.high)}]" if math.isfinite(estimate.low) and math.isfinite(estimate.high) else ""
    return number(estimate.value) + limits


def number(value: float) -> str:
    """A figure of four digits, with a true minus and powers of ten; a dash for NaN."""
    if math.isnan(value):
        return "–"
    text = plain_number(float(value))
    base, _, power = text.partition("e")
    if power:
        base += f" × 10{str(int(power)).translate(SUPERSCRIPT)}"
    return base.replace("-", "−")


def percent(part: int, whole: int) -> str:
    """A share in words: ``8 of 71 (11.3%)``."""
    return f"{part:,} of {whole:,}" + (f" ({100 * part / whole:.3g}%)" if whole else "")


def _cloud(portrait: Portrait) -> Words | None:
    points, band, cells = portrait.cloud, portrait.band, portrait.cells
    if points is None:
        return None
    edge = f"Convergence threshold: {number(band.threshold)} (Otsu on the logarithm, η = {number(band.separation)}). "
    shares = f"{percent(cells.B, cells.failures)} failures converge, {percent(cells.A, cells.successes)} successes do."
    sample = (
        f" A sample is drawn, the same every time: {sum(points.drawn.values()):,} of {portrait.rows:,} puzzles; "
        f"cells that hold few are drawn whole, so that densities do not compare."
    )
    rows = [[words, f"{getattr(cells, cell):,}", f"{points.drawn[cell]:,}"] for cell, words in CELLS.items()]
    caption = (edge if portrait.has_band else "") + shares + ("" if points.complete else sample) + _off_scale(points)
    return caption, ("cell", "puzzles", "drawn"), rows


def _off_scale(points: Cloud) -> str:
    """What lies off the scales: exact zeros of displacement, exponents of −∞."""
    still, lost = int((points.displacement == 0).sum()), int((points.exponent == -math.inf).sum())
    parts = [f"{plural(still, 'puzzle')} with displacement 0" if still else "", f"{plural(lost, 'puzzle')} with λ₁ = −∞" if lost else ""]
    there = [part for part in parts if part]
    return f" Off the scales: {', '.join(there)}." if there else ""


# what a step is divided by, on each scale of displacement
OVER = {"raw": "", "relative": " / ‖z‖", "angle": " as an angle"}


def _displacement(portrait: Portrait) -> Words | None:
    present = {key: ribbon for key, ribbon in portrait.displacement.items() if ribbon.n}
    if not present:
        return None
    last = ", ".join(f"{number(float(ribbon.quantiles[2, -1]))} ({OUTCOMES[key]})" for key, ribbon in present.items())
    caption = (
        "Median (strong line), middle half and middle nine tenths of each outcome; thin lines are single puzzles at even ranks of "
        f"late displacement. Median ‖Δz‖{OVER[portrait.band.scale]} in the last segment: {last}."
    )
    header = ("segment", *(f"{OUTCOMES[key]}, {share}" for key in present for share in ("5%", "median", "95%")))
    rows = [
        [str(s), *(number(float(r.quantiles[i, s - 1])) for r in present.values() for i in (0, 2, 4))]
        for s in range(1, portrait.segments + 1)
    ]
    return caption, header, rows


def _roc(portrait: Portrait) -> Words | None:
    curves = portrait.separations
    if not curves:
        return None
    counts = curves[0].area.counts
    pairs = f" {counts.get('positives', 0):,} failures, {counts.get('negatives', 0):,} successes." if counts else ""
    caption = (
        "Ribbons: at each threshold, the rectangle that holds both rates with 95% confidence. "
        + "; ".join(f"{found.name}: AUC {told(found.area)}" for found in curves)
        + f".{pairs}"
    )
    rows = [[found.name, number(found.area.value), number(found.area.low), number(found.area.high)] for found in curves]
    return caption, ("score", "AUC", "low (95%)", "high (95%)"), rows


def _spectrum(portrait: Portrait) -> Words | None:
    present = {key: found for key, found in portrait.spectrum.items() if found.n}
    if not present:
        return None
    first = ", ".join(f"{told(found.medians[0])} ({OUTCOMES[key]})" for key, found in present.items())
    caption = f"Median λ₁: {first} nats per update; a segment has {portrait.updates} updates."
    rows = [[f"λ{i + 1}", *(told(found.medians[i]) for found in present.values())] for i in range(portrait.k)]
    return caption, ("exponent", *(f"median, {OUTCOMES[key]}" for key in present)), rows


def _confidence(portrait: Portrait) -> Words | None:
    found, cells = portrait.confidence, portrait.cells
    if found is None:
        return None
    counts = found.counts
    caption = (
        f"{percent(counts['right_and_confident'], cells.successes)} successes and "
        f"{percent(counts['wrong_and_confident'], cells.failures)} failures end above 0; AUC {told(found.area)}. "
        f"Ticks: {_ticks(len(found.settled_failures), cells.B)} that converged."
    )
    return caption, ("halting logit", "right", "wrong"), _crossed(found)


def _ticks(drawn: int, there: int) -> str:
    return plural(there, "failure") if drawn >= there else f"{drawn:,} of {plural(there, 'failure')}"


def _crossed(found: Confidence) -> Rows:
    """Confident and doubtful against right and wrong."""
    ends = (("above 0", "and_confident"), ("0 or below", "and_doubtful"))
    return [[words, f"{found.counts['right_' + end]:,}", f"{found.counts['wrong_' + end]:,}"] for words, end in ends]


def _deciles(portrait: Portrait) -> Words | None:
    if not any(matching.bins for matching in portrait.matchings):
        return None
    caption = "Failures against successes within bins of equal size by late displacement, with 95% intervals. "
    rows = [
        [
            "not converged" if matching.among == "unsettled" else matching.among,
            str(b.number),
            f"{number(b.low)} – {number(b.high)}",
            f"{b.failures:,}",
            f"{b.successes:,}",
            told(b.area),
            told(b.residual),
        ]
        for matching in portrait.matchings
        for b in matching.bins
    ]
    header = ("among", "bin", "late displacement", "wrong", "right", "AUC of λ₁", "AUC of displacement")
    return caption + " ".join(map(_matched, portrait.matchings)), header, rows


def _matched(matching: Matching) -> str:
    who = "Among those not converged" if matching.among == "unsettled" else "Among all"
    if not matching.matched.defined:
        return f"{who}: {matching.matched.undefined_reason}."
    dropped = matching.matched.counts.get("dropped", 0)
    lost = f" ({plural(dropped, 'bin')} with one outcome only excluded)" if dropped else ""
    return (
        f"{who}: λ₁ {told(matching.matched)} matched, {told(matching.overall)} unmatched; "
        f"the AUC of displacement itself within the bins is {number(matching.residual)}{lost}."
    )


def _early(portrait: Portrait) -> Words | None:
    horizons = portrait.horizons
    if not horizons:
        return None
    fourth = next((h for h in horizons if h.segments == 4), horizons[-1])
    scores = scores_of(horizons)
    caption = (
        "Among the puzzles unsolved after the window: does it predict who is right at the end? AUC 0.5: no; above it, later successes "
        f"score higher. 95% intervals. After {plural(fourth.segments, 'segment')}: "
        + ", ".join(f"{WINDOWED[key]} {told(fourth.areas[key])}" for key in scores)
        + "."
    )
    rows = [[str(h.segments), f"{h.unsolved:,}", f"{h.solved_later:,}", *(told(h.areas[key]) for key in scores)] for h in horizons]
    return caption, ("window", "unsolved", "solved later", *(WINDOWED[key] for key in scores)), rows


def scores_of(horizons: Sequence[Horizon]) -> list[str]:
    """The scores of `WINDOWED` that the windows were judged by."""
    return [key for key in WINDOWED if key in horizons[0].areas]


# Key → title, the field of the portrait that the picture is drawn from, and what puts it in words.
PICTURES: Mapping[str, tuple[str, str, Callable[[Portrait], Words | None]]] = {
    "cloud": ("λ₁ against late displacement", "cloud", _cloud),
    "displacement": ("Displacement by segment", "displacement", _displacement),
    "roc": ("ROC curves: failures against successes", "separations", _roc),
    "spectrum": ("Spectrum by outcome", "spectrum", _spectrum),
    "confidence": ("Confidence against correctness", "confidence", _confidence),
    "deciles": ("AUC among puzzles of similar displacement", "matchings", _deciles),
    "early": ("Early warning: AUC against the window", "horizons", _early),
}
