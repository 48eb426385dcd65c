"""The layers of both networks: post-norm blocks of SwiGLU with attention or token mixing.

Written from plain matrix products, so that every layer has forward-mode derivatives on every device
(the fused attention kernels of torch have none). Parameter names are those of the published checkpoints.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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


class SwiGLU(nn.Module):
    """down(silu(gate(x)) · up(x)), the two first products in one weight. Input and output (…, size)."""

    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.gate_up_proj = Linear(size, 2 * inner)
        self.down_proj = Linear(inner, size)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


def rms_norm(x: Tensor, epsilon: float) -> Tensor:
    """x / √(mean square over the last axis + ε), computed in at least float32; no gain."""
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    return (wide * torch.rsqrt(wide.square().mean(dim=-1, keepdim=True) + epsilon)).to(x.dtype)


def rope_tables(tokens: int, width: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosine and sine tables (tokens, width) of rotary positions; both halves of a head share the frequencies."""
    frequency = 1.0 / base ** (torch.arange(0, width, 2, dtype=torch.float32) / width)
    angle = torch.outer(torch.arange(tokens, dtype=torch.float32), frequency)
    return torch.cat((angle.cos(), angle.cos()), -1), torch.cat((angle.sin(), angle.sin()), -1)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Apply rotary positions to heads (B, heads, tokens, width)."""
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine


class Attention(nn.Module):
    """Bidirectional multi-head attention on (B, tokens, hidden)."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, hidden // heads
        self.qkv_proj = Linear(hidden, 3 * hidden)
        self.o_proj = Linear(hidden, hidden)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor] | None) -> Tensor:
        batch, tokens, hidden = x.shape
        mixed = self.qkv_proj(x).view(batch, tokens, 3 * self.heads, self.width).transpose(1, 2)
        query, key, value = mixed.chunk(3, dim=1)
        if rope is not None:
            query, key = rotate(query, *rope), rotate(key, *rope)
        weight = torch.softmax((query / math.sqrt(self.width)) @ key.transpose(-1, -2), dim=-1)
        return self.o_proj((weight @ value).transpose(1, 2).reshape(batch, tokens, hidden))


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

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor] | None) -> Tensor:
        if hasattr(self, "mlp_t"):
            across = x.transpose(1, 2)
            x = rms_norm(across + self.mlp_t(across), self.epsilon).transpose(1, 2)
        else:
            x = rms_norm(x + self.self_attn(x, rope), self.epsilon)
        return rms_norm(x + self.mlp(x), self.epsilon)


class Level(nn.Module):
    """A stack of blocks whose input is the latent plus what is injected into it."""

    def __init__(self, layers: int, **block: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(**block) for _ in range(layers))

    def forward(self, latent: Tensor, injected: Tensor, rope: tuple[Tensor, Tensor] | None) -> Tensor:
        x = latent + injected
        for layer in self.layers:
            x = layer(x, rope)
        return x
