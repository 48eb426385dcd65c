"""A badge of an audit: for an endpoint of shields.io, and as an SVG of its own. It shows counts, never foreign text."""

from __future__ import annotations

import json

from unsettled.claims.audit.audit import Audit
from unsettled.claims.judgement.policy import CONTRADICTIONS
from unsettled.measure.support.figures import plural
from unsettled.reports.escaping import xml
from unsettled.reports.problems import level_of

LABEL = "claims"
# shields.io's names, and colours on which the text has a contrast of at least 4.5.
COLOURS = {"brightgreen": "#4c1", "yellow": "#dfb317", "red": "#c0392b", "lightgrey": "#9f9f9f"}
# Widths in a proportional face of 11 pixels, coarse: the text is stretched to the width that they give.
NARROW, WIDE = set("iljtf.,:;'|I1 ()"), set("mwMW%@")
PADDING, HEIGHT = 6, 20

SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{label}: {message}">
<title>{label}: {message}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3" fill="#fff"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#444"/>\
<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>
<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{at_left}" y="14" textLength="{wide_left}">{label}</text>
<text x="{at_right}" y="14" textLength="{wide_right}" fill="{ink}">{message}</text>
</g></svg>
"""


def render_endpoint(audit: Audit) -> str:
    """The JSON that `https://img.shields.io/endpoint` reads."""
    message, colour = told(audit)
    return json.dumps({"schemaVersion": 1, "label": LABEL, "message": message, "color": colour}) + "\n"


def render_svg(audit: Audit) -> str:
    """The badge itself."""
    message, colour = told(audit)
    wide_left, wide_right = _width(LABEL), _width(message)
    left, right = wide_left + 2 * PADDING, wide_right + 2 * PADDING
    return SVG.format(
        width=left + right,
        left=left,
        right=right,
        colour=COLOURS[colour],
        label=xml(LABEL),
        message=xml(message),
        at_left=left / 2,
        at_right=left + right / 2,
        wide_left=wide_left,
        wide_right=wide_right,
        ink="#fff" if colour == "red" else "#111",
    )


def told(audit: Audit) -> tuple[str, str]:
    """What the badge says, and its colour: what failed, then the shares that held and transferred."""
    counts = audit.counts
    held, refuted = counts["REPRODUCED"] + counts["CONSISTENT"], sum(counts[name] for name in CONTRADICTIONS)
    elsewhere = counts["TRANSFERS"] + counts["DOES_NOT_TRANSFER"]
    failing = sum(level_of(v, audit.policy) == "error" for v in (*audit.verdicts, *audit.arithmetic))
    failing += sum(not p.caught for p in audit.planted) + sum(not r.stands for r in audit.remeasured)
    parts = [f"{plural(failing, 'failure')}"] if failing else []
    parts += [f"{held} of {held + refuted} hold"] if held + refuted else []
    parts += [f"{counts['TRANSFERS']} of {elsewhere} transfer"] if elsewhere else []
    if not audit.decided:
        return ", ".join([*parts, "none decided"]), "red" if failing else "lightgrey"
    if failing:
        return ", ".join(parts), "red"
    open_ = counts["UNDERPOWERED"] + counts["UNVERIFIABLE"] + counts["DOES_NOT_TRANSFER"]
    return ", ".join(parts) or "decided", "yellow" if open_ else "brightgreen"


def _width(text: str) -> int:
    return round(sum(4 if c in NARROW else 10.5 if c in WIDE else 7 for c in text))
