"""Derivatives of torch's operations in closed form: each gives the k tangents of its result from the tangents of its arguments.

A rule is called as ``rule(found, *args, **kwargs)`` with the value that the operation gave and with its arguments, of which those with an
attribute ``tangent`` (k, …) move (`unsettled.measure.lyapunov.jets.Jet`). It returns the tangents (k, …), or None where it does not apply.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import jvp, vmap

Rule = Callable[..., Any]


def moves(value: Any) -> bool:
    """Whether a value has tangents."""
    return isinstance(value, Tensor) and type(value) is not Tensor and hasattr(value, "tangent")


def plain(value: Any) -> Any:
    """A value without its tangents."""
    return value.as_subclass(Tensor) if moves(value) else value


def _linear_of_first(func: Callable[..., Any]) -> Rule:
    """The rule of an operation that is linear in its first argument, which alone is a jet: the same of each tangent."""

    def rule(found: Any, first: Any, *rest: Any, **kwargs: Any) -> Any:
        if not moves(first) or any(moves(one) for one in rest):
            return None
        with torch._C.DisableTorchFunctionSubclass():
            return vmap(lambda tangent: func(tangent, *rest, **kwargs))(first.tangent)

    return rule


def _pointwise(func: Callable[..., Any]) -> Rule:
    """The rule of a function of each entry: its derivative once, times each tangent."""

    def rule(found: Tensor, x: Any, *rest: Any, **kwargs: Any) -> Tensor:
        value = plain(x)
        with torch._C.DisableTorchFunctionSubclass():
            slope = jvp(lambda z: func(z, *rest, **kwargs), (value,), (torch.ones_like(value),))[1]
            return cast("Tensor", x.tangent * slope)

    return rule


def _linear(found: Tensor, x: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor | None:
    if moves(weight) or moves(bias):
        return None
    return F.linear(x.tangent, weight)


def _sum(sign: float) -> Rule:
    def rule(found: Tensor, a: Any, b: Any, **kwargs: Any) -> Tensor | None:
        if kwargs:
            return None
        terms: list[tuple[Tensor, float]] = [(one.tangent, sign if place else 1.0) for place, one in enumerate((a, b)) if moves(one)]
        if any(tangent.shape[1:] != found.shape for tangent, _ in terms):
            return None
        if len(terms) == 1:
            return terms[0][0] if terms[0][1] > 0 else -terms[0][0]
        return terms[0][0] + terms[1][0] if sign > 0 else terms[0][0] - terms[1][0]

    return rule


def _product(found: Tensor, a: Any, b: Any) -> Tensor | None:
    total = None
    for one, other in ((a, b), (b, a)):
        if moves(one):
            if one.ndim != found.ndim:
                return None
            term = one.tangent * plain(other)
            total = term if total is None else total + term
    return total


def _matmul(found: Tensor, a: Any, b: Any) -> Tensor | None:
    if min(a.ndim, b.ndim) < 2 or (moves(a) and a.ndim < b.ndim) or (moves(b) and b.ndim < a.ndim):
        return None
    total = torch.matmul(a.tangent, plain(b)) if moves(a) else None
    if moves(b):
        term = torch.matmul(plain(a), b.tangent)
        total = term if total is None else total.add_(term)
    return total


def _softmax(found: Tensor, x: Any, dim: int | None = None, *rest: Any, **kwargs: Any) -> Tensor | None:
    if dim is None or rest or any(value is not None for name, value in kwargs.items() if name != "_stacklevel"):
        return None
    return _softened(found, x.tangent, dim if dim < 0 else dim - found.ndim)


def _softened(shares: Tensor, tangent: Tensor, dim: int) -> Tensor:
    """Tangents of a softmax whose value is ``shares``, of those of its argument."""
    moved = shares * tangent
    return moved.sub_(shares * moved.sum(dim=dim, keepdim=True))


def _layer_norm(
    found: Tensor, x: Any, shape: Sequence[int], weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor | None:
    if len(shape) != 1 or moves(weight) or moves(bias):
        return None
    centred = plain(x) - plain(x).mean(dim=-1, keepdim=True)
    scale = torch.rsqrt(centred.square().mean(dim=-1, keepdim=True) + eps)
    normed = centred * scale
    tangent = x.tangent - x.tangent.mean(dim=-1, keepdim=True)
    return _of_norm(normed, scale, tangent, weight)


def _rms_norm(found: Tensor, x: Any, shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None) -> Tensor | None:
    if len(shape) != 1 or moves(weight):
        return None
    value = plain(x)
    eps = torch.finfo(value.dtype).eps if eps is None else eps
    scale = torch.rsqrt(value.square().mean(dim=-1, keepdim=True) + eps)
    return _of_norm(value * scale, scale, x.tangent, weight)


def _of_norm(normed: Tensor, scale: Tensor, tangent: Tensor, weight: Tensor | None) -> Tensor:
    """Tangents of x·scale, scale = (mean x² + ε)^−½: each less its part along x, times the scale and the weight."""
    along = torch.einsum("...h,...h->...", tangent, normed.expand_as(tangent))[..., None] / normed.shape[-1]
    moved = tangent - along * normed
    return moved.mul_(scale if weight is None else scale * weight)


def _attention(
    found: Tensor,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor | None:
    """Softmax(q kᵀ s + mask) v: the scores' tangents are two products, the output's two more."""
    if dropout_p or enable_gqa or moves(attn_mask) or not query.ndim == key.ndim == value.ndim:
        return None
    q, k, v = plain(query), plain(key), plain(value)
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = (q * scale) @ k.mT
    if is_causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).triu(1), -math.inf)
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -math.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
    shares = scores.softmax(dim=-1)
    moved = None
    if moves(query):
        moved = (query.tangent * scale) @ k.mT
    if moves(key):
        term = (q * scale) @ key.tangent.mT
        moved = term if moved is None else moved.add_(term)
    total = None if moved is None else _softened(shares, moved, -1) @ v
    if moves(value):
        term = shares @ value.tangent
        total = term if total is None else total.add_(term)
    return total


_SHAPING = [
    "view",
    "reshape",
    "transpose",
    "permute",
    "unsqueeze",
    "squeeze",
    "flatten",
    "unflatten",
    "expand",
    "contiguous",
    "chunk",
    "split",
    "unbind",
    "movedim",
    "swapaxes",
    "__getitem__",
    "narrow",
    "select",
    "sum",
    "mean",
    "neg",
    "__neg__",
    "clone",
    "to",
    "float",
    "double",
    "type_as",
    "roll",
    "flip",
    "repeat",
    "expand_as",
]
RULES: dict[Any, Rule] = {
    rule_of: _linear_of_first(rule_of) for name in _SHAPING for home in (Tensor, torch) if callable(rule_of := getattr(home, name, None))
}
RULES |= {
    function: _pointwise(function)
    for name in (
        "gelu",
        "silu",
        "relu",
        "tanh",
        "sigmoid",
        "exp",
        "log",
        "sin",
        "cos",
        "sqrt",
        "rsqrt",
        "square",
        "elu",
        "softplus",
        "mish",
    )
    for home in (F, torch, Tensor)
    if callable(function := getattr(home, name, None)) and not name.endswith("_")
}
RULES |= dict.fromkeys((torch.add, Tensor.add, Tensor.__add__, Tensor.__radd__), _sum(1.0))
RULES |= dict.fromkeys((torch.sub, Tensor.sub, Tensor.__sub__), _sum(-1.0))
RULES |= dict.fromkeys((torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__), _product)
RULES |= dict.fromkeys((torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.bmm, Tensor.bmm), _matmul)
RULES |= dict.fromkeys((torch.softmax, Tensor.softmax, F.softmax), _softmax)
RULES |= {transposed: _linear_of_first(transposed) for transposed in (getattr(Tensor, name).__get__ for name in ("mT", "T"))}
RULES |= {F.linear: _linear, F.layer_norm: _layer_norm, F.rms_norm: _rms_norm, F.scaled_dot_product_attention: _attention}
