"""`python -m unsettled.measure`: one rank of a measurement by several processes, started by torchrun, by srun, or alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

# `python -m` puts the working folder first, where `typer.py` or `torch.py` may lie: nothing of ours is there
if not sys.flags.safe_path and sys.path[:1] in ([""], [str(Path.cwd())]):
    del sys.path[0]

import typer

from unsettled.measure.commands import options
from unsettled.measure.commands.app import run as run_program
from unsettled.measure.commands.groups import grouped

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
@grouped
def rank(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    out: Annotated[Path, typer.Option(help="The folder of the shards; the same for all ranks. Then: unsettled merge.")],
    number: Annotated[int | None, typer.Option("--rank", help="This rank, where no starter tells.")] = None,
    ranks: Annotated[int | None, typer.Option(help="How many ranks there are, where no starter tells.")] = None,
    shards: Annotated[int | None, typer.Option(min=1, help="Shards, at the first start; as many as ranks by default.")] = None,
    run: options.RunOptions,
    network: options.NetworkOptions,
    noise_seed: options.NoiseSeed = None,
    examples: options.ExampleOptions,
    declared: options.DeclaredFile = None,
) -> None:
    """Measure this rank's shards of a puzzle set into a folder, one record a shard. Resumes, with any number of ranks."""
    from unsettled.measure.scale.ranks import device_of, rank_of

    me = rank_of(os.environ, number=number, of=ranks)

    from unsettled.measure.campaign.noise import FLOOR_PASSES
    from unsettled.measure.commands import inputs
    from unsettled.measure.record.declared import read_declared
    from unsettled.measure.scale.run import measure_shard, noise_rows_of, open_manifest
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.support.progress import progress

    keep_freed_memory()
    loaded = inputs.network(checkpoint, network)
    settings = inputs.settings(loaded, run, noise_seed)
    settings["device"] = device_of(run.device, me)
    settings["declared"] = read_declared(declared) if declared else None
    chosen = inputs.examples(puzzles, examples, run.sample)
    manifest = open_manifest(out, loaded, chosen, shards=shards or me.of, **settings)
    mine = me.share(manifest.shards)
    noisy = sum(noise_rows_of(shard, run.noise_rows, manifest.rows(shard)) for shard in mine)
    total = sum(manifest.rows(shard) for shard in mine) + FLOOR_PASSES * noisy
    with progress(f"puzzles of rank {me.number}", total, shown=me.local == 0) as advance:
        for shard in mine:
            measure_shard(out, manifest, shard, loaded, chosen, noise_rows=run.noise_rows, advance=advance, **settings)
    done = ", ".join(map(str, mine)) or "none: there are more ranks than shards"
    print(f"rank {me.number} of {me.of}: shards {done} (of {manifest.shards})", flush=True)


def main() -> None:
    """Entry point: a user's mistake is one line on standard error and exit code 2."""
    run_program(app)


if __name__ == "__main__":
    main()
