"""The moving frame of k tangents: its basis, the growth since last asked, and the accumulated triangular factor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.lyapunov.kernels import absorb, accumulate
from unsettled.measure.lyapunov.orthonormal import Method, in_one_loop, least_share, orthonormalise, working_dtype


class Frame:
    """k tangents of B examples between QRs. All sums are float64; nothing overflows, whatever the number of QRs.

    Attributes:
        basis: (B, k, d) orthonormal rows, or zero rows where a direction is lost.
        overflow: (B,) whether a tangent has left the range of its dtype.
    """

    def __init__(self, basis: Tensor, method: Method) -> None:
        self.basis, self.method = basis, method
        # factors are a few numbers: they are multiplied up on the CPU, wherever the tangents are
        self.overflow = torch.zeros(len(basis), dtype=torch.bool)
        self.forget()

    def forget(self) -> None:
        """Start counting here, with the frame as it stands."""
        batch, k, _ = self.basis.shape
        self._growth, self._stretch = np.zeros((batch, k)), np.ones((batch, k))  # Σ log R_ii, and factors not yet in it
        self._product, self._scale = np.tile(np.eye(k), (batch, 1, 1)), np.zeros((batch, k))

    def absorb(self, tangents: Tensor) -> None:
        """Orthonormalise the image (B, k, d) of the basis, and count what was stretched."""
        if self.method == "compiled" and in_one_loop(*tangents.shape[1:]):
            self._absorb_in_one_loop(tangents.to(working_dtype(tangents.dtype)).contiguous())
        else:
            self.basis, factor = orthonormalise(tangents, method=self.method)
            self._accumulate(factor)

    def take(self) -> Tensor:
        """Σ log R_ii (B, k) since the last call; +inf for examples whose tangents overflowed."""
        taken = torch.from_numpy(self._growth + np.log(self._stretch))
        self._growth, self._stretch = np.zeros_like(self._growth), np.ones_like(self._stretch)
        return torch.where(self.overflow[:, None], torch.inf, taken).to(self.basis.device)

    def product(self) -> tuple[Tensor, Tensor]:
        """R_n ⋯ R_1 = exp(log_scale)[:, :, None] · triangular: (triangular (B, k, k), log_scale (B, k)).

        Rows of ``triangular`` have a largest entry of one, or are zero and have log_scale −inf.
        """
        product, scale = torch.from_numpy(self._product), torch.from_numpy(self._scale)
        if self.basis.shape[1] == 0:
            return product, scale
        largest = product.abs().amax(dim=2, keepdim=True)
        triangular = torch.where(largest > 0, product / largest, 0.0)
        log_scale = scale + largest.squeeze(2).log()
        return triangular.to(self.basis.device), log_scale.to(self.basis.device)

    def _absorb_in_one_loop(self, x: Tensor) -> None:
        self.basis = torch.empty_like(x)
        kept = (self._growth, self._stretch, self._product, self._scale)
        done, number = absorb(x.numpy(), self.basis.numpy(), least_share(x.dtype), *kept)
        if number == len(x):
            return
        left = ~done  # lost, short or broken tangents
        self.basis[left], factor = orthonormalise(x[left], method="householder")
        parts = [array[left] for array in (*kept, self.overflow.numpy())]
        accumulate_into(factor, *parts)
        for array, part in zip((*kept, self.overflow.numpy()), parts, strict=True):
            array[left] = part

    def _accumulate(self, factor: Tensor) -> None:
        accumulate_into(factor, self._growth, self._stretch, self._product, self._scale, self.overflow.numpy())


class Frames:
    """Several frames of k tangents side by side along one orbit: what the state costs is paid once, and each has QRs of its own."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.each = tuple(frames)

    @property
    def basis(self) -> Tensor:
        """(B, frames · k, d) the bases one after the other."""
        return torch.cat([frame.basis for frame in self.each], dim=1)

    def forget(self) -> None:
        """Start counting here, in every frame."""
        for frame in self.each:
            frame.forget()

    def absorb(self, tangents: Tensor) -> None:
        """Orthonormalise each frame's own part of the image (B, frames · k, d) of the bases."""
        for frame, part in zip(self.each, tangents.chunk(len(self.each), dim=1), strict=True):
            frame.absorb(part)


def accumulate_into(factor: Tensor, *kept: np.ndarray) -> None:
    accumulate(factor.cpu().contiguous().numpy(), *kept)
