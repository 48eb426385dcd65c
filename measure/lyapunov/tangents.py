"""Carry tangent vectors through one update of a batched state: one shared primal, k Jacobian-vector products.

The batch lives inside the map. Tangents are kept as tuples of components shaped (B, k, …), one for each
component of the state, and flattened to (B, k, d) only where they are orthonormalised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import jvp, vmap

from unsettled.measure.errors import UserError

State = Tensor | tuple[Tensor, ...]
Parts = tuple[Tensor, ...]
Update = Callable[[State], State]


def as_parts(state: State, *, what: str = "the state") -> Parts:
    """The components of a state as a tuple; checks that each is a float tensor with the same leading batch size.

    Raises:
        UserError: on anything else than floating tensors that share batch, dtype and device.
    """
    parts = (state,) if isinstance(state, Tensor) else tuple(state) if isinstance(state, (tuple, list)) else ()
    if not parts or not all(isinstance(part, Tensor) for part in parts):
        raise UserError(f"{what} is not a tensor or a tuple of tensors", hint="return what the step was given")
    first = parts[0]
    for part in parts:
        if not part.is_floating_point():
            raise UserError(f"{what} has a component of type {part.dtype}", hint="use floating point components only")
        if part.ndim < 1 or len(part) != len(first) or part.dtype != first.dtype or part.device != first.device:
            raise UserError(f"the components of {what} differ in batch size, type or device")
    return parts


def sizes(parts: Parts) -> list[int]:
    """Numbers of entries of one example, by component; their sum is d."""
    return [part[0].numel() if len(part) else part.shape[1:].numel() for part in parts]


def split(flat: Tensor, parts: Parts) -> Parts:
    """Tangents (B, k, d) as components (B, k, …) of the dtype of the state; views where the dtype allows."""
    pieces = torch.split(flat.to(parts[0].dtype), sizes(parts), dim=2)
    return tuple(piece.reshape(piece.shape[:2] + part.shape[1:]) for piece, part in zip(pieces, parts, strict=True))


def flatten(tangents: Parts) -> Tensor:
    """Components (B, k, …) as one contiguous (B, k, d)."""
    flat = [tangent.flatten(start_dim=2) if tangent.ndim > 2 else tangent.unsqueeze(2) for tangent in tangents]
    return flat[0].contiguous() if len(flat) == 1 else torch.cat(flat, dim=2)


def advance(update: Update, parts: Parts, *, is_tuple: bool) -> Parts:
    """One update of the primal alone."""
    return _checked(update(parts if is_tuple else parts[0]), parts)


def push(update: Update, parts: Parts, tangents: Parts, *, is_tuple: bool) -> tuple[Parts, Parts]:
    """One update of the primal and of k tangents: (f(z), Df(z)·v). The primal is computed once.

    A component that the update hands back untouched keeps its tangents without a copy. An update with a method
    ``push(state, tangents)`` → (state, tangents), tangents being shaped like the state but (B, k, …), is trusted with it.

    Raises:
        UserError: if the update draws random numbers, or uses an operation without a forward-mode derivative.
    """
    own = getattr(update, "push", None)
    if own is not None:
        moved = own(parts, tangents) if is_tuple else own(parts[0], tangents[0])
        return (moved[0], moved[1]) if is_tuple else ((moved[0],), (moved[1],))
    untouched: list[bool] = []

    def apply(*inputs: Tensor) -> Parts:
        versions = [part._version for part in inputs]
        outputs = _checked(update(inputs if is_tuple else inputs[0]), inputs)
        if versions != [part._version for part in inputs]:
            raise UserError("the step changes its state in place", hint="return new tensors: x = x + …, not x += …")
        untouched[:] = [after is before for after, before in zip(outputs, inputs, strict=True)]
        # a map of the identity would hand jvp nothing to differentiate
        return tuple(after for after, same in zip(outputs, untouched, strict=True) if not same) or (torch.zeros(()),)

    def one(*tangent: Tensor) -> tuple[Parts, Parts]:
        primal, image = jvp(apply, parts, tangent)[:2]
        return primal, image

    try:
        # out_dims=None keeps the primal unbatched: it is computed once, not k times
        primal, image = vmap(one, in_dims=1, out_dims=(None, 0))(*tangents)  # type: ignore[arg-type]  # torch's annotation forgets None
    except UserError:
        raise
    except Exception as error:
        raise _explained(error) from error
    fresh = iter((part, tangent.movedim(0, 1)) for part, tangent in zip(primal, image, strict=True))
    pairs = [(part, tangent) if same else next(fresh) for part, tangent, same in zip(parts, tangents, untouched, strict=True)]
    return tuple(part for part, _ in pairs), tuple(tangent for _, tangent in pairs)


@dataclass(frozen=True)
class WithJacobian:
    """A map of one tensor (B, d) whose Jacobian (B, d, d) is known: tangents are pushed by one product, without jvp.

    >>> import torch
    >>> from unsettled.measure import WithJacobian, tangent_growth
    >>> matrix = torch.tensor([[2.0, 1.0], [0.0, 0.5]])
    >>> known = WithJacobian(lambda z: z @ matrix.T, lambda z: matrix.expand(len(z), 2, 2))
    >>> growth = tangent_growth(known, torch.ones(1, 2), k=2, segments=3).growth
    >>> bool(growth.sum(dim=2).abs().max() < 1e-6)  # the determinant is 1
    True
    """

    step: Callable[[Tensor], Tensor]
    jacobian: Callable[[Tensor], Tensor]

    def __call__(self, state: Tensor) -> Tensor:
        return self.step(state)

    def push(self, state: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
        """f(z) and Df(z)·v for tangents (B, k, d)."""
        return self.step(state), tangents @ self.jacobian(state).to(tangents.dtype).mT


def _checked(state: State, before: Sequence[Tensor]) -> Parts:
    parts = as_parts(state, what="what the step returned")
    if [(part.shape, part.dtype) for part in parts] != [(part.shape, part.dtype) for part in before]:
        raise UserError(
            f"the step turns {_shapes(before)} into {_shapes(parts)}", hint="a step returns a state of the shape and type that it was given"
        )
    return parts


def _shapes(parts: Sequence[Tensor]) -> str:
    return ", ".join(f"{str(part.dtype).removeprefix('torch.')} {tuple(part.shape)}" for part in parts)


# what torch says → what is wrong with the step, and how it is mended
_EXPLAINED = (
    ("randomness", "draws random numbers", "draw them beforehand and pass them as a fixed drive"),
    ("autograd.Function", "calls an autograd.Function that has no forward-mode derivative", "write it from plain operations"),
    ("in-place operation", "changes a tensor in place, as batch normalisation does in training", "call .eval(), and return new tensors"),
    ("have storage", "leaves torch, by numpy or a pointer", "write it from torch's own operations"),
)


def _explained(error: Exception) -> UserError:
    """What torch raised within a step as one line; what is not known is told in its own words."""
    text = " ".join(str(error).split())
    for sign, wrong, hint in _EXPLAINED:
        if sign in text:
            return UserError(f"the step {wrong}", hint=hint)
    if "forward AD" in text or "forward mode" in text or "forward-mode" in text:
        return UserError(
            "the step uses an operation that has no forward-mode derivative: " + text.split(".", maxsplit=1)[0],
            hint="write it from plain operations; for attention use the math backend or matrix products",
        )
    return UserError(f"the step raised {type(error).__name__}: {text[:200]}")
