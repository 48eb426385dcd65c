"""`unsettled few-unknown` and `unsettled disturb`: side records of easy questions, and of disturbed starts and solved states."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unsettled.measure.commands import options
from unsettled.measure.commands.groups import grouped

app = typer.Typer()


@app.command("few-unknown")
@grouped
def few_unknown(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    out: Annotated[Path, typer.Option(help="The side record; the audit finds it as few_unknown.parquet in the folder of the record.")],
    cells: Annotated[int, typer.Option(help="Cells that are left open, of those that each puzzle leaves open.", min=1)] = 1,
    segments: Annotated[int, typer.Option(help="Segments of every rollout.", min=1)] = 16,
    sample: options.SampleOptions,
    seed: Annotated[int, typer.Option(help="Seed of the cells.")] = 0,
    batch: options.Batch = 64,
    network: options.NetworkOptions,
    noise_seed: options.NoiseSeed = None,
    examples: options.ExampleOptions,
    workers: options.WorkerOptions,
    again: options.Again = False,
) -> None:
    """Fill Sudoku puzzles in but for one cell, run them, and keep which are right after each segment. Resumes."""
    from unsettled.measure.campaign.probes import probe_unknown
    from unsettled.measure.commands import inputs
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.support.progress import progress

    options.refuse_folder(out)
    keep_freed_memory()
    loaded = inputs.network(checkpoint, network)
    chosen = inputs.examples(puzzles, examples, sample)
    with inputs.workers(workers) as pool, progress("puzzles", len(chosen)) as advance:
        side = probe_unknown(
            loaded,
            chosen,
            out,
            unknown=cells,
            segments=segments,
            seed=seed,
            batch=batch,
            noise_seed=noise_seed,
            if_whole=inputs.if_whole(again),
            workers=pool,
            advance=advance,
        )
    wrong = int((side["solved_at"][:, -1] == 0).sum())
    typer.echo(f"{out}: {wrong} of {len(side)} boards with {cells} unknown are wrong after {segments} segments")


@app.command()
@grouped
def disturb(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    out: Annotated[Path, typer.Option(help="The side record; the audit finds it as disturbed.parquet in the folder of the record.")],
    radii: Annotated[str, typer.Option(help="Noise over the state's root mean square, 0 among them.")] = "0,0.1,0.3,1,3",
    segments: Annotated[int, typer.Option(help="Segments of every rollout, and of what follows a state that was put in.", min=1)] = 16,
    sample: options.SampleOptions,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 1,
    batch: options.Batch = 64,
    network: options.NetworkOptions,
    noise_seed: options.NoiseSeed = None,
    examples: options.ExampleOptions,
    workers: options.WorkerOptions,
    again: options.Again = False,
) -> None:
    """Retention and basin: run from disturbed starts, and go on from solved states that were disturbed. Resumes."""
    from unsettled.measure.campaign.probes import probe_disturbed
    from unsettled.measure.commands import inputs
    from unsettled.measure.errors import UserError
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.support.progress import progress

    options.refuse_folder(out)
    try:
        wanted = tuple(float(part) for part in radii.split(","))
    except ValueError:
        raise UserError(f"--radii is {radii!r}", hint="numbers such as 0,0.1,1") from None
    keep_freed_memory()
    loaded = inputs.network(checkpoint, network)
    chosen = inputs.examples(puzzles, examples, sample)
    with inputs.workers(workers) as pool, progress("puzzles", len(chosen)) as advance:
        side = probe_disturbed(
            loaded,
            chosen,
            out,
            radii=wanted,
            segments=segments,
            seed=seed,
            batch=batch,
            noise_seed=noise_seed,
            if_whole=inputs.if_whole(again),
            workers=pool,
            advance=advance,
        )
    put = side["put_in"].astype(bool)
    typer.echo(f"{out}: {len(side)} puzzles, {int(put.sum())} solved states put in")
    for place, radius in enumerate(wanted):
        typer.echo(f"  radius {radius:g}: {int(side['start_solved'][:, place].sum())} solved, {int(side['held'][put, place].sum())} held")
