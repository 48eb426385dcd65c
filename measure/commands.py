"""`unsettled measure` and `unsettled show`: from a checkpoint and puzzles to a record, and what is in one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def measure(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint: a published file, a .safetensors file, or its folder.")],
    puzzles: Annotated[Path, typer.Argument(help="Puzzles: a folder in the published layout, a CSV, or our Parquet.")],
    out: Annotated[Path, typer.Option(help="The record to write (Parquet).")],
    k: Annotated[int, typer.Option(help="Leading Lyapunov exponents to measure.")] = 8,
    segments: Annotated[int, typer.Option(help="Segments of the rollout.")] = 16,
    limit: Annotated[int | None, typer.Option(help="Measure only this many puzzles, the first ones.")] = None,
    sample_seed: Annotated[int | None, typer.Option(help="With --limit: a random sample drawn with this seed.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the tangent start.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, …")] = "cpu",
    dtype: Annotated[str, typer.Option(help="float32, float64 or bfloat16.")] = "float32",
    batch: Annotated[int, typer.Option(help="Puzzles at a time; small ones stay in the cache.")] = 8,
    qr_every: Annotated[int, typer.Option(help="State updates between two QR steps.")] = 1,
    noise_rows: Annotated[int, typer.Option(help="Rows to re-measure for the numerical noise.")] = 0,
    h_cycles: Annotated[int | None, typer.Option(help="H_cycles, if no configuration tells.")] = None,
    l_cycles: Annotated[int | None, typer.Option(help="L_cycles, if no configuration tells.")] = None,
    heads: Annotated[int | None, typer.Option(help="Attention heads, if no configuration tells.")] = None,
    split: Annotated[str, typer.Option(help="Split of a folder in the published layout.")] = "test",
) -> None:
    """Measure a checkpoint on puzzles: exponents, displacement, halting and outcome, one row a puzzle. Resumes."""
    from measure import campaign, noise
    from measure.checkpoints import load_checkpoint
    from measure.errors import UserError
    from measure.progress import progress
    from measure.puzzles import read_puzzles

    if out.is_dir():
        raise UserError("is a folder", where=out, mend="name a file to write")
    loaded = load_checkpoint(checkpoint, H_cycles=h_cycles, L_cycles=l_cycles, heads=heads)
    chosen = read_puzzles(puzzles, split=split, limit=limit, seed=sample_seed)
    noise_rows = min(noise_rows, len(chosen))
    settings = dict(k=k, segments=segments, seed=seed, batch=batch, device=device, dtype=dtype, qr_every=qr_every)
    with progress("puzzles", len(chosen) + 3 * noise_rows) as advance:
        floor = noise.floor_of_sample(loaded, chosen, rows=noise_rows, advance=advance) if noise_rows else None
        campaign.measure(loaded, chosen, out, **settings, noise=floor, advance=advance)
    show(out)


@app.command()
def show(record: Annotated[Path, typer.Argument(help="A record written by `unsettled measure`.")]) -> None:
    """Print what a record holds: accuracy, failures, exponents and displacement by outcome."""
    from rich.console import Console
    from rich.table import Table

    from measure.record import read_record
    from measure.summary import summarise

    table = Table("what", "value", title=record.name, title_justify="left")
    for what, value in summarise(read_record(record)):
        table.add_row(what, value)
    Console().print(table)
