"""`unsettled puzzles …`: generates, converts, rates, splits and compares puzzle sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from unsettled.measure.commands import options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unsettled.measure.tasks.examples import Examples
    from unsettled.measure.tasks.sudoku.boards import PuzzleSet

app = typer.Typer(name="puzzles", help="Generate, convert, rate, split and compare puzzle sets.", no_args_is_help=True)

GENERATED_AT_ONCE = 256

Source = Annotated[Path, typer.Argument(help="A folder in the published layout, a CSV, or a Parquet file.")]
Canonical = Annotated[bool, typer.Option(help="Parquet: add the hash that equivalent puzzles share.")]


@app.command()
def generate(
    count: Annotated[int, typer.Option(help="Number of puzzles.", min=1)],
    out: Annotated[Path, typer.Option(help="A .parquet file (mazes: .csv as well), or a folder for the published layout.")],
    box: Annotated[str | None, typer.Option(help="Sudoku: rows x columns of one box: 2x2, 2x3, 3x3, …")] = None,
    maze: Annotated[int | None, typer.Option(help="Mazes of this odd side instead of Sudoku, rated by the steps of their path.")] = None,
    steps: Annotated[str, typer.Option(help="Mazes: LOW:HIGH steps of the shortest path.")] = "0:1000000",
    seed: Annotated[int, typer.Option(help="Seed: the same puzzles on every machine.")] = 0,
    extra_clues: Annotated[str, typer.Option(help="LOW:HIGH clues beyond the minimal puzzle, uniform.")] = "0:0",
    split: options.Split = "test",
    canonical: Canonical = True,
) -> None:
    """Generate puzzles with exactly one solution, rated by search nodes; or mazes with one shortest path."""
    from unsettled.measure.errors import UserError
    from unsettled.measure.support.progress import progress
    from unsettled.measure.tasks.sudoku import solving
    from unsettled.measure.tasks.sudoku.boards import Box

    if (box is None) == (maze is None):
        raise UserError("what is to be generated?", hint="--box 3x3 for Sudoku, or --maze 9 for mazes")
    if maze is not None:
        from unsettled.measure.tasks.maze.generate import Source as Mazes
        from unsettled.measure.tasks.maze.generate import generate as generate_mazes

        shortest, longest = parse_range(steps)
        made = generate_mazes(Mazes(side=maze, shortest=shortest, longest=longest), count, seed=seed)
        _write_mazes(made, out, split=split)
        return
    assert box is not None
    board, clues = Box.parse(box), parse_range(extra_clues)
    _check_target(out)
    with progress("generate", count) as advance:
        pieces = []
        for first in range(0, count, GENERATED_AT_ONCE):
            size = min(GENERATED_AT_ONCE, count - first)
            pieces.append(solving.generate(board, size, seed=seed, extra_clues=clues, first=first))
            advance(size)
    _write(pieces, count, out, split=split, canonical=canonical)


@app.command()
def convert(
    source: Source,
    target: Annotated[Path, typer.Argument(help="A .parquet file, or a folder for the published layout.")],
    split: options.Split = "test",
    limit: Annotated[int | None, typer.Option(help="Only this many puzzles, the first ones.")] = None,
    sample_seed: options.SampleSeed = None,
    canonical: Canonical = True,
    task: options.Task = None,
    columns: options.Columns = None,
    several: Annotated[
        Literal["refuse", "valid"] | None,
        typer.Option(help="Look whether each Sudoku has one solution, refuse others or take them, and keep equivalent ones as a group."),
    ] = None,
) -> None:
    """Convert puzzles or mazes, checking every one; Sudoku is read and written piece by piece, unless it is looked at whole."""
    import numpy as np

    from unsettled.measure.commands import inputs
    from unsettled.measure.tasks.published import split_at
    from unsettled.measure.tasks.read import count_puzzles, iterate_puzzles, read_puzzles
    from unsettled.measure.tasks.reading import read_examples, task_at
    from unsettled.measure.tasks.tables import parse_columns
    from unsettled.measure.tasks.write import grouped

    if (task or task_at(source, split)) == "maze":
        _write_mazes(read_examples(source, split=split, limit=limit, seed=sample_seed, task=task).examples, target, split=split)
        return
    _check_target(target)
    pieces: Iterable[PuzzleSet]
    named = parse_columns(columns) if columns else None
    dependent = (found := split_at(source, split)) is not None and len(np.unique(groups := found.dependence()[1])) < len(groups)
    if several is not None or dependent:
        reading = read_examples(source, split=split, limit=limit, seed=sample_seed, columns=named, several=several)
        inputs.say(reading.notes)
        whole = cast("PuzzleSet", reading.examples)
        _write([whole if _is_parquet(target) else grouped(whole)], len(whole), target, split=split, canonical=canonical, groups=True)
        return
    if limit is None:
        pieces, count = iterate_puzzles(source, split=split, columns=named), count_puzzles(source, split=split, columns=named)
    else:
        chosen = read_puzzles(source, split=split, limit=limit, seed=sample_seed, columns=named)
        pieces, count = [chosen], len(chosen)
    _write(pieces, count, target, split=split, canonical=canonical)


@app.command()
def rate(
    source: Source,
    target: Annotated[Path, typer.Argument(help="The .parquet file to write; the published layout has no ratings.")],
    split: options.Split = "test",
    canonical: Canonical = True,
) -> None:
    """Replace ratings by the number of search nodes our solver needs; refuses puzzles without exactly one solution."""
    from unsettled.measure.errors import UserError
    from unsettled.measure.tasks.read import count_puzzles, iterate_puzzles
    from unsettled.measure.tasks.sudoku import solving

    if not _is_parquet(target):
        raise UserError("the published layout has no place for ratings", where=target, hint="name a .parquet file")

    def rated() -> Iterable[PuzzleSet]:
        first = 0
        for piece in iterate_puzzles(source, split=split):
            yield piece.changed(rating=solving.rate(piece.inputs, piece.box, first=first))
            first += len(piece)

    _write(rated(), count_puzzles(source, split=split), target, split=split, canonical=canonical)


@app.command("split")
def split_(
    source: Source,
    out: Annotated[Path, typer.Argument(help="Folder for train, test and hard.")],
    held_out: Annotated[int, typer.Option(help="Puzzles in test, drawn at random.", min=0)],
    hard: Annotated[int, typer.Option(help="Puzzles in hard, the hardest ones.", min=0)] = 0,
    by: Annotated[str, typer.Option(help="Hard by rating (highest) or by givens (fewest).")] = "rating",
    seed: Annotated[int, typer.Option(help="Seed of the random sample.")] = 0,
    split: options.Split = "test",
    published: Annotated[bool, typer.Option(help="Write the published layout instead of Parquet files.")] = False,
) -> None:
    """Split into train, test and hard so that no two puzzles are equivalent, neither across nor within."""
    from unsettled.measure.support.progress import progress
    from unsettled.measure.tasks.read import read_puzzles
    from unsettled.measure.tasks.sudoku import partition
    from unsettled.measure.tasks.sudoku.symmetry import hash_in_pieces

    puzzles = read_puzzles(source, split=split)
    with progress("compare", len(puzzles)) as advance:
        canonical = hash_in_pieces(puzzles, advance)
    parts = partition.partition(puzzles, canonical, held_out=held_out, hard=hard, by=by, seed=seed)
    typer.echo(f"{parts.dropped:,} of {len(puzzles):,} puzzles were equivalent to an earlier one and are left out")
    for name in ("train", "test", "hard"):
        if len(part := getattr(parts, name)):
            _write([part], len(part), out if published else out / f"{name}.parquet", split=name, canonical=True)


@app.command()
def overlap(
    first: Source,
    second: Source,
    first_split: Annotated[str, typer.Option(help="Split of the first set, if it is a folder.")] = "train",
    second_split: Annotated[str, typer.Option(help="Split of the second set, if it is a folder.")] = "test",
) -> None:
    """Count puzzles of the second set that are equivalent to one of the first; exit code 1 if there are any."""
    from unsettled.measure.support.progress import progress
    from unsettled.measure.tasks.read import read_puzzles
    from unsettled.measure.tasks.sudoku import partition
    from unsettled.measure.tasks.sudoku.symmetry import hash_in_pieces

    sets = read_puzzles(first, split=first_split), read_puzzles(second, split=second_split)
    with progress("compare", sum(map(len, sets))) as advance:
        shared = partition.overlap(*(hash_in_pieces(puzzles, advance) for puzzles in sets))
    typer.echo(f"{shared.sum():,} of {len(shared):,} puzzles in {second} are equivalent to one of {len(sets[0]):,} in {first}")
    if shared.any():
        typer.echo("ids: " + ", ".join(map(str, sets[1].ids[shared][:10])))
        raise typer.Exit(1)


def parse_range(text: str) -> tuple[int, int]:
    """``"0:8"`` as (0, 8); a single number stands for both ends."""
    from unsettled.measure.errors import UserError

    low, separator, high = text.partition(":")
    if not (low.isdecimal() and (high.isdecimal() or not separator)):
        raise UserError(f"{text!r} is not a range of clues", hint="write LOW:HIGH, e.g. 0:8")
    return int(low), int(high or low)


def _is_parquet(target: Path) -> bool:
    return target.suffix == ".parquet"


def _check_target(target: Path) -> None:
    """Before any work: the target can be written."""
    from unsettled.measure.errors import UserError

    if _is_parquet(target) and target.is_dir():
        raise UserError("is a folder", where=target, hint="name a file to write")
    if not _is_parquet(target) and (target.suffix or target.is_file()):
        raise UserError("is neither a .parquet file nor a folder", where=target, hint="those two can be written")


def _write_mazes(mazes: Examples, target: Path, *, split: str) -> None:
    """Writes mazes as CSV or in the published layout, by the target's name."""
    from unsettled.measure.errors import UserError
    from unsettled.measure.tasks.maze.write import write_maze_csv, write_maze_parquet
    from unsettled.measure.tasks.write import grouped, write_published

    if target.suffix == ".csv" and not target.is_dir():
        write_maze_csv(mazes, target, source="unsettled")
    elif _is_parquet(target) and not target.is_dir():
        write_maze_parquet(mazes, target)
    elif not target.suffix and not target.is_file():
        write_published(grouped(mazes), target, split)
    else:
        raise UserError("is neither a .csv or .parquet file nor a folder", where=target, hint="mazes are written as those three")
    typer.echo(f"{len(mazes):,} mazes → {target if target.suffix else target / split}")


def _write(pieces: Iterable[PuzzleSet], count: int, target: Path, *, split: str, canonical: bool, groups: bool = False) -> None:
    """Writes to Parquet or to the published layout, by the target's name, with a bar and a closing line."""
    from unsettled.measure.support.progress import progress
    from unsettled.measure.tasks.read import write_parquet, write_published

    _check_target(target)
    with progress(f"write {target.name}", count) as advance:
        if _is_parquet(target):
            write_parquet(pieces, target, canonical=canonical, groups=groups, advance=advance)
        else:
            write_published(pieces, target, split, advance=advance)
    typer.echo(f"{count:,} puzzles → {target if _is_parquet(target) else target / split}")
