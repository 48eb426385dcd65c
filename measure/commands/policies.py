"""`unsettled policies` and `unsettled solve`: restarts against pruning against depth, and what comes of it on a user's puzzle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unsettled.measure.commands import options
from unsettled.measure.commands.groups import grouped

if TYPE_CHECKING:
    from unsettled.measure.policies.plan import Plan

app = typer.Typer()

PLAIN_WIDTH = 110  # of tables that go into a file

DrawSegments = Annotated[int, typer.Option(help="Segments of every draw.")]
DrawSeed = Annotated[int, typer.Option(help="Seed of the draws.")]
Scale = Annotated[float, typer.Option(help="Standard deviation of a random initial state.")]
Sigma = Annotated[float, typer.Option(help="Standard deviation of the noise on a perturbed carry, per segment.")]


@app.command("levers", hidden=True)  # its earlier name
@app.command()
@grouped
def policies(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    out: Annotated[
        Path, typer.Option(help="The side record of draws to write; the audit finds it as restarts.parquet in the folder of the record.")
    ],
    draws: Annotated[int, typer.Option(help="Draws per puzzle and kind of start.")] = 8,
    segments: DrawSegments = 16,
    depth: Annotated[int, typer.Option(help="Segments of the one long rollout.")] = 128,
    starts: Annotated[str, typer.Option(help="Kinds of restarts: symmetry, random, perturbed, digits.")] = "symmetry,random,perturbed",
    exponents: Annotated[str, typer.Option(help="Kinds along which λ₁ is measured; empty for none.")] = "symmetry",
    scale: Scale = 1.0,
    sigma: Sigma = 0.3,
    stop_at_rest: Annotated[
        float, typer.Option(help="Stop a draw early once its relative displacement falls below this, e.g. 1e-6; 0 runs all to the end.")
    ] = 0.0,
    minutes: Annotated[float | None, typer.Option(help="Processor minutes to spend; run the same command again to resume.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Write accuracy against compute as a PNG or SVG.")] = None,
    sample: options.SampleOptions,
    seed: DrawSeed = 0,
    device: options.Device = "cpu",
    batch: options.Batch = 32,
    network: options.NetworkOptions,
    examples: options.ExampleOptions,
    workers: options.WorkerOptions,
    again: options.Again = False,
) -> None:
    """Compare restarts, early pruning, halving and depth at equal compute, with selection rules that see no labels. Resumes."""
    from rich.console import Console

    from unsettled.measure.commands import inputs
    from unsettled.measure.errors import UserError
    from unsettled.measure.policies import budgets as report
    from unsettled.measure.policies import comparison, text
    from unsettled.measure.policies.gather import gather
    from unsettled.measure.policies.plot import plot_points
    from unsettled.measure.policies.selection import usual_rule
    from unsettled.measure.policies.table import table_of
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.support.progress import progress

    options.refuse_folder(out)
    if minutes is not None and not minutes > 0:
        raise UserError(f"--minutes is {minutes}, it must be above 0")
    if minutes is not None and (workers.engine is not None or workers.processes > 1):
        raise UserError("--minutes counts the time of this process alone", hint="leave it out with --engine and --processes")
    if figure is not None and figure.suffix not in (".png", ".svg"):
        raise UserError("a figure is a .png or .svg file", where=figure)
    plan = _plan(
        starts=_names(starts),
        exponents=_names(exponents),
        draws=draws,
        segments=segments,
        depth=depth,
        scale=scale,
        sigma=sigma,
        seed=seed,
        stop_at_rest=stop_at_rest,
        batch=batch,
        device=device,
    )
    keep_freed_memory()
    loaded = inputs.network(checkpoint, network)
    chosen = inputs.examples(puzzles, examples, sample)
    with inputs.workers(workers, device=device) as pool, progress("rollouts", len(chosen) * plan.rows) as advance:
        budget = None if minutes is None else 60 * minutes
        side = gather(loaded, chosen, out, plan, seconds=budget, if_whole=inputs.if_whole(again), workers=pool, advance=advance)
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    table, console = table_of(side), Console(width=width, markup=False, highlight=False, emoji=False)
    console.print(f"{len(table)} of {len(chosen)} puzzles; one segment is {table.updates} evaluations, one with λ₁ {2 * table.updates}")
    text.show_kinds(report.kinds(table), console)
    for kind in table.restarts:
        found = report.points(table, kind=kind)
        console.print(f"\nrestarts by {kind} starts", style="bold")
        text.show_points(found, console, segments=plan.segments)
        if draws >= 2 and len(table) >= 4:
            rollouts = max(1, draws // 2)
            rule = usual_rule(table.restarts[kind].signals)
            told = comparison.restarts_against_pruning(table, kind=kind, rule=rule, rollouts=rollouts)(0)
            console.print(text.difference_line(told, rule), soft_wrap=True)
        if figure is not None:
            picture = figure if len(table.restarts) == 1 else figure.with_stem(f"{figure.stem}-{kind}")
            plot_points(found, picture, title=f"{side.provenance.model.title}, {len(table)} puzzles, {kind} starts")
            console.print(f"figure: {picture}")
    if len(table) < len(chosen):
        console.print(f"{len(chosen) - len(table)} puzzles are left; run the same command again to resume")


def _plan(*, segments: int, **asked: Any) -> Plan:
    """How to draw, as asked. Raises UserError."""
    from pydantic import ValidationError

    from unsettled.measure.errors import UserError
    from unsettled.measure.policies.plan import Plan

    if segments < 2:
        raise UserError(f"--segments is {segments}", hint="policies are compared after several segments: give 2 or more")
    try:
        return Plan(segments=segments, **asked)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        option = f"--{problem['loc'][0]}: " if problem["loc"] else ""
        raise UserError(option + problem["msg"].removeprefix("Value error, ")) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@app.command()
@grouped
def solve(
    *,
    puzzle: Annotated[
        str, typer.Argument(help="81 cells (16, 36, … by the checkpoint), '.' or 0 blank; or a file of such lines or grids.")
    ],
    checkpoint: Annotated[Path, typer.Option(help="Checkpoint: a published file, a .safetensors file, or its folder.")],
    restarts: Annotated[int, typer.Option(help="Draws, side by side.")] = 8,
    select: Annotated[str, typer.Option(help="halting, displacement, exponent, majority, conflicts, consistent, first.")] = "halting",
    starts: Annotated[str, typer.Option(help="symmetry, random, perturbed or trained.")] = "symmetry",
    segments: DrawSegments = 16,
    scale: Scale = 1.0,
    sigma: Sigma = 0.3,
    seed: DrawSeed = 0,
    structure: options.StructureOptions,
) -> None:
    """Solve your own puzzle by restarts; shows the board as it evolves. Exit code 0: consistent with its clues, 1: not."""
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from unsettled.measure.networks.checkpoints import load_checkpoint
    from unsettled.measure.policies import text
    from unsettled.measure.policies.solve import solve as steps_of
    from unsettled.measure.rollout.rollout import board_of
    from unsettled.measure.rollout.starts import Starts
    from unsettled.measure.support.memory import keep_freed_memory
    from unsettled.measure.tasks.sudoku.typed import drawn, read_boards

    drawing = Starts(kind=starts, seed=seed, scale=scale, sigma=sigma)
    keep_freed_memory()
    model = load_checkpoint(checkpoint, H_cycles=structure.h_cycles, L_cycles=structure.l_cycles, heads=structure.heads).model
    box, failed = board_of(model), 0
    console = Console(markup=False, highlight=False, emoji=False)
    boards = read_boards(puzzle, box)
    for number, clues in enumerate(boards):
        if len(boards) > 1:
            console.print(f"puzzle {number + 1} of {len(boards)}")
        steps = steps_of(model, clues, starts=drawing, draws=restarts, segments=segments, rule=select, identity=number)
        if console.is_terminal:
            with Live(console=console, transient=True, auto_refresh=False) as live:
                for step in steps:
                    live.update(Group(text.board_text(step.board, clues, box), Text(text.step_line(step))), refresh=True)
            console.print(text.board_text(step.board, clues, box), end="")
        else:
            for step in steps:
                typer.echo(text.step_line(step))
            typer.echo("\n".join(drawn(step.board, box)))
        console.print(text.verdict_line(step), soft_wrap=True)
        failed += not step.consistent
    raise typer.Exit(1 if failed else 0)
