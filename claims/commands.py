"""`unsettled schema`, `unsettled why` and `unsettled check-text`: a ledger's schema, one verdict in full, a manuscript."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unsettled.claims.ledger.commands import Manuscript, Own
from unsettled.measure.commands.options import Json

if TYPE_CHECKING:
    from unsettled.claims.explanation.facts import Page

app = typer.Typer()

References = Annotated[Path | None, typer.Option(help="The folder of reference checkpoints; the shipped one by default.")]
LedgerOption = Annotated[Path | None, typer.Option(help="The ledger (TOML); the paper's own by default.")]


@app.command()
def schema() -> None:
    """Print the JSON Schema of a ledger, for editors that check and complete TOML."""
    import json

    from unsettled.claims.ledger.load import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command()
def why(
    claim: Annotated[str, typer.Argument(metavar="CLAIM[@POPULATION]", help="A claim, or an arithmetic check, of the ledger.")],
    ledger: LedgerOption = None,
    record: Annotated[list[str] | None, typer.Option(metavar="NAME=PATH", help="Judge this record as population NAME.")] = None,
    same_examples: Annotated[list[str] | None, typer.Option(metavar="NAME", help="NAME's record holds the paper's own examples.")] = None,
    references: References = None,
    statistics: Own = None,
    audit: Annotated[Path | None, typer.Option(help="Tell it from this audit.json: nothing is judged again, no record is needed.")] = None,
    as_json: Json = False,
) -> None:
    """Explain one verdict in full: definition, interval, power, baselines, what would change it, how to rerun it."""
    import os
    import shutil
    import sys

    from unsettled.claims.explanation.text import as_text

    if audit is not None:
        from unsettled.claims.audit.audit import read_audit
        from unsettled.claims.audit.retold import retold

        pages = retold(read_audit(audit), claim)
    else:
        from unsettled.claims.catalogue.own import load_statistics

        load_statistics(statistics or ())
        pages = _judged(claim, ledger, record or (), same_examples or (), references, statistics or ())
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    typer.echo(as_text(pages, as_json=as_json, width=shutil.get_terminal_size().columns, colour=colour))


def _judged(
    claim: str,
    ledger: Path | None,
    records: Sequence[str],
    same_examples: Sequence[str],
    references: Path | None,
    statistics: Sequence[Path],
) -> list[Page]:
    """The pages on a verdict that is judged for them."""
    from unsettled.claims.audit.run import Run, Settings
    from unsettled.claims.explanation.pages import explain
    from unsettled.claims.ledger.load import PAPER
    from unsettled.claims.populations.inputs import read_inputs
    from unsettled.measure.hub.registry import cache_folder

    inputs = read_inputs(records=records, same_examples=same_examples, references=references, fetched=cache_folder())
    run = Run(Settings(seed=0, ledger=ledger or PAPER, inputs=inputs, statistics=tuple(statistics)))
    return explain(run, claim, known=run.known)


@app.command("check-text")
def check_text(draft: Manuscript, ledger: LedgerOption = None, statistics: Own = None, as_json: Json = False) -> None:
    """Find numbers that no claim binds, digits that differ from the ledger, and hedges that it does not concede.

    One line a finding; exit code 1 if there are any, 0 if none, 2 for bad input.
    """
    import json
    from dataclasses import asdict

    from unsettled.claims.catalogue.own import load_statistics
    from unsettled.claims.ledger.load import PAPER, load_ledger
    from unsettled.claims.manuscript.findings import check
    from unsettled.claims.manuscript.reader import read_manuscript
    from unsettled.measure.support.text import harmless as safe

    load_statistics(statistics or ())
    findings = check(read_manuscript(draft), load_ledger(ledger or PAPER))
    if as_json:
        typer.echo(json.dumps([asdict(found) for found in findings], indent=1, ensure_ascii=False))
    elif not findings:
        typer.echo(f"{safe(str(draft))}: every number is bound to a claim, and no hedge is missing", err=True)
    for found in () if as_json else findings:
        typer.echo(safe(f"{draft}:{found.line}:{found.column}: {found.kind}: {found.what} ({found.hint})"))
    if findings:
        raise typer.Exit(1)
