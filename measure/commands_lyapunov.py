"""`unsettled lyapunov`: the estimator on known systems, its identities, and its convergence on a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unsettled.measure.errors import UserError

if TYPE_CHECKING:
    from unsettled.fixtures.comparison import Comparison

app = typer.Typer()

_BARS = "▁▂▃▄▅▆▇█"


@app.command()
def lyapunov(
    system: Annotated[str | None, typer.Option(help="A known system, ring-N, or 'all'.")] = None,
    list_systems: Annotated[bool, typer.Option("--list", help="Name the known systems and their traps.")] = False,
    identities: Annotated[bool, typer.Option("--identities", help="Worst error of every identity, by dtype.")] = False,
    checkpoint: Annotated[Path | None, typer.Option(help="Seed spread and sweep convergence on this network.")] = None,
    puzzles: Annotated[Path | None, typer.Option(help="With --checkpoint: its puzzles.")] = None,
    updates: Annotated[
        int | None, typer.Option(help="Length of the run; for 'all' 16 where the answer is exact at any time.", min=1)
    ] = None,
    batch: Annotated[int, typer.Option(help="Examples: starts of a system, or puzzles.", min=1)] = 16,
    segments: Annotated[int, typer.Option(help="With --checkpoint: segments of the rollout.", min=1)] = 16,
    k: Annotated[int | None, typer.Option(help="How many exponents.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Seed of starts and tangents.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="Write the convergence as a PNG.")] = None,
) -> None:
    """Run the Lyapunov estimator where the answer is known, or see how far it has converged on a network."""
    chosen = [system is not None, list_systems, identities, checkpoint is not None]
    if sum(chosen) != 1:
        raise UserError("say what to run", mend="one of --system NAME, --list, --identities, --checkpoint PATH")
    if list_systems:
        _list()
    elif identities:
        _identities()
    elif checkpoint is not None:
        if puzzles is None:
            raise UserError("a network needs puzzles to run on", mend="--puzzles PATH")
        _checkpoint(checkpoint, puzzles, batch=batch, segments=segments, k=k or 8, seed=seed)
    else:
        _systems(system, updates=updates, batch=batch, k=k, seed=seed, plot=plot)


def _systems(name: str, *, updates: int | None, batch: int, k: int | None, seed: int, plot: Path | None) -> None:
    from unsettled.fixtures.comparison import compare
    from unsettled.fixtures.systems import SYSTEMS
    from unsettled.fixtures.systems import system as named

    if name != "all":
        found = named(name)
        result = compare(found, updates=updates or min(found.updates, 2000), batch=batch, k=k, seed=seed)
        _print_comparisons([result])
        _print_convergence(result)
        _print_dimensions(result)
        for source in dict.fromkeys(line.source for line in result.lines if line.source):
            print(f"reference: {source}")
        print(f"trap: {found.trap}")
        if plot is not None:
            _draw(result, plot)
        failed = not all(line.agrees for line in result.lines)
    else:
        if plot is not None:
            raise UserError("a plot shows one system", mend="--system NAME --plot FILE")
        results = []
        for one in SYSTEMS.values():
            # as short as a network is measured where the answer is exact at any time, long where only the limit is known
            length = updates or (16 if one.finite else min(one.updates, 2000))
            results.append(compare(one, updates=length, batch=batch, k=k, seed=seed))
        _print_comparisons(results)
        failed = not all(line.agrees for result in results for line in result.lines)
    if failed:
        raise typer.Exit(1)


def _print_comparisons(results: list[Comparison]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("system", "T", "i", "reference", "measured", "±", "error", "allowed", "", box=None)
    for result in results:
        for line in result.lines:
            known = line.reference == line.reference
            table.add_row(
                result.system.name,
                str(result.updates),
                str(line.index or "Σ"),
                f"{line.reference:+.6f}" if known else "–",
                f"{line.measured:+.6f}",
                f"{line.standard_error:.0e}",
                f"{line.error:.1e}" if known else "–",
                f"{line.allowed:.1e}" if known else "–",
                ("✓" if line.agrees else "✗") if known else "",
            )
    Console(highlight=False).print(table)
    unit = "update; flows: per unit of time" if len(results) > 1 else results[0].unit
    print(f"nats per {unit}. {results[0].batch} starts; ± is one standard error over them, exact lines show the worst of them.")


def _print_convergence(result: Comparison) -> None:
    times = result.times.tolist()
    print(f"running estimate after {times[0]} … {times[-1]} updates (logarithmic):")
    for i, values in enumerate(result.running.T.tolist()):
        finite = [value for value in values if abs(value) != float("inf")]
        low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
        span = high - low if high - low > 1e-9 else 1.0  # rounding is no movement
        bars = "".join(" " if abs(value) == float("inf") else _BARS[round((value - low) / span * (len(_BARS) - 1))] for value in values)
        print(f"  λ{i + 1} {bars} {low:+.4f} … {high:+.4f}, last {values[-1]:+.4f}")


def _print_dimensions(result: Comparison) -> None:
    import torch

    from unsettled.measure.lyapunov.spectrum import kaplan_yorke, ks_entropy

    measured = torch.tensor([line.measured for line in result.lines if line.index], dtype=torch.float64)
    complete = len(measured) == result.system.size
    entropy = ks_entropy(measured, complete=complete)
    bound = "at least " if entropy.lower_bound else ""
    print(f"sum of positive exponents: {bound}{entropy.value.item():.6f} nats per {result.unit}")
    try:
        print(f"Kaplan–Yorke dimension: {kaplan_yorke(measured, complete=complete).item():.4f}")
    except UserError as error:
        print(f"Kaplan–Yorke dimension: refused, {error}")


def _draw(result: Comparison, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    references = {line.index: line.reference for line in result.lines}
    for i, values in enumerate(result.running.T.tolist()):
        (curve,) = axes.plot(result.times.tolist(), values, label=f"λ{i + 1}")
        axes.axhline(references[i + 1], color=curve.get_color(), linestyle=":", linewidth=1)
    axes.set(xscale="log", xlabel="updates", ylabel=f"nats per {result.unit}", title=result.system.title)
    axes.legend()
    try:
        figure.savefig(path, dpi=150, format="png")
    except OSError as error:
        raise UserError(f"cannot write the plot: {error.strerror}", where=path) from None
    finally:
        plt.close(figure)
    print(f"wrote {path}")


def _list() -> None:
    from rich.console import Console
    from rich.table import Table

    from unsettled.fixtures.systems import SYSTEMS

    table = Table("name", "d", "known", "system, and its trap", box=None)
    for one in SYSTEMS.values():
        known = "at any T" if one.finite else "sum at any T" if one.finite_sum else "in the long run"
        table.add_row(one.name, str(one.size), known, f"{one.title}. [dim]{one.trap}[/dim]")
    Console().print(table)


def _identities() -> None:
    import torch
    from rich.console import Console
    from rich.table import Table

    from unsettled.fixtures.identities import worst_errors

    table = Table(box=None)
    for name in ("identity", "systems", "float64", "float32", ""):
        table.add_column(name, no_wrap=True)
    table.add_column("statement")
    double, single = ({worst.identity.name: worst for worst in worst_errors(t)} for t in (torch.float64, torch.float32))
    failed = False
    for name, worst in double.items():
        both = [one for one in (worst, single.get(name)) if one is not None]
        holds = all(one.holds for one in both)
        failed |= not holds
        errors = [f"{one.error:.0e} ≤ {one.identity.tolerance(one.dtype):.0e}" for one in both] + ["–"]
        table.add_row(name, str(worst.systems), *errors[:2], "✓" if holds else "✗", worst.identity.statement)
    Console(highlight=False).print(table)
    print("worst error over the systems ≤ tolerance, in nats over a run of 2 to 6 updates.")
    if failed:
        raise typer.Exit(1)


def _checkpoint(checkpoint: Path, puzzles: Path, *, batch: int, segments: int, k: int, seed: int) -> None:
    from rich.console import Console
    from rich.table import Table

    from unsettled.measure.networks.checkpoints import load_checkpoint
    from unsettled.measure.rollout.convergence import network_convergence
    from unsettled.measure.tasks.read import read_puzzles

    loaded = load_checkpoint(checkpoint)
    report = network_convergence(loaded.model, read_puzzles(puzzles, limit=batch), k=k, segments=segments, seed=seed)
    columns = ["i", "QR", "over seeds ±", *[f"σ, {n} sweeps" for n in report.sweeps], "last rise"]
    table = Table(*columns, box=None)
    for i in range(k):
        table.add_row(
            str(i + 1),
            f"{report.seed_mean[i]:+.4f}",
            f"{report.seed_spread[i]:.4f}",
            *[f"{values[i]:+.4f}" for values in report.sweeps.values()],
            f"{report.last_rise[i]:.1e}",
        )
    Console(highlight=False).print(table)
    print(
        f"medians over {report.examples} puzzles, nats per segment over {segments} segments. QR: mean over seeds "
        f"{report.seeds}, ± largest minus smallest. σ: finite-time exponents from singular values."
    )
