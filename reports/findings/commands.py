"""`unsettled findings`: the page on what the shipped checkpoints say of the paper, and of papers against each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()
REFERENCES = Path(__file__).resolve().parents[2] / "fixtures" / "reference"


@app.command()
def findings(
    audit: Annotated[Path, typer.Argument(help="The audit that `pytest claims/` wrote.")] = Path("reports/audit.json"),
    out: Annotated[Path | None, typer.Option(help="The page; FINDINGS.md among the references by default.")] = None,
    references: Annotated[Path, typer.Option(help="The folder of references.")] = REFERENCES,
) -> None:
    """Write what the shipped checkpoints say: claims, training, definitions, longer rollouts, other precisions."""
    from unsettled.claims.audit.accounts import answers
    from unsettled.claims.audit.audit import read_audit
    from unsettled.claims.ledger.load import load_ledger
    from unsettled.claims.populations.inputs import Inputs
    from unsettled.claims.populations.populations import discover
    from unsettled.measure.errors import UserError
    from unsettled.measure.support.files import write_whole
    from unsettled.reports.findings.accounts import account_grids
    from unsettled.reports.findings.findings import all_records, grids, records_of
    from unsettled.reports.findings.grid import render
    from unsettled.reports.findings.policies import compared, draw_pictures, failure_grids, lever_grids
    from unsettled.reports.findings.undecided import undecided
    from unsettled.reports.findings.words import filled

    words = references / "findings.md"
    if not words.is_file():
        raise UserError("the words of the page are not there", where=words)
    draws = compared(references)
    accounts = account_grids(answers(discover(Inputs(references=references), load_ledger())))
    read, records = read_audit(audit), records_of(references)
    tables = [*accounts, *grids(read, references, records), *undecided(read), *failure_grids(references), *lever_grids(draws)]
    page = render(tables, filled(words.read_text(encoding="utf-8"), read, all_records(references), where=words))
    target = out or references / "FINDINGS.md"
    write_whole(target, page)
    for written in [target, *draw_pictures(draws)]:
        typer.echo(written)
