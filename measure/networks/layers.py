"""The layers of both networks: post-norm blocks of SwiGLU with attention or token mixing.

Every layer maps a *jet* (B, 1 + k, tokens, hidden): row 0 is the state, rows 1 … k are tangents that are pushed
forward with it. With k = 0 that is plain inference, so the network that answers and the network whose tangents are
measured are one piece of code. Linear maps treat state and tangents alike, in one matrix product: k exponents cost
1 + k forward passes. All is written from plain products, so that torch's own forward and reverse modes apply too; what lies between the
products is done in one pass over memory where it can be (`unsettled.measure.networks.fused`).
Parameter names are those of the published checkpoints.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsettled.measure.networks import fused

Rope = tuple[Tensor, Tensor]


class Linear(nn.Module):
    """A weight without bias unless asked for; truncated-normal start of standard deviation 1/√inputs."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = False) -> None:
        super().__init__()
        weight = torch.empty(outputs, inputs)
        nn.init.trunc_normal_(weight, std=1 / math.sqrt(inputs), a=-2 / math.sqrt(inputs), b=2 / math.sqrt(inputs))
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def across(self, x: Tensor) -> Tensor:
        """The same product along the last axis but one: (…, inputs, width) → (…, outputs, width)."""
        if torch.is_grad_enabled():
            return self.weight @ x  # moves tokens last and back, and so sums the weight's gradient in one product
        flat = x.flatten(0, -3)
        return torch.bmm(self.weight.expand(len(flat), -1, -1), flat).view(*x.shape[:-2], -1, x.shape[-1])


def gated(jet: Tensor, axis: int) -> Tensor:
    """silu(gate) · up of the two halves along ``axis``, with its tangent: (B, 1 + k, …).

    Without gradients the jet is used up: the result lies in the memory of its gates, so that it stays in the cache.
    """
    gate, up = jet.chunk(2, dim=axis)
    if fused.usable(jet):
        fused.gate(jet if axis == -1 else jet.flatten(-2).unsqueeze(2))
        return gate
    if jet.shape[1] == 1:
        return F.silu(gate) * up if torch.is_grad_enabled() else F.silu(gate).mul_(up)
    state, tangent = gate[:, :1], gate[:, 1:]
    share = torch.sigmoid(state)
    open_gate = state * share
    slope = torch.addcmul(share, open_gate, 1 - share).mul_(up[:, :1])
    tangent.mul_(slope).addcmul_(open_gate, up[:, 1:])
    torch.mul(open_gate, up[:, :1], out=state)
    return gate


class SwiGLU(nn.Module):
    """down(silu(gate(x)) · up(x)), the two first products in one weight; along channels or, ``across``, along tokens."""

    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.gate_up_proj = Linear(size, 2 * inner)
        self.down_proj = Linear(inner, size)

    def forward(self, jet: Tensor) -> Tensor:
        out: Tensor = self.down_proj(gated(self.gate_up_proj(jet), -1))
        return out

    def across(self, jet: Tensor) -> Tensor:
        return self.down_proj.across(gated(self.gate_up_proj.across(jet), -2))


def rms_norm(jet: Tensor, epsilon: float, axis: int = -1) -> Tensor:
    """x / √(mean square along ``axis`` + ε) and its tangent, computed in at least float32; no gain.

    With y = x·r the tangent is r·dx − y · mean(y · r·dx). A jet with tangents is normed in place.
    """
    wide = jet.float() if jet.dtype in (torch.float16, torch.bfloat16) else jet
    scale = torch.rsqrt(wide[:, :1].square().mean(dim=axis, keepdim=True) + epsilon)
    if jet.shape[1] == 1:
        return (wide * scale if torch.is_grad_enabled() else wide.mul_(scale)).to(jet.dtype)
    state, tangent = wide.mul_(scale)[:, :1], wide[:, 1:]
    along = (state * tangent).mean(dim=axis, keepdim=True)
    tangent.addcmul_(state, along, value=-1)
    return wide.to(jet.dtype)


def added_and_normed(new: Tensor, jet: Tensor, epsilon: float, axis: int = -1) -> Tensor:
    """`rms_norm` of jet + new; in the memory of ``new``, which nobody else holds, unless a gradient may need it."""
    if fused.usable(new, jet):
        return fused.add_and_norm(new, jet, epsilon, axis)
    return rms_norm(jet + new if torch.is_grad_enabled() else new.add_(jet), epsilon, axis)


def tilted(score: Tensor, weight: Tensor) -> Tensor:
    """weight · (score − Σ weight · score), the tangents (…, k, m) of a softmax with values ``weight`` (…, m); in place."""
    if fused.usable(score, weight):
        return fused.tilt(score, weight)
    score.mul_(weight.unsqueeze(-2))
    return score.addcmul_(weight.unsqueeze(-2), score.sum(dim=-1, keepdim=True), value=-1)


def rope_tables(tokens: int, width: int, base: float) -> Rope:
    """Cosine and sine tables (tokens, width) of rotary positions; both halves of a head share the frequencies.

    On the CPU, wherever the network is being built: these operations on the meta device import half of torch's compiler, a second's work.
    """
    frequency = 1.0 / base ** (torch.arange(0, width, 2, dtype=torch.float32, device="cpu") / width)
    angle = torch.outer(torch.arange(tokens, dtype=torch.float32, device="cpu"), frequency)
    return torch.cat((angle.cos(), angle.cos()), -1), torch.cat((angle.sin(), angle.sin()), -1)


