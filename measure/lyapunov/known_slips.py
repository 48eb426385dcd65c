"""Readings of one number, and what known mistakes print instead of it: an entry for a radius, bits for nats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch

from unsettled.measure.lyapunov.linearised import Linearised
from unsettled.measure.lyapunov.onestep import largest_singular_value, leading_eigenvalues

Quantity = Literal["radius", "singular", "exponent"]

DENSE = 4096  # entries of a state up to which all of J is looked at
_CHUNK = 64


@dataclass(frozen=True)
class FigureReading:
    """One way to read the number: how, what came out, its relative residual where it has one, and whether it is exact or a known slip."""

    how: str
    value: float
    residual: float = math.nan
    kind: Literal["exact", "coarser", "differences", "slip"] = "exact"


def slips(quantity: Quantity, jacobian: Linearised, exact: float, *, tolerance: float, most: int) -> Iterator[FigureReading]:
    """What known mistakes would print instead of an ``exact`` value; arguments as in `unsettled.measure.lyapunov.instrument`."""
    if quantity == "exponent":
        yield FigureReading("nats per segment instead of per update", exact * len(jacobian.updates), kind="slip")
        yield FigureReading("bits instead of nats", exact / math.log(2), kind="slip")
        return
    leading = leading_eigenvalues(jacobian, tolerance=tolerance, most=most)
    singular = largest_singular_value(jacobian, tolerance=tolerance, most=most)
    if jacobian.size <= DENSE:
        yield FigureReading("the largest entry of J", _largest_entry(jacobian), kind="slip")
    if quantity == "radius":
        image = jacobian.forward(leading.vectors.real / torch.linalg.vector_norm(leading.vectors.real, dim=2, keepdim=True))
        yield FigureReading("the largest entry of Jv, v the leading vector", image.abs().max().item(), kind="slip")
        yield FigureReading("the real part of the leading eigenvalue", abs(leading.values[0, 0].real.item()), kind="slip")
        yield FigureReading("the largest singular value", singular.value.item(), kind="slip")
    else:
        yield FigureReading("the leading eigenvalue of JᵀJ, its root not taken", singular.value.item() ** 2, kind="slip")
        yield FigureReading("the spectral radius", leading.values[0, 0].abs().item(), kind="slip")


def _largest_entry(jacobian: Linearised) -> float:
    """max |J_ij|, column after column."""
    unit = torch.eye(jacobian.size, dtype=torch.float64, device=jacobian.device)
    return max(jacobian.forward(part[None]).abs().max().item() for part in torch.split(unit, _CHUNK))
