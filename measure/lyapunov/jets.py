"""Tangents through a network of torch's own layers, operation by operation: what `vmap(jvp)` gives, at the cost of the products.

`torch.func` differentiates a layer through everything that it is made of. Here a state goes through each operation just as it would alone,
to the last bit, and its k tangents beside it by the derivative that a handful of operations have in closed form: linear maps, norms,
activations, products, attention. Every other operation is differentiated by `torch.func`, itself alone.

What cannot be followed so (changes in place, tensors that leave torch) is left to `vmap(jvp)` of the whole update, and so is
an update whose first tangents do not agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.func import jvp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._pytree import tree_flatten, tree_unflatten

from unsettled.measure.lyapunov.derivatives import RULES, plain
from unsettled.measure.lyapunov.tangents import Parts, State, Update, as_parts, push

# Entries of a batch of states below which `vmap(jvp)` stays: small maps keep their last bits, and are measured in seconds either way.
WORTH_IT = 8192
# By how much the first tangents may differ from those of `vmap(jvp)`, over their length: rounding, in units of the number type; at most.
AGREE, AT_MOST = 1e3, 0.05


class _Unfollowed(Exception):
    """An operation that tangents cannot be taken through here."""


class Jet(Tensor):
    """A tensor with ``tangent`` (k, …), k tangents of its shape."""

    tangent: Tensor

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The operation on the primal alone, and its derivative applied to the tangents."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in _TOLD:
            return _alone(func, args, kwargs)
        if name == "__get__" and func in _PROPERTIES:
            return _alone(func, args, kwargs)
        rule = RULES.get(func)
        changes = (name.endswith("_") and not name.endswith("__")) or "out" in kwargs or kwargs.get("inplace")
        if changes or name in _LEAVING or (name == "__get__" and rule is None):
            raise _Unfollowed(name)
        found = _alone(func, args, kwargs)
        if isinstance(found, Tensor) and not (found.is_floating_point() or found.is_complex()):
            return found  # a comparison, a position: it has no derivative
        tangents = rule(found, *args, **kwargs) if rule is not None else None
        if tangents is None:
            tangents = _by_torch(func, args, kwargs)
        return _together(found, tangents)


def _alone(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        return func(*args, **kwargs)


def _together(found: Any, tangents: Any) -> Any:
    if isinstance(found, Tensor):
        return jet(found, tangents)
    if isinstance(found, (tuple, list)):
        pairs = [jet(one, tangent) for one, tangent in zip(found, tangents, strict=True)]
        return pairs if type(found) is list else tuple(pairs)
    raise _Unfollowed(type(found).__name__)


def jet(primal: Tensor, tangent: Tensor) -> Jet:
    """A primal and its k tangents (k, …) together."""
    found = primal.as_subclass(Jet)
    found.tangent = tangent
    return found


def _by_torch(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The tangents of one operation by `vmap(jvp)`."""
    leaves, tree = tree_flatten((args, kwargs))
    at = [place for place, leaf in enumerate(leaves) if isinstance(leaf, Jet)]
    primals = tuple(plain(leaves[place]) for place in at)

    def apply(*given: Tensor) -> Any:
        filled = list(leaves)
        for place, value in zip(at, given, strict=True):
            filled[place] = value
        inner, named = tree_unflatten(filled, tree)
        found = func(*inner, **named)
        return tuple(found) if isinstance(found, (tuple, list)) else found

    with torch._C.DisableTorchFunctionSubclass():
        return vmap(lambda *tangent: jvp(apply, primals, tangent)[1])(*(leaves[place].tangent for place in at))


# what tells no value but the shape, the type or the truth of the primal
_TOLD = frozenset(
    ["size", "dim", "ndimension", "numel", "stride", "is_contiguous", "is_floating_point", "is_complex", "__len__", "__bool__", "nelement"]
)
_PROPERTIES = frozenset(
    getattr(Tensor, name).__get__ for name in ("shape", "ndim", "dtype", "device", "is_cuda", "layout", "requires_grad")
)
_LEAVING = frozenset(
    [
        "__setitem__",
        "__iadd__",
        "__isub__",
        "__imul__",
        "__itruediv__",
        "__imatmul__",
        "numpy",
        "tolist",
        "item",
        "data_ptr",
        "__array__",
        "detach",
    ]
)


class Followed:
    """An update whose tangents are taken operation by operation where that gives what `vmap(jvp)` gives; it is tried on the first."""

    def __init__(self, update: Update) -> None:
        self.update = update
        self.trusted: bool | None = None  # None before the first tangents

    def __call__(self, state: State) -> State:
        return self.update(state)

    def push(self, state: State, tangents: State) -> tuple[Any, Any]:
        """f(z) and Df(z)·v for tangents (B, k, …)."""
        is_tuple = not isinstance(state, Tensor)
        parts, moving = as_parts(state), as_parts(tangents)
        found = None
        if self.trusted is not False and sum(part.numel() for part in parts) >= WORTH_IT:
            found = self._followed(parts, moving, is_tuple=is_tuple)
        if found is not None and self.trusted is None:
            with sdpa_kernel(SDPBackend.MATH):  # no other has a forward-mode derivative
                self.trusted = _agree(found[1], push(self.update, parts, moving, is_tuple=is_tuple)[1])
        if found is None or not self.trusted:
            found = push(self.update, parts, moving, is_tuple=is_tuple)
            self.trusted = False
        return found if is_tuple else (found[0][0], found[1][0])

    def _followed(self, parts: Parts, tangents: Parts, *, is_tuple: bool) -> tuple[Parts, Parts] | None:
        given = tuple(jet(part, tangent.movedim(1, 0).contiguous()) for part, tangent in zip(parts, tangents, strict=True))
        try:
            moved = self.update(given if is_tuple else given[0])
        except Exception:  # whatever went wrong, `vmap(jvp)` goes through it as well, and says what it was
            return None
        after = moved if isinstance(moved, (tuple, list)) else (moved,)
        if len(after) != len(parts) or not all(isinstance(one, Jet) for one in after):
            return None
        jets = cast("Sequence[Jet]", after)
        return tuple(plain(one) for one in jets), tuple(one.tangent.movedim(0, 1) for one in jets)


def _agree(found: Parts, known: Parts) -> bool:
    """Whether tangents are the same but for rounding."""
    for one, other in zip(found, known, strict=True):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        apart, length = (one - other).double().norm(), other.double().norm()
        if not apart <= min(AT_MOST, AGREE * torch.finfo(other.dtype).eps) * length:
            return False
    return True
