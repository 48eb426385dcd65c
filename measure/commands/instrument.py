"""`unsettled check-instrument`: whether a stated radius, singular value or exponent is one, and to how many digits."""

from __future__ import annotations

from typing import Annotated

import typer

from unsettled.measure.commands import options
from unsettled.measure.commands.groups import grouped

app = typer.Typer()


@app.command("check-instrument")
@grouped
def check(
    *,
    checkpoint: options.Checkpoint,
    puzzles: options.Puzzles,
    radius: Annotated[str | None, typer.Option(help="A stated spectral radius of one segment, as it is printed.")] = None,
    singular: Annotated[str | None, typer.Option(help="A stated largest singular value of one segment.")] = None,
    exponent: Annotated[str | None, typer.Option(help="A stated λ₁ over the first segments, nats per update.")] = None,
    example: Annotated[int | None, typer.Option(help="Id of the example; the first one otherwise.")] = None,
    segment: Annotated[int, typer.Option(min=1, help="The state after this segment; of an exponent, over so many.")] = 16,
    device: options.Device = "cpu",
    network: options.NetworkOptions,
    noise_seed: options.NoiseSeed = None,
    examples: options.ExampleOptions,
) -> None:
    """Hold a stated figure against exact derivatives, finite differences, coarser arithmetic, known slips. Exit code 1 if it fails."""
    from rich.console import Console
    from rich.table import Table

    from unsettled.measure.campaign.instrument import check_network_instrument
    from unsettled.measure.commands import inputs
    from unsettled.measure.errors import UserError
    from unsettled.measure.lyapunov.known_slips import Quantity

    stated: list[tuple[Quantity, str | None]] = [("radius", radius), ("singular", singular), ("exponent", exponent)]
    asked = [(quantity, figure) for quantity, figure in stated if figure is not None]
    if len(asked) != 1:
        raise UserError("say one stated figure", hint="--radius 1.2, --singular 27 or --exponent -0.31")
    ((quantity, figure),) = asked
    loaded = inputs.network(checkpoint, network)
    chosen = inputs.examples(puzzles, examples)
    found = check_network_instrument(loaded, chosen, quantity, example=example, segment=segment, noise_seed=noise_seed or 0, device=device)
    holds, why = found.against(figure)
    table = Table("how", "value", "residual", "digits right", box=None)
    for reading in found.readings:
        known = reading.residual == reading.residual
        table.add_row(reading.how, f"{reading.value:.10g}", f"{reading.residual:.0e}" if known else "–", str(found.digits_at(reading)))
    Console(highlight=False, width=None if Console().is_terminal else 100).print(table)
    if quantity == "radius":
        typer.echo(f"condition of the leading eigenvalue: {found.condition:.3g} (1: well conditioned)")
    typer.echo(why)
    if not holds:
        raise typer.Exit(1)
