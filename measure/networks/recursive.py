"""The recursion that HRM and TRM share: embed, update the two latents in turn, read out, halt.

`RecursiveModel.updates` is the only place where a segment is spelled out. Inference, training and the tangent
pass all run these same functions, so that what is measured is what answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from unsettled.measure.networks.config import ModelConfig
from unsettled.measure.networks.layers import Level, Linear, Rope, rope_tables, scaled_tables
from unsettled.measure.networks.protocol import State

#: Bytes of the widest layer of what goes through a net at once on a CPU; from here on the time is the same. Half of it leaves
#: single boards of networks of the official size, and smaller products.
TILE_BYTES = 4 << 20


class LookupTable(nn.Module):
    """A lookup table under the parameter name that the published checkpoints use."""

    def __init__(self, name: str, rows: int, width: int, std: float) -> None:
        super().__init__()
        value = torch.zeros(rows, width)
        if std:
            nn.init.trunc_normal_(value, std=std, a=-2 * std, b=2 * std)
        self.name = name
        self.register_parameter(name, nn.Parameter(value))

    def forward(self, index: Tensor | slice) -> Tensor:
        table: Tensor = getattr(self, self.name)
        return table[index]


class RecursiveModel(nn.Module):
    """An HRM or a TRM over ``config.cells`` tokens; the state is (z_H, z_L), each (B, tokens, hidden)."""

    gradient_updates: int  # how many of a segment's last updates the official training differentiates
    rope_cosine: Tensor
    rope_sine: Tensor
    H_init: Tensor
    L_init: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        hidden = config.hidden_size
        scale = 1 / math.sqrt(hidden)
        self.embed_tokens = LookupTable("embedding_weight", config.vocabulary, hidden, scale)
        self.lm_head = Linear(hidden, config.vocabulary)
        self.q_head = Linear(hidden, 2, bias=True)
        # the official start: never halt before it is learned
        self.q_head.weight = nn.Parameter(torch.zeros(2, hidden))
        self.q_head.bias = nn.Parameter(torch.full((2,), -5.0))
        if config.puzzle_identifiers:
            self.puzzle_emb = LookupTable("weights", config.puzzle_identifiers, config.embedding_width or hidden, 0.0)
        if config.positions == "learned":
            self.embed_pos = LookupTable("embedding_weight", config.tokens, hidden, scale)
        self._turn(config)
        for name in ("H_init", "L_init"):
            self.register_buffer(name, nn.init.trunc_normal_(torch.empty(hidden), std=1.0, a=-2.0, b=2.0))
        self.L_level = self._level(config.L_layers)

    def _turn(self, config: ModelConfig) -> None:
        """Rotary tables as long as the sequence, where positions are rotary."""
        if config.positions == "rope" and config.mixing == "attention":
            cosine, sine = rope_tables(config.tokens, config.hidden_size // config.heads, config.rope_base)
            kept = self.lm_head.weight
            self.register_buffer("rope_cosine", cosine.to(kept), persistent=False)
            self.register_buffer("rope_sine", sine.to(kept), persistent=False)

    def set_cells(self, cells: int) -> None:
        """Make it a network over so many cells. Only where ``config.any_length`` says that no tensor depends on them."""
        if not self.config.any_length:
            raise ValueError(f"the tensors fix {self.config.cells} cells")
        self.config = self.config.model_copy(update={"cells": cells})
        self._turn(self.config)

    def _level(self, layers: int) -> Level:
        config = self.config
        return Level(
            layers,
            hidden=config.hidden_size,
            tokens=config.tokens,
            heads=config.heads,
            inner=config.inner,
            token_inner=config.token_inner if config.mixing == "mlp_t" else 0,
            epsilon=config.epsilon,
        )

    @property
    def parameter_count(self) -> int:
        """Number of parameters as the papers count them: without the puzzle embedding, a buffer in their code."""
        return sum(value.numel() for name, value in self.named_parameters() if not name.startswith("puzzle_emb."))

    @property
    def high(self) -> Level:
        """The net that updates z_H: its own in an HRM, the shared one in a TRM."""
        level: Level = getattr(self, "H_level", self.L_level)
        return level

    @property
    def rope(self) -> Rope | None:
        """Rotary tables for queries, over √width, and keys together; None without rotary positions."""
        return scaled_tables(self.rope_cosine, self.rope_sine) if hasattr(self, "rope_cosine") else None

    def embed(self, inputs: Tensor, identifiers: Tensor | None = None) -> Tensor:
        """Token ids (B, cells) and puzzle identifiers (B,), 0 by default → what every low update injects, (B, tokens, hidden)."""
        config = self.config
        x: Tensor = self.embed_tokens(inputs.long())
        if config.prefix:
            prefix = x.new_zeros(len(x), config.prefix * config.hidden_size)
            if config.puzzle_identifiers:
                chosen = self.puzzle_emb(
                    torch.zeros(len(x), dtype=torch.long, device=x.device) if identifiers is None else identifiers.long()
                )
                prefix = torch.cat((chosen, prefix[:, chosen.shape[1] :]), dim=1)
            x = torch.cat((prefix.view(len(x), config.prefix, config.hidden_size), x), dim=1)
        if config.positions == "learned":
            x = math.sqrt(0.5) * (x + self.embed_pos(slice(None)))
        return math.sqrt(config.hidden_size) * x

    def initial_state(self, batch: int) -> State:
        """The trained start, the same for every puzzle and token: (z_H, z_L)."""
        shape = (batch, self.config.tokens, self.config.hidden_size)
        dtype = self.lm_head.weight.dtype
        return self.H_init.to(dtype).expand(shape).clone(), self.L_init.to(dtype).expand(shape).clone()

    def updates(self, embedded: Tensor) -> list[Update]:
        """The state updates of one segment, in order, for puzzles already embedded (B, tokens, hidden)."""
        rope = self.rope
        low, high = Update(self.L_level, rope, embedded), Update(self.high, rope, None)
        return ([low] * self.config.L_cycles + [high]) * self.config.H_cycles

    def segment(self, state: State, embedded: Tensor) -> State:
        """One segment. With gradients enabled, only the last updates are differentiated, as officially trained."""
        updates = self.updates(embedded)
        split = len(updates) - self.gradient_updates if torch.is_grad_enabled() else len(updates)
        with torch.no_grad():
            for update in updates[:split]:
                state = update(state)
        for update in updates[split:]:
            state = update(state)
        return state

    def read_out(self, state: State) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (B, cells, vocabulary), q_halt (B,), q_continue (B,) from z_H; the last two in float32 at least."""
        high = state[0]
        halting: Tensor = self.q_head(high[:, 0])
        q_halt, q_continue = (halting if halting.dtype == torch.float64 else halting.float()).unbind(dim=-1)
        return self.lm_head(high)[:, self.config.prefix :], q_halt, q_continue


