"""`unsettled convergence`: how far the exponents of a checkpoint have converged over tangent seeds and over sweeps.

Its entry point also brings the other commands that look at derivatives: `unsettled spectrum`, `unsettled check-instrument`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from unsettled.measure.commands import instrument, options, spectrum
from unsettled.measure.commands.groups import grouped

app = typer.Typer()
app.registered_commands += spectrum.app.registered_commands + instrument.app.registered_commands


@app.command()
@grouped
def convergence(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    k: options.Exponents = 8,
    segments: options.Segments = 16,
    seeds: Annotated[int, typer.Option(min=2, help="Tangent seeds to compare.")] = 2,
    sweeps: Annotated[int, typer.Option(min=1, help="Sweeps of subspace iteration.")] = 3,
    limit: options.Limit = 16,
    sample_seed: options.SampleSeed = None,
    seed: options.Seed = 0,
    structure: options.StructureOptions,
    split: options.Split = "test",
    task: options.Task = None,
    columns: options.Columns = None,
) -> None:
    """Compare QR exponents over tangent seeds, and finite-time exponents from singular values over sweeps."""
    from rich.console import Console
    from rich.table import Table

    from unsettled.measure.commands import inputs
    from unsettled.measure.networks.fit import fit
    from unsettled.measure.rollout.convergence import network_convergence
    from unsettled.measure.support.memory import keep_freed_memory

    keep_freed_memory()
    loaded = inputs.load(checkpoint, structure)
    examples = options.ExampleOptions(split=split, task=task, columns=columns)
    chosen = inputs.examples(puzzles, examples, options.SampleOptions(limit, sample_seed))
    fit(loaded.model, chosen, trained_on=loaded.task, where=loaded.path)
    found = network_convergence(loaded.model, chosen, k=k, segments=segments, seed=seed, seeds=seeds, sweeps=sweeps)
    table = Table("i", "QR", "over seeds ±", *(f"σ, {n} sweeps" for n in found.sweeps), "last rise", box=None)
    for i in range(k):
        table.add_row(
            str(i + 1),
            f"{found.seed_mean[i]:+.4f}",
            f"{found.seed_spread[i]:.4f}",
            *(f"{values[i]:+.4f}" for values in found.sweeps.values()),
            f"{found.last_rise[i]:.1e}",
        )
    Console(highlight=False).print(table)
    typer.echo(
        f"medians over {found.examples} puzzles, nats per segment over {segments} segments. QR: mean over seeds "
        f"{found.seeds}, ± largest minus smallest. σ: finite-time exponents from singular values."
    )
