"""`unsettled statistics`, `init` and `plan`: for who writes a ledger of a paper's claims."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unsettled.measure.commands.options import Json

app = typer.Typer()

Manuscript = Annotated[Path, typer.Argument(help="A manuscript: .md, .txt or .tex.")]
Own = Annotated[list[Path] | None, typer.Option("--statistics", metavar="FILE.py", help="Statistics of one's own; the file is run.")]


@app.command()
def statistics(
    name: Annotated[str | None, typer.Argument(help="One of them in full.")] = None, own: Own = None, as_json: Json = False
) -> None:
    """List the statistics that a claim may name: what each means, its parameters, and where its values lie."""
    import json
    import shutil

    from unsettled.claims.catalogue.listing import entries, entry, in_words
    from unsettled.claims.catalogue.own import load_statistics
    from unsettled.claims.catalogue.registered import lookup
    from unsettled.claims.explanation.facts import Fact, Page
    from unsettled.claims.explanation.text import render

    load_statistics(own or ())
    if as_json:
        typer.echo(json.dumps(entry(lookup(name)) if name else entries(), indent=1, ensure_ascii=False))
        return
    told = in_words(name) if name else ((each["name"], each["summary"]) for each in entries())
    page = Page(name or "statistics", tuple(Fact(label, text) for label, text in told))
    typer.echo(render([page], width=shutil.get_terminal_size().columns))


@app.command()
def init(manuscript: Manuscript, out: Annotated[Path, typer.Option(help="The ledger to write (TOML); it must not exist.")]) -> None:
    """Draft a ledger from the numbers of a manuscript. Each entry is a draft, which is not judged before somebody confirms it."""
    from unsettled.claims.ledger.load import load_ledger
    from unsettled.claims.manuscript.drafting import draft
    from unsettled.claims.manuscript.reader import read_manuscript
    from unsettled.measure.errors import UserError
    from unsettled.measure.support.figures import plural
    from unsettled.measure.support.files import write_whole
    from unsettled.measure.support.text import harmless

    if out.exists():
        raise UserError("there is a file of that name", where=out, hint="a draft never takes the place of a ledger")
    found = draft(read_manuscript(manuscript))
    if "[[claim]]" not in found:
        raise UserError("the manuscript prints no number that a claim could state", where=manuscript)
    write_whole(out, found, what="ledger")
    typer.echo(harmless(f"{out}: {plural(len(load_ledger(out).claims), 'draft')}; confirm each, then: unsettled plan {out}"))


@app.command("lock")
def lock_(
    ledger: Annotated[Path, typer.Argument(help="The ledger (TOML).")],
    out: Annotated[Path | None, typer.Option(help="Where the digests go; LEDGER.lock.json beside the ledger by default.")] = None,
    own: Own = None,
) -> None:
    """Lock a ledger before anything is measured: with `measure --declared` a record carries it, and the audit says what was declared."""
    from unsettled.claims.catalogue.own import load_statistics
    from unsettled.claims.ledger.load import load_ledger
    from unsettled.claims.ledger.lock import lock
    from unsettled.measure.record.declared import read_declared
    from unsettled.measure.support.figures import plural
    from unsettled.measure.support.files import write_whole
    from unsettled.measure.support.text import harmless

    load_statistics(own or ())
    path = out or ledger.with_name(f"{ledger.stem}.lock.json")
    declared, before = lock(load_ledger(ledger)), read_declared(path) if path.is_file() else None
    if before is not None and (before.source, before.entries) == (declared.source, declared.entries):
        declared = before  # its time is what it is for
    else:
        write_whole(path, declared.model_dump_json(indent=1) + "\n", what="lock")
        if before is not None:
            typer.echo(harmless(f"note: the ledger is not what {path} locked at {before.at}; it is locked anew"), err=True)
    told = f"{path}: {plural(len(declared.entries), 'claim')}, {declared.at}"
    typer.echo(harmless(f"{told}; then: unsettled measure … --declared {path} (sign it, or commit it where others see it)"))


@app.command()
def plan(
    ledger: Annotated[Path | None, typer.Argument(help="The ledger (TOML); the paper's own by default.")] = None,
    record: Annotated[list[str] | None, typer.Option(metavar="NAME=PATH", help="A pilot: a record of few examples.")] = None,
    references: Annotated[Path | None, typer.Option(help="The folder of reference checkpoints, whose records are pilots too.")] = None,
    own: Own = None,
    as_json: Json = False,
) -> None:
    """Tell how many examples each claim needs to be decided at its smallest effect of interest, from the records of pilots."""
    from pydantic import TypeAdapter
    from rich.console import Console
    from rich.table import Table

    from unsettled.claims.audit.run import Run, Settings
    from unsettled.claims.catalogue.own import load_statistics
    from unsettled.claims.explanation.planning import ALPHA, POWER, Planned
    from unsettled.claims.explanation.planning import plan as planned
    from unsettled.claims.ledger.load import PAPER
    from unsettled.claims.populations.inputs import read_inputs
    from unsettled.measure.support.text import harmless

    load_statistics(own or ())
    run = Run(Settings(seed=0, ledger=ledger or PAPER, inputs=read_inputs(records=record or (), references=references)))
    found = planned(run.ledger, run.populations)
    if as_json:
        typer.echo(TypeAdapter(list[Planned]).dump_json(found, indent=1))
        return
    table = Table("claim", "smallest effect", "examples", "by the pilots", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for each in found:
        sizes = " to ".join(f"{size:,}" for size in each.examples) or "–"
        table.add_row(*map(harmless, (each.claim, each.smallest, sizes, ", ".join(each.pilots) or each.reason)))
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print(f"examples that show the smallest effect with power {POWER:g} in one test of level {ALPHA:g}, as variable as the pilot")
