"""The Tiny Recursive Model: one net for both latents, gradient through the whole last high cycle."""

from __future__ import annotations

from unsettled.measure.networks.config import ModelConfig
from unsettled.measure.networks.recursive import RecursiveModel


class TRM(RecursiveModel):
    """Jolicoeur-Martineau, "Less is More: Recursive Reasoning with Tiny Networks", 2025 (arXiv:2510.04871)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.gradient_updates = config.L_cycles + 1