def scaled_tables(cosine: Tensor, sine: Tensor) -> Rope:
    """Tables (tokens, 2, 1, width) that rotate queries, over √width, and keys in one go."""
    scale = torch.tensor((1 / math.sqrt(cosine.shape[1]), 1.0), dtype=cosine.dtype, device=cosine.device).view(2, 1, 1)
    return cosine[:, None, None] * scale, sine[:, None, None] * scale


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Apply rotary positions along the last axis of x; the tables broadcast against it."""
    half = x.shape[-1] // 2
    turned = x * cosine
    turned[..., :half].addcmul_(x[..., half:], sine[..., :half], value=-1)
    turned[..., half:].addcmul_(x[..., :half], sine[..., half:])
    return turned


class Attention(nn.Module):
    """Bidirectional multi-head attention on a jet (B, 1 + k, tokens, hidden).

    State and tangents are laid out apart: queries and values (B·heads, tokens, k·width), keys (B·heads, k·tokens, width).
    Every product of a state with k tangents is then one matrix product for each head, and nothing is repeated k times for it.
    """

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, hidden // heads
        self.qkv_proj = Linear(hidden, 3 * hidden)
        self.o_proj = Linear(hidden, hidden)

    def forward(self, jet: Tensor, rope: Rope | None) -> Tensor:
        batch, rows, tokens, hidden = jet.shape
        mixed = self.qkv_proj(jet).view(batch, rows, tokens, 3, self.heads, self.width)
        query, key, value = self._heads(mixed, rope, 0, 1)
        weight = torch.softmax(query @ key.mT, dim=-1)
        out = self._by_row(weight @ value, batch, 1)
        if rows > 1:
            moved = self._tangents(mixed, rope, query, key, value, weight)
            out = torch.cat((out, self._by_row(moved, batch, rows - 1)), dim=1)
        joined: Tensor = self.o_proj(out.reshape(batch, rows, tokens, hidden))
        return joined

    def _tangents(self, mixed: Tensor, rope: Rope | None, query: Tensor, key: Tensor, value: Tensor, weight: Tensor) -> Tensor:
        """The tangents of weight · value, (B·heads, tokens·k, width)."""
        k, tokens = mixed.shape[1] - 1, mixed.shape[2]
        moved_query, moved_key, moved_value = self._heads(mixed, rope, 1, k)
        score = moved_query.view(len(query), tokens * k, -1) @ key.mT
        score.view(len(query), tokens, k * tokens).baddbmm_(query, moved_key.mT)
        tilt = tilted(score.view(len(query), tokens, k, tokens), weight)
        out = (weight @ moved_value).view(len(query), tokens * k, -1)
        return out.baddbmm_(tilt.flatten(1, 2), value)

    def _by_row(self, out: Tensor, batch: int, rows: int) -> Tensor:
        """(B·heads, tokens·rows, width) → (B, rows, tokens, heads, width)."""
        return out.view(batch, self.heads, -1, rows, self.width).permute(0, 3, 2, 1, 4)

    def _heads(self, mixed: Tensor, rope: Rope | None, first: int, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Queries over √width, keys and values of ``count`` rows of a projected jet (B, rows, tokens, 3, heads, width)."""
        if fused.usable(mixed):
            cosine, sine = rope or (None, None)
            query, key, value = fused.heads(mixed, cosine, sine, first, count)
        else:
            mixed = mixed[:, first : first + count]
            if rope is not None:
                query, key = rotate(mixed[:, :, :, :2], *rope).unbind(dim=3)
                value = mixed[:, :, :, 2]
            else:
                query, key, value = mixed.unbind(dim=3)
                query = query / math.sqrt(self.width)
            query, key, value = query.permute(0, 3, 2, 1, 4), key.permute(0, 3, 1, 2, 4), value.permute(0, 3, 2, 1, 4)
        flat = len(mixed) * self.heads
        by_token = (flat, -1, count * self.width)
        return query.reshape(by_token), key.reshape(flat, -1, self.width), value.reshape(by_token)


class Block(nn.Module):
    """One post-norm layer: mix the tokens, then the channels, each with residual and RMSNorm.

    With ``mlp_t`` the tokens are mixed by a SwiGLU across them, and its norm runs across tokens too.
    """

    def __init__(self, *, hidden: int, tokens: int, heads: int, inner: int, token_inner: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        if token_inner:
            self.mlp_t = SwiGLU(tokens, token_inner)
        else:
            self.self_attn = Attention(hidden, heads)
        self.mlp = SwiGLU(hidden, inner)

    def forward(self, jet: Tensor, rope: Rope | None) -> Tensor:
        if hasattr(self, "mlp_t"):
            jet = added_and_normed(self.mlp_t.across(jet), jet, self.epsilon, axis=-2)
        else:
            jet = added_and_normed(self.self_attn(jet, rope), jet, self.epsilon)
        return added_and_normed(self.mlp(jet), jet, self.epsilon)


class Level(nn.Module):
    """A stack of blocks on a jet."""

    def __init__(self, layers: int, *, hidden: int, tokens: int, heads: int, inner: int, token_inner: int, epsilon: float) -> None:
        super().__init__()
        self.hidden, self.heads, self.inner, self.token_inner = hidden, heads, inner, token_inner
        sizes = {"hidden": hidden, "tokens": tokens, "heads": heads, "inner": inner, "token_inner": token_inner}
        self.layers = nn.ModuleList(Block(**sizes, epsilon=epsilon) for _ in range(layers))

    def widest(self, tokens: int) -> int:
        """Entries of one row of so many tokens at the widest place."""
        # attention holds the projected row, the same laid out by head, and its scores at once
        mixed = 2 * self.token_inner * self.hidden or 6 * self.hidden * tokens + self.heads * tokens**2
        return max(mixed, 2 * self.inner * tokens)

    def forward(self, jet: Tensor, rope: Rope | None) -> Tensor:
        for layer in self.layers:
            jet = layer(jet, rope)
        return jet
