"""The comparison of policies as a figure: accuracy against compute. No torch."""

from __future__ import annotations

from pathlib import Path

from matplotlib import colormaps
from matplotlib.figure import Figure

from unsettled.measure.policies.budgets import Point
from unsettled.measure.support.pictures import write_figure

CURVES = (
    ("one long rollout", "first"),
    ("restarts", "halting"),
    ("restarts", "majority"),
    ("pruned by halting", "halting"),
    ("pruned by displacement", "halting"),
    ("pruned by exponent", "halting"),
    ("successive halving", "halting"),
    ("restart until confident", "halting"),
    ("stop at the first checked board", "consistent"),
    ("restarts", "oracle"),
)


def plot_points(points: list[Point], picture: Path, *, title: str) -> None:
    """Accuracy against compute, one line with its band for each of `CURVES`; a PNG or SVG by its suffix."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    colours = [colormaps["tab10"](index) for index in range(10)]
    for colour, (family, rule) in zip(colours, CURVES, strict=False):
        line = sorted(
            (p for p in points if p.rule == rule and (p.family == family or (family == "restarts" and p.family.endswith(" restarts")))),
            key=lambda p: p.evaluations,
        )
        if not line:
            continue
        cost = [p.evaluations for p in line]
        label = (
            f"{family}, oracle (with labels)" if rule == "oracle" else family if rule in ("first", "consistent") else f"{family}, by {rule}"
        )
        style = "--" if rule in ("oracle", "consistent") else "-"
        axes.plot(cost, [p.accuracy for p in line], style, color=colour, marker="o", markersize=3, label=label)
        axes.fill_between(cost, [p.low for p in line], [p.high for p in line], color=colour, alpha=0.1, linewidth=0)
    axes.set(xscale="log", xlabel="network evaluations per puzzle", ylabel="puzzles right", title=title)
    axes.legend(fontsize="small", frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    write_figure(figure, picture)
