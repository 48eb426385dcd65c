"""Check an instrument: one number of a map at a state by exact derivatives, by differences and in coarser arithmetic, side by side.

What a figure is worth shows in what else gives it: two seeds and the residual say how many digits the map itself allows, the other rows
how many of them a cheaper way keeps, and the last rows what a known slip would print.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial, reduce
from typing import Literal

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.differences import ByDifferences
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.known_slips import FigureReading, Quantity, slips
from unsettled.measure.lyapunov.linearised import Linearised, Transposed, linearised
from unsettled.measure.lyapunov.onestep import largest_singular_value, leading_eigenvalues
from unsettled.measure.lyapunov.tangents import State, Update

Place = Callable[[torch.dtype], tuple[list[Update], State]]  # the updates of a segment and one state, in a dtype

WORDS: dict[Quantity, str] = {"radius": "spectral radius", "singular": "largest singular value", "exponent": "leading exponent"}
STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


@dataclass(frozen=True)
class CheckedFigure:
    """A number of a map at one state, read in many ways.

    Attributes:
        quantity: which.
        readings: all ways.
        error: relative: the largest of the difference between the seeds, the residual times the ``condition``, and rounding.
        condition: of the leading eigenvalue, 1/|yᴴx| of its left and right unit vectors; 1 for what is well conditioned by nature.
    """

    quantity: Quantity
    readings: tuple[FigureReading, ...]
    error: float
    condition: float

    @property
    def value(self) -> float:
        """By exact derivatives in float64, first seed."""
        return self.readings[0].value

    @property
    def digits(self) -> int:
        """Significant digits that are earned: on which seeds, residual and condition agree; 0 where it has not converged."""
        return digits_of(self.error)

    def digits_at(self, reading: FigureReading) -> int:
        """Significant digits of the exact value that a reading has right, at most those that are earned."""
        return min(self.digits, digits_of(abs(reading.value / self.value - 1))) if self.value else 0

    def against(self, stated: str) -> tuple[bool, str]:
        """Whether a stated figure is the number to the digits that it prints, and what to say of it.

        Raises:
            UserError: it is not a number.
        """
        try:
            figure = Decimal(stated)
            half = float(Decimal(1).scaleb(int(figure.as_tuple().exponent)) / 2)
        except (InvalidOperation, ValueError, TypeError):
            raise UserError(f"{stated!r} is not a figure", hint="write it as it is printed, such as 1.20") from None
        if not self.digits:
            return (
                False,
                f"{WORDS[self.quantity]}: nothing is earned, exact derivatives have not converged (relative error {self.error:.0e})",
            )
        off = abs(float(figure) - self.value)
        exact = f"exact derivatives in float64 give {self.value:.{max(self.digits, 1)}g}, of which {self.digits} digits are earned"
        if off > half + self.error * abs(self.value):
            like = [reading.how for reading in self.readings if reading.kind != "exact" and abs(reading.value - float(figure)) <= half]
            return False, f"{stated} is not the {WORDS[self.quantity]}: {exact}" + (
                f"; {stated} is what this gives: {'; '.join(like)}" if like else ""
            )
        if self.error * abs(self.value) > half:
            return False, f"{stated} prints digits that are not earned: {exact}"
        return True, f"{stated} holds: {exact}"


def digits_of(error: float) -> int:
    """Significant digits to which a relative error leaves a number; 0 from one half on, at most 15.

    >>> digits_of(0.04), digits_of(0.6), digits_of(0.0)
    (1, 0, 15)
    """
    if not error < 0.5:
        return 0
    return 15 if error <= 0 else max(0, min(15, math.floor(-math.log10(2 * error))))


@torch.no_grad()
def check_instrument(
    place: Place, quantity: Quantity, *, segments: int = 16, seeds: tuple[int, int] = (0, 1), tolerance: float = 1e-9, most: int = 128
) -> CheckedFigure:
    """Read one number of a map at one state in many ways.

    Args:
        place: the updates of one segment, and a state of one example, in a dtype; float64, float32 and bfloat16 are asked for.
        quantity: "radius" and "singular" of the Jacobian of one segment at the state; "exponent", the leading QR exponent over
            ``segments`` segments from the state, in nats per update.
        seeds: of the starts of the iterations.
        tolerance, most: of `unsettled.measure.lyapunov.onestep`.

    Raises:
        UserError: a state of several examples, or a map that cannot be differentiated.

    >>> import torch
    >>> from unsettled.measure.lyapunov.instrument import check_instrument
    >>> def place(dtype):
    ...     shear = torch.tensor([[0.5, 3.0], [0.0, 0.4]], dtype=dtype)
    ...     return [lambda z: z @ shear.T], torch.ones(1, 2, dtype=dtype)
    >>> found = check_instrument(place, "radius")
    >>> holds, why = found.against("3")
    >>> holds, why.split("; ")[1:]
    (False, ['3 is what this gives: the largest entry of J', 'the largest singular value'])
    """
    read = {"radius": _radius, "singular": _singular, "exponent": _exponent}[quantity]
    one = partial(read, segments=segments, tolerance=tolerance, most=most)
    updates, state = place(torch.float64)
    if len(state if isinstance(state, torch.Tensor) else state[0]) != 1:
        raise UserError("the instrument is checked at the state of one example")
    exact = [_reading(one(updates, state, seed=seed), f"exact derivatives, float64, seed {seed}") for seed in seeds]
    readings = list(exact)
    for dtype in (torch.float32, torch.bfloat16):
        readings.append(_tried(partial(_placed, one, place, dtype, seeds[0]), f"exact derivatives, {_name(dtype)}", "coarser"))
    if torch.cuda.is_available() and updates and _device(state).type == "cuda":
        with _tf32():
            readings.append(_tried(partial(_placed, one, place, torch.float32, seeds[0]), "exact derivatives, TF32", "coarser"))
    readings += _differences(place, quantity, one, seed=seeds[0], direction=_direction(quantity, updates, state, tolerance, most))
    condition = _condition(linearised(updates, state), tolerance, most) if quantity == "radius" else 1.0
    readings += slips(quantity, linearised(updates, state), readings[0].value, tolerance=tolerance, most=most)
    rounding = 4 * torch.finfo(torch.float64).eps
    between = abs(exact[0].value - exact[1].value) / abs(exact[0].value) if exact[0].value else 0.0
    worst = [condition * max(one.residual, rounding) for one in exact] if quantity != "exponent" else [rounding]
    error = max(between, *worst)
    return CheckedFigure(quantity, tuple(readings), error if math.isfinite(error) else math.inf, condition)


def _placed(read: Callable[..., tuple[float, float]], place: Place, dtype: torch.dtype, seed: int) -> tuple[float, float]:
    return read(*place(dtype), seed=seed)


def _direction(quantity: Quantity, updates: list[Update], state: State, tolerance: float, most: int) -> Tensor | None:
    """The direction of the largest singular value, for differences, which have no adjoint to find it by."""
    if quantity != "singular":
        return None
    return largest_singular_value(linearised(updates, state), tolerance=tolerance, most=most).direction


def _differences(
    place: Place, quantity: Quantity, read: Callable[..., tuple[float, float]], *, seed: int, direction: Tensor | None
) -> Iterator[FigureReading]:
    """The number by difference quotients of the whole segment, over a sweep of steps, in two precisions."""
    for dtype in (torch.float64, torch.float32):
        updates, state = place(dtype)
        for step in STEPS:
            wrapped: list[Update] = [ByDifferences(partial(_segment, updates), step)]
            how = f"differences of {step:.0e} of the norm, {_name(dtype)}"
            if direction is not None:
                yield _tried(partial(_along, wrapped, state, direction), how, "differences")
            else:
                value = _tried(partial(read, wrapped, state, seed=seed), how, "differences")
                # one wrapped segment is one update: nats per segment
                yield replace(value, value=value.value / len(updates)) if quantity == "exponent" else value


def _along(updates: list[Update], state: State, direction: Tensor) -> tuple[float, float]:
    """‖Jv‖ of a unit direction."""
    return torch.linalg.vector_norm(linearised(updates, state).forward(direction[:, None])).item(), math.nan


def _reading(found: tuple[float, float], how: str) -> FigureReading:
    return FigureReading(how, *found)


def _tried(read: Callable[[], tuple[float, float]], how: str, kind: Literal["coarser", "differences"]) -> FigureReading:
    """A reading in arithmetic that a map may not know: NaN where it does not."""
    try:
        return FigureReading(how, *read(), kind)
    except (UserError, RuntimeError, ValueError):
        return FigureReading(how, math.nan, math.nan, kind)


def _radius(updates: list[Update], state: State, *, segments: int, tolerance: float, most: int, seed: int) -> tuple[float, float]:
    found = leading_eigenvalues(linearised(updates, state), tolerance=tolerance, most=most, seed=seed)
    return found.values[0, 0].abs().item(), found.residual[0, 0].item()


def _singular(updates: list[Update], state: State, *, segments: int, tolerance: float, most: int, seed: int) -> tuple[float, float]:
    found = largest_singular_value(linearised(updates, state), tolerance=tolerance, most=most, seed=seed)
    return found.value.item(), found.residual.item()


def _exponent(updates: list[Update], state: State, *, segments: int, tolerance: float, most: int, seed: int) -> tuple[float, float]:
    return tangent_growth(updates, state, k=1, segments=segments, seed=seed).exponents(unit="update").item(), math.nan


def _condition(jacobian: Linearised, tolerance: float, most: int) -> float:
    """1 / |yᴴx| of the left and right unit eigenvectors of the leading eigenvalue; infinite of a defective one."""
    right = leading_eigenvalues(jacobian, tolerance=tolerance, most=most)
    # the left vector to the right one: of a pair the transpose may have found the other first
    left = leading_eigenvalues(Transposed.of(jacobian), count=min(2, jacobian.size), tolerance=tolerance, most=most)
    overlap = (left.vectors[0] * right.vectors[0, 0]).sum(dim=-1).abs().max().item()
    return 1 / overlap if overlap > 0 else math.inf


def _segment(updates: list[Update], state: State) -> State:
    return reduce(lambda z, update: update(z), updates, state)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _device(state: State) -> torch.device:
    return (state if isinstance(state, torch.Tensor) else state[0]).device


@contextmanager
def _tf32() -> Iterator[None]:
    """Products of float32 in TF32 while it lasts."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
