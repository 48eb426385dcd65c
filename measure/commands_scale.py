"""`unsettled merge` and `unsettled import-preds`: records from shards, and from what HRM's evaluate wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from measure import options

app = typer.Typer()


@app.command()
def merge(
    folder: Annotated[Path, typer.Argument(help="The folder that `python -m measure` wrote its shards to.")],
    out: Annotated[Path, typer.Option(help="The record to write (Parquet).")],
) -> None:
    """Join the shards of one measurement, when every puzzle is there exactly once and all of them agree."""
    from measure.commands import show
    from measure.errors import UserError
    from measure.merge import merge as join

    if out.is_dir():
        raise UserError("is a folder", where=out, mend="name a file to write")
    join(folder, out)
    show(out)
