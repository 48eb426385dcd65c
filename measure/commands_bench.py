"""`unsettled bench`: the ratio table of the benchmark suite, saved, compared with a saved run, and plotted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def bench(
    parts: Annotated[list[str] | None, typer.Argument(help="Parts to run; --list names them. All by default.")] = None,
    list_parts: Annotated[bool, typer.Option("--list", help="Name the parts and what each measures.")] = False,
    repetitions: Annotated[int, typer.Option(help="Alternating repetitions of every figure.", min=1)] = 7,
    threads: Annotated[int, typer.Option(help="Threads of torch.", min=1)] = 1,
    save: Annotated[Path | None, typer.Option(help="Write the table as JSON.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Show the medians of a saved run beside these.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Only draw how cost grows with k, segments, size, puzzles: a PNG.")] = None,
) -> None:
    """Measure speed as ratios within one run, with medians and spread. Exit code 1 when a bar is missed."""
    import torch

    from unsettled.measure.bench import suite

    if list_parts:
        for name, part in suite.PARTS.items():
            print(f"{name:12} {part.about}")
        return
    torch.set_num_threads(threads)
    if plot is not None:
        suite.draw(plot, repetitions=repetitions)
        print(f"wrote {plot}")
        return
    chosen = suite.chosen(parts or [])
    before = suite.load(compare) if compare is not None else {}
    rows = suite.run(chosen, repetitions=repetitions)
    suite.show(rows, before)
    print(f"torch {torch.__version__}, {threads} thread(s); median [smallest, largest]; CPU time, not wall-clock time")
    if save is not None:
        suite.save(rows, save)
        print(f"wrote {save}")
    if any(row.holds is False for row in rows):
        raise typer.Exit(1)
