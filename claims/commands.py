"""`unsettled schema`, `unsettled why` and `unsettled check-text`: a ledger's schema, one verdict in full, a manuscript."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

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
    references: Annotated[Path | None, typer.Option(help="The folder of reference checkpoints; the shipped one by default.")] = None,
) -> None:
    """Explain one verdict in full: definition, interval, power, baselines, what would change it, how to rerun it."""
    import os
    import shutil
    import sys

    from unsettled.claims.audit.run import Run, Settings
    from unsettled.claims.explanation.pages import explain
    from unsettled.claims.explanation.text import render
    from unsettled.claims.ledger.load import PAPER
    from unsettled.claims.populations.inputs import read_inputs
    from unsettled.measure.hub.registry import cache_folder

    inputs = read_inputs(records=record or (), same_examples=same_examples or (), references=references, fetched=cache_folder())
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    run = Run(Settings(seed=0, ledger=ledger or PAPER, inputs=inputs))
    pages = explain(run, claim, known=run.known)
    typer.echo(render(pages, width=shutil.get_terminal_size().columns, colour=colour))


@app.command("check-text")
def check_text(draft: Annotated[Path, typer.Argument(help="A manuscript: .md, .txt or .tex.")], ledger: LedgerOption = None) -> None:
    """Find numbers that no claim binds, digits that differ from the ledger, and hedges that it does not concede.

    One line a finding; exit code 1 if there are any, 0 if none, 2 for bad input.
    """
    from unsettled.claims.ledger.load import PAPER, load_ledger
    from unsettled.claims.manuscript.binding import check
    from unsettled.claims.manuscript.reader import read_manuscript
    from unsettled.measure.support.text import harmless as safe

    findings = check(read_manuscript(draft), load_ledger(ledger or PAPER))
    for found in findings:
        typer.echo(safe(f"{draft}:{found.line}:{found.column}: {found.kind}: {found.what} ({found.hint})"))
    if findings:
        raise typer.Exit(1)
