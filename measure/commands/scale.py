"""`unsettled merge`, `import` and `import-preds`: records from shards, from foreign tables, and from what HRM's evaluate wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unsettled.measure.commands import options
from unsettled.measure.commands.groups import grouped

app = typer.Typer()


@app.command()
def merge(
    folder: Annotated[Path, typer.Argument(help="The folder that `python -m unsettled.measure` wrote its shards to.")],
    out: options.RecordOut,
) -> None:
    """Join the shards of one measurement, when every puzzle is there exactly once and all of them agree."""
    from unsettled.measure.commands.records import show
    from unsettled.measure.scale.merge import merge as join

    options.refuse_folder(out)
    join(folder, out)
    show(out)


@app.command("import")
def import_table(
    table: Annotated[Path, typer.Argument(help="One row an example: CSV, JSON, JSON lines or Parquet.")],
    columns: Annotated[Path, typer.Option("--map", help="TOML that says which column is what (measure/IMPORT.md).")],
    out: options.RecordOut,
) -> None:
    """Turn a table of others into a record: what it tells is judged, claims on anything else stay unverifiable."""
    from unsettled.measure.commands.records import show
    from unsettled.measure.record.foreign import import_table as read
    from unsettled.measure.record.parquet import write_record

    options.refuse_folder(out)
    write_record(read(table, columns), out)
    show(out)


@app.command("import-preds")
@grouped
def import_preds(
    *,
    predictions: Annotated[list[Path], typer.Argument(help="step_N_all_preds.0, .1, …: the files of all ranks.")],
    out: options.RecordOut,
    checkpoint: Annotated[Path | None, typer.Option(help="What was evaluated; step_N beside the files otherwise.")] = None,
    puzzles: Annotated[Path | None, typer.Option(help="The puzzle set, for ids and ratings.")] = None,
    segments: options.Depth = None,
    structure: options.StructureOptions,
    weights: options.Weights = None,
    split: options.Split = "test",
) -> None:
    """Turn what HRM's evaluate wrote into a record of outcomes and last halting logits; other claims stay unverifiable."""
    from unsettled.measure.campaign.imported import checkpoint_beside, import_predictions
    from unsettled.measure.commands import inputs
    from unsettled.measure.commands.records import show
    from unsettled.measure.record.parquet import write_record
    from unsettled.measure.tasks.read import read_puzzles

    options.refuse_folder(out)
    path = checkpoint or checkpoint_beside(predictions[0])
    loaded = inputs.load(path, structure, weights)
    known = read_puzzles(puzzles, split=split) if puzzles else None
    write_record(import_predictions(predictions, loaded, puzzles=known, segments=inputs.depth(loaded, segments)), out)
    show(out)
