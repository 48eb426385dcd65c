"""The audit as one offline page: verdict, forest plot, pictures, puzzles, arithmetic, environment, and the audit itself.

Nothing is fetched and nothing foreign runs: styles and script are inlined, a content security policy names their hashes and forbids all
else, every text is escaped, and control and bidirectional characters are shown instead of obeyed. The page has no date, so
that one audit gives one page, byte for byte.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from unsettled.claims.audit.audit import Audit
from unsettled.measure.analysis.portrait import POINTS, Portrait, portrait_of
from unsettled.measure.errors import UserError
from unsettled.measure.support.figures import plural
from unsettled.measure.support.text import harmless
from unsettled.reports.html.boards import EACH, Boards, boards_of
from unsettled.reports.html.claims import claims_of, plain
from unsettled.reports.html.pictures import pictures
from unsettled.reports.html.svg import slug
from unsettled.reports.text.terminal import sentence

if TYPE_CHECKING:
    from unsettled.claims.ledger.ledger import Ledger
    from unsettled.claims.populations.populations import Population
    from unsettled.reports.renderings import Context

TEMPLATES = Path(__file__).with_name("templates")
# Points of all clouds of a page together, and the fewest of one: the page stays small whatever is measured.
SHARED, FEWEST = 2_400, 300
# Within a script element only these could end it or open a comment; JSON may spell them as escapes.
_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def render(audit: Audit, context: Context) -> str:
    """The page for `--report PATH.html`: portraits and boards are made for every population that the context holds a record of."""
    populations = context.populations
    measured = [p for p in populations.values() if p.record is not None and len(p.record)]
    points = max(FEWEST, min(POINTS, SHARED // max(1, len(measured))))
    each = max(2, min(EACH, 12 // max(1, len(measured))))
    portraits, boards, unpictured = [], [], {}
    for population in measured:
        try:
            portraits.append(portrait_of(population.name, population.record, title=population.title, points=points))  # type: ignore[arg-type]
        except UserError as error:  # an imported record lacks what pictures are drawn from
            unpictured[population.name] = str(error)
            continue
        boards.append(boards_of(population, portraits[-1], each=each))
    return render_html(audit, portraits=portraits, boards=boards, unpictured=unpictured, ledger=context.ledger, populations=populations)


def render_html(
    audit: Audit,
    *,
    portraits: Sequence[Portrait] = (),
    boards: Sequence[Boards] = (),
    unpictured: Mapping[str, str] | None = None,
    ledger: Ledger | None = None,
    populations: Mapping[str, Population] | None = None,
) -> str:
    """The page as text.

    Args:
        portraits: one for each population whose pictures are shown.
        boards: what the puzzle view shows, or why it shows nothing.
        unpictured: populations that were measured but have no portrait, and why.
        ledger, populations: what was judged; with them every row tells what `unsettled why` tells.
    """
    style, script = (read(name) for name in ("style.css", "script.js"))
    groups, definitions = claims_of(audit, ledger=ledger, populations=populations)
    view = {
        "audit": audit,
        "sentence": _verdict(audit),
        "groups": groups,
        "definitions": definitions,
        "names": sorted({verdict.population for verdict in audit.verdicts}, key=_order(audit)),
        "portraits": [(portrait, slug(portrait.name), list(pictures(portrait))) for portrait in portraits],
        "boards": boards,
        "unpictured": unpictured or {},
        "digits": _digits(audit),
        "impossible": [verdict for verdict in audit.arithmetic if verdict.outcome == "IMPOSSIBLE"],
        "caught": Counter(planted.caught for planted in audit.planted),
        "style": Markup(style),
        "script": Markup(script),
        "policy": _policy(style, script),
        "audit_json": embedded(json.loads(audit.model_dump_json())),
        "boards_json": embedded([found.data for found in boards if found.data]),
    }
    return _environment().get_template("report.html.j2").render(view)


def embedded(value: Any) -> Markup:
    """A value as JSON that is safe within a script element: ASCII, without anything that HTML would read."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup("".join(_IN_SCRIPT.get(character, character) for character in text))


def breaks(name: str) -> Markup:
    """A dotted name, escaped, that may be broken after its dots; foreign text that is no such name stays whole."""
    parts = harmless(name).split(".")
    return Markup(".<wbr>").join(parts) if len(parts) <= 8 else escape(".".join(parts))


def _policy(style: str, script: str) -> str:
    """The content security policy: our style and our script by their hashes, and nothing else at all."""
    of = lambda text: "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()  # noqa: E731
    return f"default-src 'none'; style-src '{of(style)}'; script-src '{of(script)}'; base-uri 'none'; form-action 'none'"


@cache
def read(name: str) -> str:
    """One of our own files beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    """Templates with escaping on; every value that is no markup is made harmless first."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters |= {"plain": plain, "count": "{:,}".format, "slug": slug, "breaks": breaks}
    return environment


def _verdict(audit: Audit) -> str:
    """The run in one sentence, what it left undecided included."""
    left = len(audit.verdicts) - audit.decided
    return (
        sentence(audit) if not left else f"{sentence(audit).rstrip('.')}; {left:,} of {plural(len(audit.verdicts), 'verdict')} undecided."
    )


def _digits(audit: Audit) -> list[tuple[Any, list[Any]]]:
    """Every check of the printed digits with the rows of its table, contradictions first."""
    checks = sorted(audit.arithmetic, key=lambda verdict: verdict.outcome != "IMPOSSIBLE")
    return [(verdict, [row for row in audit.digits if row.check == verdict.claim]) for verdict in checks]


def _order(audit: Audit):
    """Populations in the order of the audit; what is no longer there comes last."""
    place = {population.name: index for index, population in enumerate(audit.populations)}
    return lambda name: (place.get(name, len(place)), name)
