"""What lies between the matrix products, each in one pass over memory: compiled by numba, for plain tensors on a CPU.

A state goes through the same operations whether tangents go with it or not: on the machines tried, a float32 orbit of the shipped
networks is the same to the last bit with k = 0 and with any k (`unsettled bench orbit`).
`unsettled.measure.networks.layers` spells every function out in torch as well, and goes there under gradients, under torch's own
transforms, on a GPU and in half precision. Both agree to rounding (`measure/tests/test_fused.py`). Here a row of a jet is read while
it is in the nearest cache; in torch every product, sum and mean is a pass of its own.
numba's cache notices changes in a function's own file only: all of it stays in one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import forward_ad

# a division by zero is what it is in numpy: code that may raise for it is not inlined, and small examples take twice as long
_plain = njit(cache=True, nogil=True, error_model="numpy")
# sums may be reordered, so that they fill vector registers; NaN and inf stay what they are
_summing = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
Array = NDArray[Any]
_BLOCK = 512  # entries of a row that are gated at a time, so that they stay in the nearest cache for all tangents


def usable(*tensors: Tensor) -> bool:
    """Whether these lie plainly in memory, no gradient or forward derivative is asked for, and no transform is at work."""
    if torch.is_grad_enabled() or forward_ad._current_level >= 0 or torch._C._functorch.peek_interpreter_stack() is not None:
        return False
    kinds = (torch.float32, torch.float64)
    return all(x.device.type == "cpu" and x.dtype in kinds and x.dtype == tensors[0].dtype and x.is_contiguous() for x in tensors)


def add_and_norm(new: Tensor, jet: Tensor, epsilon: float, axis: int) -> Tensor:
    """`layers.rms_norm` of jet + new, both (B, 1 + k, tokens, width), in the memory of ``new``; along axis −1 or −2."""
    (_norm_tokens if axis == -2 else _norm_width)(new.numpy(), jet.numpy(), epsilon)
    return new


def gate(jet: Tensor) -> None:
    """silu(gate) · up and its tangent for a jet (B, 1 + k, rows, 2·n) of gates before ups, into the gates."""
    share = torch.sigmoid(jet[:, 0, :, : jet.shape[-1] // 2])
    _gate(jet.numpy(), share.numpy())


def tilt(score: Tensor, weight: Tensor) -> Tensor:
    """`layers.tilted`, in place: score (n, rows, k, m), weight (n, rows, m)."""
    _tilt(score.numpy(), weight.numpy())
    return score


def heads(mixed: Tensor, cosine: Tensor | None, sine: Tensor | None, first: int, rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries over √width and values (B, heads, tokens, rows, width), keys (B, heads, rows, tokens, width).

    They are laid out from so many rows, from ``first`` on, of a projected jet (B, 1 + k, tokens, 3, heads, width). ``cosine`` and
    ``sine`` are the tables of `layers.scaled_tables`, or None without rotary positions.
    """
    batch, _, tokens, _, number, width = mixed.shape
    query, value = mixed.new_empty(2, batch, number, tokens, rows, width)
    key = mixed.new_empty(batch, number, rows, tokens, width)
    if cosine is None or sine is None:
        _laid_out(mixed.numpy(), first, query.numpy(), key.numpy(), value.numpy())
    else:
        _turned(mixed.numpy(), first, cosine[:, :, 0].numpy(), sine[:, :, 0].numpy(), query.numpy(), key.numpy(), value.numpy())
    return query, key, value


@_summing
def _norm_width(new: Array, jet: Array, epsilon: float) -> None:
    batch, rows, tokens, width = new.shape
    zero, count = new.dtype.type(0), new.dtype.type(width)
    epsilon = new.dtype.type(epsilon)
    for b in range(batch):
        for t in range(tokens):
            state, before, total = new[b, 0, t], jet[b, 0, t], zero
            for i in range(width):
                state[i] += before[i]
                total += state[i] * state[i]
            scale = 1 / np.sqrt(total / count + epsilon)
            for i in range(width):
                state[i] *= scale
            for r in range(1, rows):
                tangent, before, total = new[b, r, t], jet[b, r, t], zero
                for i in range(width):
                    tangent[i] = (tangent[i] + before[i]) * scale
                    total += state[i] * tangent[i]
                along = total / count
                for i in range(width):
                    tangent[i] -= state[i] * along


