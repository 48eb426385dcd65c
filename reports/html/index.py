"""The page that leads to the pages of several papers: what each audit came to, in a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from unsettled.claims.asked import report_of
from unsettled.claims.audit.audit import Audit, read_audit
from unsettled.claims.verdict import Outcome
from unsettled.measure.support.files import write_whole
from unsettled.reports.headline import sentence
from unsettled.reports.html.page import environment, policy, read


def write_index(audits: Mapping[str, Path], out: Path) -> None:
    """Write the table of ``audits``, paper → its file; their pages lie beside ``out``. Raises UserError."""
    pages = {report_of(out, name).name: read_audit(path) for name, path in audits.items()}
    write_whole(out, render_index(pages), what="report")


def render_index(pages: Mapping[str, Audit]) -> str:
    """The page as text: a row for each audit, which links to its page (file name → audit) and counts its verdicts by outcome."""
    style = read("style.css")
    view = {
        "rows": [(quote(page), audit, sentence(audit)) for page, audit in pages.items()],
        "outcomes": [outcome for outcome in Outcome if any(audit.counts[outcome] for audit in pages.values())],
        "style": Markup(style),
        "policy": policy(style),
    }
    return environment().get_template("index.html.j2").render(view)
