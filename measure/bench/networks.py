"""The networks that are timed: the shipped ones, random ones of the official size, and the same in torch's own layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unsettled.measure.networks import ModelConfig, RecursiveModel, build
from unsettled.measure.networks.layers import Attention, Block, SwiGLU, rotate

ROOT = Path(__file__).parents[2]
REFERENCES = ROOT / "fixtures" / "reference"
#: Shipped networks, and over how many segments they are timed: setting out should not show.
SHIPPED = {"trm-9x9-long": 4, "hrm-9x9": 8, "hrm-6x6": 8}
OFFICIAL = {
    "official-trm": dict(
        architecture="trm", prefix=16, H_cycles=3, L_cycles=6, H_layers=0, L_layers=2, mixing="mlp_t", positions="none", token_inner=512
    ),
    "official-hrm": dict(
        architecture="hrm", prefix=1, H_cycles=2, L_cycles=2, H_layers=4, L_layers=4, mixing="attention", positions="rope", heads=8
    ),
}


@dataclass(frozen=True)
class Timed:
    """A network, a batch of boards for it, and how many segments are timed; the cost of a segment is the same in all."""

    name: str
    model: RecursiveModel
    embedded: Tensor
    segments: int

    @property
    def batch(self) -> int:
        return len(self.embedded)


@torch.no_grad()
def timed(name: str, *, batch: int | None = None, segments: int | None = None, hidden: int = 512) -> Timed:
    """One of `SHIPPED` with its weights, or of `OFFICIAL` with random ones; random boards from a fixed seed."""
    if name in OFFICIAL:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            inner = -(-hidden * 3 // 256) * 256 if hidden >= 256 else 3 * hidden
            model = build(ModelConfig(hidden_size=hidden, cells=81, vocabulary=11, inner=inner, **OFFICIAL[name])).eval()
        sizes = (2, 1)
    else:
        from unsettled.measure.networks.checkpoints import load_checkpoint

        model = load_checkpoint(REFERENCES / name).model
        sizes = (8, SHIPPED[name])
    config = model.config
    generator = torch.Generator().manual_seed(0)
    boards = torch.randint(1, config.vocabulary, (batch or sizes[0], config.cells), generator=generator)
    return Timed(name, model, model.embed(boards), segments or sizes[1])


def flops_per_update(config: ModelConfig) -> dict[str, float]:
    """Floating-point operations of one state update of one row (state or tangent), by part; a product of m·n·k is 2mnk."""
    tokens, hidden = config.tokens, config.hidden_size
    layers = config.L_layers  # both levels of the shipped and official HRM have as many
    parts = {"channels": 6.0 * tokens * hidden * config.inner * layers}
    if config.mixing == "mlp_t":
        parts["tokens"] = 6.0 * hidden * tokens * config.token_inner * layers
    else:
        parts["projections"] = 8.0 * tokens * hidden**2 * layers
        parts["attention"] = 4.0 * tokens**2 * hidden * layers  # a tangent has two more such products: see PERFORMANCE.md
    return parts


class TorchSwiGLU(nn.Module):
    """The published SwiGLU from `nn.Linear`."""

    def __init__(self, ours: SwiGLU) -> None:
        super().__init__()
        inner, size = ours.down_proj.weight.shape[1], ours.down_proj.weight.shape[0]
        self.gate_up = nn.Linear(size, 2 * inner, bias=False)
        self.down = nn.Linear(inner, size, bias=False)
        self.gate_up.weight, self.down.weight = ours.gate_up_proj.weight, ours.down_proj.weight

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class TorchAttention(nn.Module):
    """The published attention from `nn.Linear` and torch's fused attention."""

    def __init__(self, ours: Attention) -> None:
        super().__init__()
        hidden = ours.o_proj.weight.shape[0]
        self.heads, self.width = ours.heads, ours.width
        self.qkv, self.out = nn.Linear(hidden, 3 * hidden, bias=False), nn.Linear(hidden, hidden, bias=False)
        self.qkv.weight, self.out.weight = ours.qkv_proj.weight, ours.o_proj.weight

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor] | None) -> Tensor:
        batch, tokens, hidden = x.shape
        mixed = self.qkv(x).view(batch, tokens, 3 * self.heads, self.width).transpose(1, 2)
        query, key, value = mixed.chunk(3, dim=1)
        if rope is not None:
            query, key = rotate(query, *rope), rotate(key, *rope)
        return self.out(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, tokens, hidden))


class TorchBlock(nn.Module):
    """One post-norm layer as published, with `F.rms_norm`."""

    def __init__(self, ours: Block) -> None:
        super().__init__()
        self.mlp = TorchSwiGLU(ours.mlp)
        self.epsilon = ours.epsilon
        if hasattr(ours, "mlp_t"):
            self.mlp_t = TorchSwiGLU(ours.mlp_t)
        else:
            self.attention = TorchAttention(ours.self_attn)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor] | None) -> Tensor:
        if hasattr(self, "mlp_t"):
            turned = x.transpose(1, 2)
            x = F.rms_norm(turned + self.mlp_t(turned), turned.shape[-1:], eps=self.epsilon).transpose(1, 2)
        else:
            x = F.rms_norm(x + self.attention(x, rope), x.shape[-1:], eps=self.epsilon)
        return F.rms_norm(x + self.mlp(x), x.shape[-1:], eps=self.epsilon)


class TorchRollout:
    """The published recursion in torch's own layers, sharing the weights of one of our networks."""

    def __init__(self, model: RecursiveModel) -> None:
        self.model = model
        self.low = nn.ModuleList(TorchBlock(block) for block in model.L_level.layers)
        self.high = nn.ModuleList(TorchBlock(block) for block in model.high.layers)

    @torch.no_grad()
    def __call__(self, embedded: Tensor, segments: int) -> tuple[Tensor, Tensor]:
        config = self.model.config
        rope = (self.model.rope_cosine, self.model.rope_sine) if self.model.rope is not None else None
        high, low = self.model.initial_state(len(embedded))
        for _ in range(segments * config.H_cycles):
            for _ in range(config.L_cycles):
                low = self._through(self.low, low + (high + embedded), rope)
            high = self._through(self.high, high + low, rope)
        return high, low

    @staticmethod
    def _through(layers: nn.ModuleList, x: Tensor, rope: tuple[Tensor, Tensor] | None) -> Tensor:
        for layer in layers:
            x = layer(x, rope)
        return x