@_summing
def _norm_tokens(new: Array, jet: Array, epsilon: float) -> None:
    batch, rows, tokens, width = new.shape
    count, epsilon = new.dtype.type(tokens), new.dtype.type(epsilon)
    scale, total = np.empty(width, new.dtype), np.empty(width, new.dtype)
    for b in range(batch):
        state, before = new[b, 0], jet[b, 0]
        total[:] = 0
        for t in range(tokens):
            for i in range(width):
                state[t, i] += before[t, i]
                total[i] += state[t, i] * state[t, i]
        for i in range(width):
            scale[i] = 1 / np.sqrt(total[i] / count + epsilon)
        for t in range(tokens):
            for i in range(width):
                state[t, i] *= scale[i]
        for r in range(1, rows):
            tangent, before = new[b, r], jet[b, r]
            total[:] = 0
            for t in range(tokens):
                for i in range(width):
                    tangent[t, i] = (tangent[t, i] + before[t, i]) * scale[i]
                    total[i] += state[t, i] * tangent[t, i]
            for i in range(width):
                total[i] /= count
            for t in range(tokens):
                for i in range(width):
                    tangent[t, i] -= state[t, i] * total[i]


@_summing
def _gate(jet: Array, share: Array) -> None:
    batch, rows, lines, width = jet.shape
    half = width // 2
    opened, slope = np.empty(_BLOCK, jet.dtype), np.empty(_BLOCK, jet.dtype)
    for b in range(batch):
        for t in range(lines):
            for first in range(0, half, _BLOCK):
                size = min(_BLOCK, half - first)
                state, up = jet[b, 0, t, first : first + size], jet[b, 0, t, half + first : half + first + size]
                part = share[b, t, first : first + size]
                if rows == 1:
                    for i in range(size):
                        state[i] = state[i] * part[i] * up[i]
                    continue
                for i in range(size):
                    opened[i] = state[i] * part[i]
                    slope[i] = (part[i] + opened[i] * (1 - part[i])) * up[i]
                    state[i] = opened[i] * up[i]
                for r in range(1, rows):
                    moved, risen = jet[b, r, t, first : first + size], jet[b, r, t, half + first : half + first + size]
                    for i in range(size):
                        moved[i] = moved[i] * slope[i] + opened[i] * risen[i]


@_summing
def _tilt(score: Array, weight: Array) -> None:
    number, rows, tangents, width = score.shape
    zero = score.dtype.type(0)
    for n in range(number):
        for t in range(rows):
            share = weight[n, t]
            for r in range(tangents):
                line, along = score[n, t, r], zero
                for i in range(width):
                    along += share[i] * line[i]
                for i in range(width):
                    line[i] = share[i] * (line[i] - along)


@_summing
def _turned(mixed: Array, first: int, cosine: Array, sine: Array, query: Array, key: Array, value: Array) -> None:
    batch, number, tokens, rows, width = query.shape
    half = width // 2
    for b in range(batch):
        for r in range(rows):
            for t in range(tokens):
                for h in range(number):
                    for part in range(2):
                        x, c, s = mixed[b, first + r, t, part, h], cosine[t, part], sine[t, part]
                        out = key[b, h, r, t] if part else query[b, h, t, r]
                        for i in range(half):
                            out[i] = x[i] * c[i] - x[half + i] * s[i]
                            out[half + i] = x[half + i] * c[half + i] + x[i] * s[half + i]
                    x, out = mixed[b, first + r, t, 2, h], value[b, h, t, r]
                    for i in range(width):
                        out[i] = x[i]


@_plain
def _laid_out(mixed: Array, first: int, query: Array, key: Array, value: Array) -> None:
    batch, number, tokens, rows, width = query.shape
    share = mixed.dtype.type(1 / math.sqrt(width))
    for b in range(batch):
        for r in range(rows):
            for t in range(tokens):
                for h in range(number):
                    q, k, v = mixed[b, first + r, t, 0, h], mixed[b, first + r, t, 1, h], mixed[b, first + r, t, 2, h]
                    to_q, to_k, to_v = query[b, h, t, r], key[b, h, r, t], value[b, h, t, r]
                    for i in range(width):
                        to_q[i] = q[i] * share
                        to_k[i] = k[i]
                        to_v[i] = v[i]
