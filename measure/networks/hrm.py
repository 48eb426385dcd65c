"""The Hierarchical Reasoning Model: a net for each latent, gradient through the last update of each."""

from __future__ import annotations

from unsettled.measure.networks.config import ModelConfig
from unsettled.measure.networks.recursive import RecursiveModel


class HRM(RecursiveModel):
    """Wang et al., "Hierarchical Reasoning Model", 2025 (arXiv:2506.21734)."""

    gradient_updates = 2

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.H_level = self._level(config.H_layers)
