"""The moving frame of k tangents: its basis, the growth since last asked, and the accumulated triangular factor."""

from __future__ import annotations

import torch
from torch import Tensor

from measure.orthonormal import Method, orthonormalise


class Frame:
    """k tangents of B examples between QRs. All sums are float64; nothing overflows, whatever the number of QRs.

    Attributes:
        basis: (B, k, d) orthonormal rows, or zero rows where a direction is lost.
        overflow: (B,) whether a tangent has left the range of its dtype.
    """

    def __init__(self, basis: Tensor, method: Method) -> None:
        batch, k, _ = basis.shape
        self.basis, self.method = basis, method
        # factors are a few numbers: they are multiplied up on the CPU, wherever the tangents are
        self.overflow = torch.zeros(batch, dtype=torch.bool)
        self.forget()

    def forget(self) -> None:
        """Start counting here, with the frame as it stands."""
        batch, k, _ = self.basis.shape
        self._sum = torch.zeros(batch, k, dtype=torch.float64)
        self._scale = torch.zeros(batch, k, dtype=torch.float64)
        self._product = torch.eye(k, dtype=torch.float64).repeat(batch, 1, 1)

    def absorb(self, tangents: Tensor) -> None:
        """Orthonormalise the image (B, k, d) of the basis, and count what was stretched."""
        self.basis, factor = orthonormalise(tangents, method=self.method)
        self._accumulate(factor)

    def take(self) -> Tensor:
        """Σ log R_ii (B, k) since the last call; +inf for examples whose tangents overflowed."""
        taken, self._sum = self._sum, torch.zeros_like(self._sum)
        return torch.where(self.overflow[:, None], torch.inf, taken).to(self.basis.device)

    def product(self) -> tuple[Tensor, Tensor]:
        """R_n ⋯ R_1 = exp(log_scale)[:, :, None] · triangular: (triangular (B, k, k), log_scale (B, k)).

        Rows of ``triangular`` have a largest entry of one, or are zero and have log_scale −inf.
        """
        if self.basis.shape[1] == 0:
            return self._product, self._scale
        largest = self._product.abs().amax(dim=2, keepdim=True)
        triangular = torch.where(largest > 0, self._product / largest, 0.0)
        log_scale = self._scale + largest.squeeze(2).log()
        return triangular.to(self.basis.device), log_scale.to(self.basis.device)

    def _accumulate(self, factor: Tensor) -> None:
        from measure.compiled import accumulate

        kept = (self._sum, self._product, self._scale, self.overflow)
        accumulate(factor.cpu().numpy(), *[tensor.numpy() for tensor in kept])
