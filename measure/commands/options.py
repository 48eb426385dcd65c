"""The options of measuring, under one name each, and those that commands take together as groups (`groups.grouped`).

`unsettled measure` and `python -m unsettled.measure` take the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from unsettled.measure.errors import UserError

Checkpoint = Annotated[Path, typer.Argument(help="Checkpoint: a published file, a .safetensors file, or its folder.")]
Puzzles = Annotated[Path, typer.Argument(help="Puzzles: a folder in the published layout, a CSV, or our Parquet.")]
Exponents = Annotated[int, typer.Option(help="Leading Lyapunov exponents to measure.")]
Segments = Annotated[int, typer.Option(help="Segments of the rollout.")]
Depth = Annotated[
    int | None, typer.Option(min=1, help="Segments of the rollout; else what the configuration evaluates (halt_max_steps), else 16.")
]
Limit = Annotated[int | None, typer.Option(help="Measure only this many puzzles, the first ones.")]
SampleSeed = Annotated[int | None, typer.Option(help="With --limit: a random sample drawn with this seed.")]
Seed = Annotated[int, typer.Option(help="Seed of the tangent start.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, …")]
Dtype = Annotated[str, typer.Option(help="float32, float64 or bfloat16.")]
Batch = Annotated[int, typer.Option(help="Puzzles at a time; small ones stay in the cache.")]
QrEvery = Annotated[int, typer.Option(help="State updates between two QR steps.")]
NoiseRows = Annotated[int, typer.Option(min=0, help="Rows to re-measure for the numerical noise.")]
HCycles = Annotated[int | None, typer.Option(help="H_cycles, if no configuration tells.")]
LCycles = Annotated[int | None, typer.Option(help="L_cycles, if no configuration tells.")]
Heads = Annotated[int | None, typer.Option(help="Attention heads, if no configuration tells.")]
Network = Annotated[str | None, typer.Option(help="A network of your own, my_net.py:build: that file is run, and given the checkpoint.")]
NoiseSeed = Annotated[int | None, typer.Option(help="Seed of a stochastic network's frozen noise.")]
Weights = Annotated[
    Literal["ema", "raw"] | None, typer.Option(help="Averaged or raw weights, where the file holds both; averaged ones otherwise.")
]
TaskName = Literal["sudoku", "maze", "arc", "tokens"]
Task = Annotated[TaskName | None, typer.Option(help="What the examples are of; told by their content otherwise.")]
Columns = Annotated[str | None, typer.Option(help="Names of columns: question=quizzes,answer=solutions,rating=…,example_id=….")]
Several = Annotated[
    Literal["refuse", "valid"],
    typer.Option(help="Sudoku with several solutions: refuse it, or count every answer that breaks no rule as right."),
]
Processes = Annotated[int, typer.Option(min=1, help="Processes that share the parts, and the cores of this machine.")]
Engine = Annotated[Literal["ray"] | None, typer.Option(help="Let a Ray cluster measure, a part a task.")]
Address = Annotated[str | None, typer.Option(help="Of the cluster; without one, this machine's cores are used.")]
RecordOut = Annotated[Path, typer.Option(help="The record to write (Parquet).")]
Again = Annotated[bool, typer.Option("--again", help="Measure even where the output is whole and of these settings.")]
Split = Annotated[str, typer.Option(help="Split of a folder in the published layout.")]
DeclaredFile = Annotated[
    Path | None, typer.Option("--declared", help="What was declared before, as `unsettled lock` wrote it; the record carries it.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True)
class SampleOptions:
    """Which of the examples are taken: all, the first ones, or a random sample."""

    limit: Limit = None
    sample_seed: SampleSeed = None


@dataclass(frozen=True)
class RunOptions:
    """How `unsettled measure` and its ranks run a network, and on how many puzzles."""

    k: Exponents = 8
    segments: Depth = None
    limit: Limit = None
    sample_seed: SampleSeed = None
    seed: Seed = 0
    device: Device = "cpu"
    dtype: Dtype = "float32"
    batch: Batch = 8
    qr_every: QrEvery = 1
    noise_rows: NoiseRows = 0

    @property
    def sample(self) -> SampleOptions:
        """Which examples these are."""
        return SampleOptions(self.limit, self.sample_seed)


@dataclass(frozen=True)
class StructureOptions:
    """What the tensors of a checkpoint do not tell."""

    h_cycles: HCycles = None
    l_cycles: LCycles = None
    heads: Heads = None


@dataclass(frozen=True)
class NetworkOptions(StructureOptions):
    """Which network a checkpoint is."""

    weights: Weights = None
    network: Network = None


@dataclass(frozen=True)
class ExampleOptions:
    """What the examples at a path are, and how they are read."""

    split: Split = "test"
    task: Task = None
    columns: Columns = None
    several: Several = "refuse"


@dataclass(frozen=True)
class WorkerOptions:
    """Who measures: this process, several, or a cluster."""

    processes: Processes = 1
    engine: Engine = None
    address: Address = None


def refuse_folder(out: Path) -> None:
    """Raises UserError where a folder has the name of the file that a command is to write: before anything is measured."""
    if out.is_dir():
        raise UserError("is a folder", where=out, hint="name a file to write")