@dataclass(frozen=True)
class Update:
    """One state update of a segment: z_L ← net(z_L + z_H + x), or z_H ← net(z_H + z_L).

    Called with a state it is plain inference. `push` carries tangents along, through the same layers.
    """

    level: Level
    rope: Rope | None
    embedded: Tensor | None  # None marks an update of z_H

    def __call__(self, state: State) -> State:
        entering = self._entering(state)
        tile = len(entering) if torch.is_grad_enabled() else self._tile(entering)
        parts = [self.level(part, self.rope) for part in torch.split(entering, tile)]
        return self._joined(state, (parts[0] if len(parts) == 1 else torch.cat(parts))[:, 0])

    @torch.no_grad()
    def push(self, state: State, tangents: State) -> tuple[State, State]:
        """The updated state, each (B, tokens, hidden), and its pushed tangents, each (B, k, tokens, hidden)."""
        batch, k = tangents[0].shape[:2]
        jet = state[0].new_empty(batch, 1 + k, *state[0].shape[1:])
        jet[:, :1] = self._entering(state)
        torch.add(*tangents, out=jet[:, 1:])
        for part in torch.split(jet, self._tile(jet)):
            part.copy_(self.level(part, self.rope))
        return self._joined(state, jet[:, 0]), self._joined(tangents, jet[:, 1:])

    def _tile(self, jet: Tensor) -> int:
        """How many examples go through the net at a time, so that its widest layer stays in the cache."""
        if jet.device.type != "cpu":
            return len(jet)
        row = self.level.widest(jet.shape[-2]) * jet.element_size()
        return max(1, TILE_BYTES // (row * jet.shape[1]))

    def _entering(self, state: State) -> Tensor:
        """What enters the net, as a jet without tangents (B, 1, tokens, hidden)."""
        injected = state[0] if self.embedded is None else state[0] + self.embedded
        return (state[1] + injected).unsqueeze(1)

    def _joined(self, before: State, new: Tensor) -> State:
        return (new, before[1]) if self.embedded is None else (before[0], new)
