"""The moving frame of k tangents: its basis, the growth since last asked, and the accumulated triangular factor."""

from __future__ import annotations

import torch
from torch import Tensor

from measure.orthonormal import Method, orthonormalise


class Frame:
    """k tangents of B examples between QRs. All sums are float64; nothing overflows, whatever the number of QRs.

    Attributes:
        basis: (B, k, d) orthonormal rows, or zero rows where a direction is lost.
        triangular, log_scale: R_n ⋯ R_1 = exp(log_scale)[:, :, None] · triangular, rows of largest entry one or zero.
        overflow: (B,) whether a tangent has left the range of its dtype.
    """

    def __init__(self, basis: Tensor, method: Method) -> None:
        batch, k, _ = basis.shape
        self.basis, self.method = basis, method
        self.overflow = torch.zeros(batch, dtype=torch.bool, device=basis.device)
        self._eye = torch.eye(k, dtype=torch.float64, device=basis.device)
        self.forget()

    def forget(self) -> None:
        """Start counting here, with the frame as it stands."""
        batch, k, _ = self.basis.shape
        self._sum = self._eye.new_zeros(batch, k)
        self.log_scale = self._eye.new_zeros(batch, k)
        self.triangular = self._eye.repeat(batch, 1, 1)

    def absorb(self, tangents: Tensor) -> None:
        """Orthonormalise the image (B, k, d) of the basis, and count what was stretched."""
        self.basis, factor = orthonormalise(tangents, method=self.method)
        broken = factor.isnan().any(dim=2).any(dim=1)
        self.overflow |= broken
        factor = torch.where(broken[:, None, None], self._eye, factor)
        self._sum += factor.diagonal(dim1=1, dim2=2).log()
        self._accumulate(factor)

    def take(self) -> Tensor:
        """Σ log R_ii (B, k) since the last call; +inf for examples whose tangents overflowed."""
        taken, self._sum = self._sum, torch.zeros_like(self._sum)
        return torch.where(self.overflow[:, None], torch.inf, taken)

    def _accumulate(self, factor: Tensor) -> None:
        logs = factor.abs().log() + self.log_scale.unsqueeze(1)
        top = logs.amax(dim=2)
        # a row of zeros has −inf everywhere, and −inf − (−inf) is not a number
        weight = factor.sign() * (logs - top.clamp(min=-1e300).unsqueeze(2)).exp()
        product = weight @ self.triangular
        scale = product.abs().amax(dim=2)
        self.triangular = torch.where(scale.unsqueeze(2) > 0, product / scale.unsqueeze(2), 0.0)
        self.log_scale = top + scale.log()
