"""`unsettled audit` and `compare-accounts`, which judge, and `report`, `figures`, `diff` and `crate`: renderings of what was judged."""

from __future__ import annotations

import difflib
import itertools
from pathlib import Path
from typing import Annotated

import typer

from unsettled.claims.audit.commands import AuditFile
from unsettled.claims.commands import References
from unsettled.measure.commands.options import Json

app = typer.Typer()
PLUGIN = "unsettled.reports.plugin"


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def audit(
    context: typer.Context,
    ledger: Annotated[str | None, typer.Argument(help="The ledger (TOML) to judge; the paper's own by default.")] = None,
) -> None:
    """Audit a ledger, from any folder: runs pytest with the audit's plugin.

    What follows the ledger goes to pytest: --record NAME=PATH, --baseline, --report audit.html, -k, -n, … (`pytest -p
    unsettled.reports.plugin --help` lists the audit's options). Exit codes are those of pytest.
    """
    import pytest

    from unsettled.claims.ledger.load import PAPER
    from unsettled.claims.options import OPTIONS
    from unsettled.measure.errors import UserError

    # an option that is not ours is taken for the argument where no ledger stands before it
    given = [word for word in (ledger, *context.args) if word is not None]
    if ledger is not None and not ledger.startswith("-"):
        given = ["--ledger", *given]
    elif late := [word for before, word in itertools.pairwise(given) if word.endswith(".toml") and before not in ("--ledger", "-c")]:
        raise UserError("the ledger comes first", where=late[0], hint=f"unsettled audit {late[0]} …")
    elif not any(word.split("=")[0] in ("--ledger", "--paper") for word in given):
        given = ["--ledger", str(PAPER), *given]
    try:
        code = pytest.main(["-p", PLUGIN, *given])
    except ValueError as error:  # another plugin has an option of the same name
        raise UserError(f"pytest cannot take the options of the audit: {error}", hint="-p no:NAME leaves that plugin out") from None
    if code == pytest.ExitCode.USAGE_ERROR:
        flags = [flag for flag, _ in OPTIONS] + ["--report"]
        for word in (word.split("=")[0] for word in given if word.startswith("--")):
            if word not in flags and (near := difflib.get_close_matches(word, flags, n=1)):
                typer.echo(f"did you mean {near[0]} instead of {word}?", err=True)
    raise typer.Exit(int(code))


@app.command()
def report(
    file: AuditFile,
    out: Annotated[list[Path], typer.Option(help="A file to write: .html, .md, .sarif, .tex, .csv, …; repeatable.")],
    baseline: Annotated[Path | None, typer.Option(help="Report deviations from this baseline.")] = None,
) -> None:
    """Render an audit that was written before, from its file alone; nothing is measured or judged again."""
    from unsettled.claims.audit.audit import read_audit
    from unsettled.claims.audit.baseline import read_baseline
    from unsettled.claims.audit.changes import changes
    from unsettled.measure.support.figures import size
    from unsettled.measure.support.text import harmless
    from unsettled.reports.renderings import targets, write_report

    found = read_audit(file)
    paths = targets(out, Path.cwd())
    if baseline:
        held = read_baseline(baseline)
        found = found.model_copy(update={"compared": len(held.locked), "changes": changes(found.verdicts, held)})
    for given, path in zip(out, paths, strict=True):
        typer.echo(harmless(f"{given}, {size(write_report(found, path))}"))


