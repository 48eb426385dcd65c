"""The audit as one offline page: verdict, forest plot, pictures, puzzles, arithmetic, environment, and the audit itself.

Nothing is fetched and nothing foreign runs: styles and script are inlined, a content security policy names their hashes and forbids all
else, every text is escaped, and control and bidirectional characters are shown instead of obeyed. The page has no date, so
that one audit gives one page, byte for byte.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from unsettled.claims.audit.audit import Audit
from unsettled.claims.audit.pictures import WORDS, Boards
from unsettled.claims.verdict import Verdict
from unsettled.measure.support.figures import plural
from unsettled.measure.support.text import harmless
from unsettled.reports.claim_grid import MARKS, grid_of, rival_grid
from unsettled.reports.headline import sentence
from unsettled.reports.html.claims import claims_of, identity_of, plain
from unsettled.reports.html.paper import paper_of
from unsettled.reports.html.pictures import pictures
from unsettled.reports.html.svg import slug
from unsettled.reports.references import references

TEMPLATES = Path(__file__).with_name("templates")
# What is on the page as text or drawing already, and is left out of the audit that the page holds.
SHOWN = {"definitions", "explained", "pictures", "boards", "manuscript", "rivals"}


def render(audit: Audit) -> str:
    """The page as text: everything on it stands in the audit."""
    style, script = (read(name) for name in ("style.css", "script.js"))
    groups, definitions = claims_of(audit)
    portraits = [picture.portrait for picture in audit.pictures if picture.portrait is not None]
    view = {
        "audit": audit,
        "sentence": _verdict(audit),
        "grid": grid_of(audit),
        "paper": paper_of(audit),
        "rivals": [(rival, rival_grid(audit, rival)) for rival in audit.rivals],
        "groups": groups,
        "definitions": definitions,
        "names": sorted({verdict.population for verdict in audit.verdicts}, key=_order(audit)),
        "portraits": [(portrait, slug(portrait.name), list(pictures(portrait))) for portrait in portraits],
        "boards": audit.boards,
        "unpictured": [picture for picture in audit.pictures if picture.portrait is None],
        "digits": _digits(audit),
        "impossible": [verdict for verdict in audit.arithmetic if verdict.outcome == "IMPOSSIBLE"],
        "caught": Counter(planted.caught for planted in audit.planted),
        "references": references(audit),
        "style": Markup(style),
        "script": Markup(script),
        "policy": policy(style, script),
        "audit_json": embedded(json.loads(audit.model_dump_json(exclude=SHOWN))),
        "boards_json": embedded([_played(found) for found in audit.boards if found.examples]),
    }
    return environment().get_template("report.html.j2").render(view)


def _played(found: Boards) -> dict[str, Any]:
    """The puzzles of one population as the script of the page reads them."""
    return found.model_dump(mode="json", exclude={"reason"}) | {"kinds": {kind: list(words) for kind, words in WORDS.items()}}


def embedded(value: Any) -> Markup:
    """A value as JSON, compressed and in base64: a fifth of the bytes, and nothing in it that HTML reads. `unpacked` has it again."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode())


def unpacked(text: str) -> Any:
    """What `embedded` packed, as the script of the page reads it.

    >>> unpacked(str(embedded({"a": [1, "</script>"]})))
    {'a': [1, '</script>']}
    """
    return json.loads(gzip.decompress(base64.b64decode(text)))


def breaks(name: str) -> Markup:
    """A dotted name, escaped, that may be broken after its dots; foreign text that is no such name stays whole."""
    parts = harmless(name).split(".")
    return Markup(".<wbr>").join(parts) if len(parts) <= 8 else escape(".".join(parts))


def mark_of(verdict: Verdict) -> tuple[str, str]:
    """The mark of a verdict and its family."""
    return MARKS[verdict.outcome]


def policy(style: str, script: str = "") -> str:
    """The content security policy: our style and our script by their hashes, and nothing else at all."""
    allowed = f" script-src '{_hash(script)}';" if script else ""
    return f"default-src 'none'; style-src '{_hash(style)}';{allowed} base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def read(name: str) -> str:
    """One of our own files beside the templates."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Templates with escaping on; every value that is no markup is made harmless first."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters |= {
        "plain": plain,
        "count": "{:,}".format,
        "slug": slug,
        "breaks": breaks,
        "mark": mark_of,
        "identity": identity_of,
    }
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


def _order(audit: Audit) -> Callable[[str], tuple[int, str]]:
    """Populations in the order of the audit; what is no longer there comes last."""
    place = {population.name: index for index, population in enumerate(audit.populations)}
    return lambda name: (place.get(name, len(place)), name)
