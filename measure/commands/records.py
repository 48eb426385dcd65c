"""`unsettled measure` and `unsettled show`: from a checkpoint and puzzles to a record, and what is in one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from unsettled.measure.commands import options
from unsettled.measure.commands.groups import grouped
from unsettled.measure.support.limits import PART_ROWS

if TYPE_CHECKING:
    from unsettled.measure.tasks.sudoku.vetted import Several

app = typer.Typer()


@app.command()
@grouped
def measure(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    out: options.RecordOut,
    run: options.RunOptions,
    network: options.NetworkOptions,
    noise_seed: options.NoiseSeed = None,
    examples: options.ExampleOptions,
    declared: options.DeclaredFile = None,
    workers: options.WorkerOptions,
    again: options.Again = False,
) -> None:
    """Measure a network on examples: exponents, displacement, confidence and outcome, one row an example. Resumes."""
    import time

    from unsettled.measure.campaign import noise
    from unsettled.measure.campaign import run as campaign
    from unsettled.measure.commands import inputs
    from unsettled.measure.record.declared import read_declared
    from unsettled.measure.support.memory import keep_freed_memory, peak_memory_mib
    from unsettled.measure.support.progress import progress

    options.refuse_folder(out)
    begun = time.monotonic()
    keep_freed_memory()
    loaded = inputs.network(checkpoint, network)
    settings = inputs.settings(loaded, run, noise_seed)
    chosen = inputs.examples(puzzles, examples, run.sample)
    settings["declared"] = read_declared(declared) if declared else None
    noise_rows = min(run.noise_rows, len(chosen))
    total = len(chosen) + noise.FLOOR_PASSES * noise_rows
    with inputs.workers(workers, device=run.device) as pool, progress("puzzles", total) as advance:
        floor = noise.FloorOfSample(loaded, chosen, rows=noise_rows, workers=pool, advance=advance) if noise_rows else None
        campaign.measure(loaded, chosen, out, **settings, noise=floor, if_whole=inputs.if_whole(again), workers=pool, advance=advance)
    show(out)
    minutes, memory = (time.monotonic() - begun) / 60, peak_memory_mib()
    typer.echo(f"this call took {minutes:.1f} minutes" + (f", at most {memory:,} MiB of memory" if memory else ""), err=True)


@app.command("noise")
def measure_noise(
    record: Annotated[Path, typer.Argument(help="A record that was measured before; its noise is written into it.")],
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    rows: Annotated[int, typer.Option(min=1, help="Evenly spread rows to measure again.")] = 32,
    heads: options.Heads = None,
    network: options.Network = None,
    split: options.Split = "test",
    columns: options.Columns = None,
) -> None:
    """Measure the numerical noise of an existing record: other batch, last bits, precision, and tangent starts."""
    from unsettled.measure.campaign import noise
    from unsettled.measure.commands import inputs
    from unsettled.measure.record.parquet import read_record, write_record
    from unsettled.measure.record.side import check_source
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.support.progress import progress

    keep_freed_memory()
    kept = read_record(record)
    facts = kept.provenance.model
    asked = options.NetworkOptions(h_cycles=facts.H_cycles or None, l_cycles=facts.L_cycles or None, heads=heads, network=network)
    loaded = inputs.network(checkpoint, asked)
    check_source(kept.provenance, loaded.tensors_digest, what="the record", where=checkpoint)
    how: Several = "valid" if kept.provenance.by_rule else "refuse"
    task = cast(options.TaskName, kept.provenance.task)  # another is refused where the examples are read
    chosen = inputs.examples(puzzles, options.ExampleOptions(split=split, task=task, columns=columns, several=how))
    sample = kept.take(noise.spread(len(kept), min(rows, len(kept))))
    with progress("rows", noise.FLOOR_PASSES * len(sample)) as advance:
        floor = noise.measure_floor(loaded, chosen, sample, advance=advance)
    write_record(kept.replace(provenance=kept.provenance.model_copy(update={"noise": floor})), record)
    show(record)


@app.command()
def parts(
    record: Annotated[Path, typer.Argument(help="A record, one file or a folder of parts.")],
    out: Annotated[Path, typer.Option(help="The folder to write the parts into; any command reads it as the record.")],
    rows: Annotated[int, typer.Option(min=1, help="Rows of a part.")] = PART_ROWS,
) -> None:
    """Copy a record into a folder of parts, one in memory at a time: for records of millions of rows, and for other engines."""
    from unsettled.measure.record.parquet import read_provenance, record_file
    from unsettled.measure.record.parts import split

    read_provenance(record)  # refuses what is no record
    written = split(record_file(record), out, rows=rows)
    typer.echo(f"{len(written)} parts in {out}")


@app.command()
def show(record: Annotated[Path, typer.Argument(help="A record written by `unsettled measure`.")], as_json: options.Json = False) -> None:
    """Print what a record holds: accuracy, failures, exponents and displacement by outcome, and its protocol card."""
    import json

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from unsettled.measure.analysis.summary import summarise
    from unsettled.measure.record.parquet import read_record
    from unsettled.measure.record.protocol import protocol

    def plain(text: str) -> Text:
        return Text("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))

    kept = read_record(record)
    if as_json:
        card_lines = {line.name: line.shown for line in protocol(kept)}
        about = kept.provenance.model_dump(mode="json")
        typer.echo(
            json.dumps({"summary": dict(summarise(kept)), "protocol": card_lines, "provenance": about}, indent=1, ensure_ascii=False)
        )
        return
    table = Table("what", "value", title=plain(record.name), title_justify="left")
    for what, value in summarise(kept):
        table.add_row(plain(what), plain(value))
    card = Table("protocol", "", title_justify="left")
    for line in protocol(kept):
        card.add_row(plain(line.name), plain(line.shown))
    Console().print(table, card)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A record, measured or imported.")],
    second: Annotated[Path, typer.Argument(help="Another one, of the same examples.")],
    unlike: Annotated[list[str] | None, typer.Option(help="A line of the protocol in which they may differ; repeatable.")] = None,
    as_json: options.Json = False,
) -> None:
    """Compare two networks on the same examples, example by example: outcomes, areas, exponents, displacement, confidence.

    Differences are first less second, each with a 95 % confidence interval and the smallest difference that as many examples
    would show. Records whose protocols differ are refused. (`unsettled diff` asks whether two records are the same measurement.)
    """
    from pydantic import TypeAdapter
    from rich.console import Console

    from unsettled.measure.analysis.diagnosis_text import show as draw
    from unsettled.measure.analysis.paired_comparison import PairedComparison, as_table, paired_comparison
    from unsettled.measure.record.parquet import read_record
    from unsettled.measure.statistics.references import references_of

    found = paired_comparison(read_record(first), read_record(second), unlike=unlike or ())
    if as_json:
        typer.echo(TypeAdapter(PairedComparison).dump_json(found, indent=1))
    else:
        console = Console(highlight=False)
        draw([as_table(found)], console)
        console.print("references: " + "; ".join(references_of(contrast.difference.method for contrast in found.contrasts)), style="dim")