@app.command()
def figures(
    records: Annotated[list[str], typer.Argument(metavar="[NAME=]RECORD…", help="Records; NAME is what its files are called.")],
    out: Annotated[Path, typer.Option(help="The folder for the figures; it is made.")],
    audit: Annotated[Path | None, typer.Option(help="Draw the forest plot of this audit too.")] = None,
    kinds: Annotated[str, typer.Option(help="Formats, with commas between them.")] = "pdf,svg,png",
) -> None:
    """Draw every picture of the paper as PDF, SVG and PNG, with captions. Equal records give equal bytes."""
    from unsettled.claims.audit.audit import read_audit
    from unsettled.measure.analysis.portrait import portrait_of
    from unsettled.measure.support.progress import progress
    from unsettled.measure.support.text import harmless
    from unsettled.reports.figures.figures import (
        PICTURES,
        draw_forest,
        draw_portrait,
        figure_kinds,
        make_folder,
        named_records,
        write_captions,
    )

    chosen, loaded = figure_kinds(kinds), named_records(records)
    judged = read_audit(audit) if audit else None
    make_folder(out)
    captions: dict[str, str] = {}
    with progress("figures", len(PICTURES) * len(loaded) + (judged is not None)) as advance:
        for name, record in loaded.items():
            for stem, caption in draw_portrait(portrait_of(name, record), out, kinds=chosen):
                captions[stem] = caption
                advance(1)
        for stem, caption in draw_forest(judged, out, kinds=chosen) if judged is not None else ():
            captions[stem] = caption
            advance(1)
    write_captions(captions, out)
    for stem, caption in captions.items():
        typer.echo(harmless(f"{out / stem}: {caption}"))


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="A record.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """Compare two records: settings, fingerprints, rows, outcomes, quantities. Exit code 1 if they differ beyond noise."""
    import os
    import shutil
    import sys

    from pydantic import TypeAdapter

    from unsettled.measure.record.difference import Difference, difference
    from unsettled.measure.record.parquet import read_record
    from unsettled.reports.text.difference import render

    found = difference(read_record(first), read_record(second))
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    if as_json:
        typer.echo(TypeAdapter(Difference).dump_json(found, indent=1))
    else:
        typer.echo(render(found, first=str(first), second=str(second), width=shutil.get_terminal_size().columns, colour=colour))
    if found.beyond_noise:
        raise typer.Exit(1)


@app.command()
def crate(
    record: Annotated[Path, typer.Argument(help="A record; the files beside it that it was measured from are described too.")],
    name: Annotated[str | None, typer.Option(help="What the crate is called; the name of its folder by default.")] = None,
    licence: Annotated[str, typer.Option("--license", help="URL of the licence of the files.")] = "https://spdx.org/licenses/MIT",
    author: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    publisher: Annotated[str | None, typer.Option(help="The organisation that publishes it.")] = None,
    published: Annotated[str | None, typer.Option(help="Date of publication, YYYY-MM-DD; today by default.")] = None,
) -> None:
    """Write `ro-crate-metadata.json` beside a record: its folder becomes an RO-Crate 1.1 that archives can read."""
    from unsettled.reports.exchange.ro_crate import write_crate

    typer.echo(write_crate(record, name=name, licence=licence, published=published, author=author, publisher=publisher))


@app.command("compare-accounts")
def compare_accounts(
    record: Annotated[list[str] | None, typer.Option(metavar="NAME=PATH", help="A record of your own, as population NAME.")] = None,
    references: References = None,
    population: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this population; may be repeated.")] = None,
    markdown: Annotated[bool, typer.Option(help="Write Markdown tables instead.")] = False,
    as_json: Json = False,
) -> None:
    """Where papers about the same runs contradict each other: what each predicts, and what every population shows."""
    import json

    from rich.console import Console
    from rich.table import Table

    from unsettled.claims.audit.accounts import answers
    from unsettled.claims.explanation.pages import unknown
    from unsettled.claims.ledger.load import load_ledger
    from unsettled.claims.populations.inputs import read_inputs
    from unsettled.claims.populations.populations import discover
    from unsettled.measure.support.text import harmless
    from unsettled.reports.findings.accounts import account_grids, as_table
    from unsettled.reports.findings.grid import render

    everyone = [p for p in discover(read_inputs(records=record or (), references=references), load_ledger()) if p.record is not None]
    names = [p.name for p in everyone]
    for name in population or ():
        if name not in names:
            raise unknown("population", name, names)
    found = answers([p for p in everyone if not population or p.name in population])
    if as_json:
        typer.echo(json.dumps(as_table(found), indent=1, ensure_ascii=False, allow_nan=False))
        return
    grids = account_grids(found)
    if markdown:
        typer.echo(render(grids, ""))
        return
    console = Console(highlight=False, markup=False)
    for grid in grids:
        console.print(harmless(f"\n{grid.title}"), style="bold")
        # on a terminal the populations are rows: a line for each side and population
        table = Table(*("population", *(row[0] for row in grid.rows)), box=None, pad_edge=False)
        for column in table.columns:
            column.overflow = "fold"
        for place, name in enumerate(grid.head[2:], start=2):
            table.add_row(*map(harmless, (name, *(row[place] for row in grid.rows))))
        console.print(table)
