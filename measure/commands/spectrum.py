"""`unsettled spectrum`: one-step quantities of every example, beside a record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unsettled.measure.commands import options
from unsettled.measure.commands.groups import grouped

app = typer.Typer()


@app.command()
@grouped
def spectrum(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    out: Annotated[
        Path, typer.Option(help="The side record to write; the audit finds it as spectrum.parquet in the folder of the record.")
    ],
    at: Annotated[str, typer.Option(help="Segments after which singular value and radius are measured: last, all, or 4,8,16.")] = "last",
    tolerance: Annotated[float, typer.Option(help="Relative residual at which they count as converged.")] = 1e-4,
    most: Annotated[int, typer.Option(help="Products with the Jacobian for each, at most.")] = 64,
    segments: options.Depth = None,
    sample: options.SampleOptions,
    seed: Annotated[int, typer.Option(help="Seed of the iterations' start.")] = 0,
    device: options.Device = "cpu",
    dtype: Annotated[str, typer.Option(help="float64 or float32; of float32 the residual says what is left.")] = "float64",
    batch: options.Batch = 8,
    network: options.NetworkOptions,
    noise_seed: options.NoiseSeed = None,
    examples: options.ExampleOptions,
    workers: options.WorkerOptions,
    again: options.Again = False,
) -> None:
    """Gain along the motion, largest singular value and spectral radius of one segment, with residuals, into a side record. Resumes."""
    from unsettled.measure.campaign.spectrum import SpectrumSettings, measure_spectrum
    from unsettled.measure.commands import inputs
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.support.progress import progress

    options.refuse_folder(out)
    keep_freed_memory()
    loaded = inputs.network(checkpoint, network)
    depth = inputs.depth(loaded, segments)
    settings = SpectrumSettings(
        segments=depth,
        at=_segments(at, depth),
        tolerance=tolerance,
        most=most,
        batch=batch,
        seed=seed,
        noise_seed=noise_seed,
        device=device,
        dtype=dtype,
    )
    chosen = inputs.examples(puzzles, examples, sample)
    with inputs.workers(workers, device=device) as pool, progress("puzzles", len(chosen)) as advance:
        side = measure_spectrum(loaded, chosen, out, settings, if_whole=inputs.if_whole(again), workers=pool, advance=advance)
    missed = int((side["radius"] != side["radius"]).sum())
    typer.echo(f"{out}: {len(side)} puzzles; {missed} of {side['radius'].size} radii have not converged")


def _segments(at: str, depth: int) -> tuple[int, ...]:
    """The segments that ``--at`` names. Raises UserError for anything else."""
    from unsettled.measure.errors import UserError

    if at in ("last", "all"):
        return () if at == "last" else tuple(range(1, depth + 1))
    try:
        return tuple(int(part) for part in at.split(","))
    except ValueError:
        raise UserError(f"--at is {at!r}", hint="last, all, or segments such as 4,8,16") from None
