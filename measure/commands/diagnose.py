"""`unsettled follow` and `unsettled diagnose`: long rollouts beside a record, and how the runs of a checkpoint fail.

Its entry point also brings the probes: `unsettled few-unknown` and `unsettled disturb`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unsettled.measure.commands import options, probe
from unsettled.measure.commands.groups import grouped

app = typer.Typer()
app.registered_commands += probe.app.registered_commands

PLAIN_WIDTH = 80


@app.command()
@grouped
def follow(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    out: Annotated[Path, typer.Option(help="The side record to write; diagnose finds it as long.parquet in the folder of the record.")],
    segments: Annotated[int, typer.Option(help="Segments of every puzzle's rollout.")] = 64,
    deep: Annotated[int, typer.Option(help="Segments until which the unsolved are followed further; 0: none.")] = 256,
    deep_every: Annotated[int, typer.Option(help="Follow only one in so many of the unsolved further.")] = 1,
    starts: Annotated[int, typer.Option(help="Other starts for the unsolved.")] = 4,
    controls: Annotated[int, typer.Option(help="Other starts also for one solved puzzle in so many.")] = 8,
    scale: Annotated[float, typer.Option(help="Noise of another start over the trained start's root mean square.")] = 1.0,
    k: Annotated[int, typer.Option(help="1 measures λ₁ along the rollout, at twice the cost; 0 does not.")] = 1,
    stop_at_rest: Annotated[
        float, typer.Option(help="Stop a run early once its relative displacement falls below this, e.g. 1e-6; needs --k 0.")
    ] = 0.0,
    sample: options.SampleOptions,
    seed: options.Seed = 0,
    batch: options.Batch = 8,
    network: options.NetworkOptions,
    noise_seed: options.NoiseSeed = None,
    examples: options.ExampleOptions,
    workers: options.WorkerOptions,
    again: options.Again = False,
) -> None:
    """Follow a checkpoint far beyond its usual rollout, from several starts, and keep how its runs end. Resumes."""
    from unsettled.measure.campaign.long import measure_long
    from unsettled.measure.campaign.long_stages import LongSettings
    from unsettled.measure.commands import inputs
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.support.progress import progress

    options.refuse_folder(out)
    settings = LongSettings(
        segments=segments,
        deep=deep,
        deep_every=deep_every,
        starts=starts,
        controls=controls,
        scale=scale,
        k=k,
        batch=batch,
        seed=seed,
        noise_seed=noise_seed or 0,
        stop_at_rest=stop_at_rest,
    )
    keep_freed_memory()
    loaded = inputs.network(checkpoint, network)
    chosen = inputs.examples(puzzles, examples, sample)
    with inputs.workers(workers) as pool, progress("puzzles", len(chosen)) as advance:
        side = measure_long(loaded, chosen, out, settings, if_whole=inputs.if_whole(again), workers=pool, advance=advance)
    typer.echo(f"{out}: {len(side)} puzzles")


@app.command()
def diagnose(
    place: Annotated[Path, typer.Argument(help="A folder with record.parquet, or a record; long.parquet beside it is read too.")],
    json_out: Annotated[Path | None, typer.Option("--json", help="Also write all figures into this file.")] = None,
    rest: Annotated[
        float | None, typer.Option(help="Relative displacement below which a state counts as converged; Otsu's threshold by default.")
    ] = None,
) -> None:
    """How the runs of a checkpoint fail: early windows, confident failures, calibration, thresholds, first-passage times, labels."""
    import json
    import math
    import shlex
    import shutil
    import sys

    from rich.console import Console

    from unsettled.measure.analysis.diagnosis import find, record_tables
    from unsettled.measure.analysis.diagnosis_text import show
    from unsettled.measure.errors import UserError
    from unsettled.measure.support.files import write_whole

    if rest is not None and not 0 < rest < math.inf:
        raise UserError(f"--rest is {rest}", hint="it must be a number above 0")
    record, side, beside = find(place)
    tables = record_tables(record)
    if side is not None:
        from unsettled.measure.analysis.diagnosis_long import long_tables

        tables += long_tables(side, record, rest)
    width = shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns if sys.stdout.isatty() else PLAIN_WIDTH
    show(tables, Console(width=max(PLAIN_WIDTH, width), markup=False, highlight=False, emoji=False))
    if side is None:
        folder = beside.parent
        names = [
            shlex.quote(str(folder / name)) if (folder / name).is_file() else name.split(".")[0].upper()
            for name in ("model.safetensors", "puzzles.parquet")
        ]
        typer.echo(
            f"times to solution, fates and labels need long rollouts: unsettled follow {' '.join(names)} --out {shlex.quote(str(beside))}"
        )
    if json_out is not None:
        figures = json.dumps([table.as_json() for table in tables], indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(json_out, figures + "\n", what="figures")
