"""What a network is made of: the typed configuration of an HRM or a TRM."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ModelConfig(BaseModel):
    """Structure of a recursive reasoning model; everything that its tensors alone do not say is here too.

    ``inner`` and ``token_inner`` are the widths inside SwiGLU over channels and over tokens (`mlp_t`).
    A segment makes ``H_cycles · (L_cycles + 1)`` state updates, each of one of the two latents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: Literal["hrm", "trm"]
    hidden_size: int = Field(ge=1)
    cells: int = Field(ge=1, description="tokens that are read and answered")
    any_length: bool = Field(default=False, description="no tensor depends on the number of cells: it is that of the examples")
    vocabulary: int = Field(ge=3)
    prefix: int = Field(ge=0, description="tokens before the cells; the first ones carry the puzzle embedding")
    H_cycles: int = Field(ge=1)
    L_cycles: int = Field(ge=1)
    H_layers: int = Field(ge=0, description="0 for a TRM: one shared net serves both latents")
    L_layers: int = Field(ge=1)
    heads: int = Field(default=1, ge=1)
    mixing: Literal["attention", "mlp_t"]
    positions: Literal["rope", "learned", "none"]
    inner: int = Field(ge=1)
    token_inner: int = Field(default=0, ge=0)
    puzzle_identifiers: int = Field(default=1, ge=0)
    embedding_width: int = Field(default=0, ge=0, description="entries of a puzzle's embedding; 0 for hidden_size")
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    @model_validator(mode="after")
    def _coherent(self) -> ModelConfig:
        if (self.architecture == "hrm") != (self.H_layers > 0):
            raise ValueError("an hrm has H_layers > 0, a trm has none")
        if self.mixing == "attention" and self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of heads {self.heads}")
        if self.mixing == "attention" and self.positions == "rope" and (self.hidden_size // self.heads) % 2:
            raise ValueError("rope needs an even head width")
        if self.mixing == "mlp_t" and self.token_inner == 0:
            raise ValueError("mlp_t needs token_inner")
        if self.prefix < self.embedding_tokens:
            raise ValueError(f"a puzzle embedding that fills {self.embedding_tokens} tokens does not fit into a prefix of {self.prefix}")
        if self.any_length and (self.mixing == "mlp_t" or self.positions == "learned"):
            raise ValueError("token mixing and learned positions fix the number of cells")
        return self

    @property
    def embedding_tokens(self) -> int:
        """Prefix tokens that a puzzle's embedding fills, ⌈width / hidden_size⌉."""
        return -(-(self.embedding_width or self.hidden_size) // self.hidden_size) if self.puzzle_identifiers else 0

    @property
    def tokens(self) -> int:
        """Sequence length: prefix and cells."""
        return self.prefix + self.cells

    @property
    def updates_per_segment(self) -> int:
        """State updates (sub-updates) in one segment."""
        return self.H_cycles * (self.L_cycles + 1)


def swiglu_width(size: int, *, expansion: float = 4.0, multiple: int = 256) -> int:
    """Inner width of a SwiGLU of the published recipe: two thirds of the expansion, rounded up to a multiple."""
    return -(-round(expansion * size * 2 / 3) // multiple) * multiple
