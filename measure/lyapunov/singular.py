"""Logarithms of singular values of matrices whose rows differ by hundreds of orders of magnitude.

One-sided Jacobi on rows kept as a direction and a logarithm of length, so that nothing over- or underflows and small
singular values keep their relative accuracy (Demmel & Veselić, "Jacobi's method is more accurate than QR", 1992).
"""

from __future__ import annotations

import torch
from torch import Tensor

_SWEEPS = 40  # convergence is quadratic: six or so are used
_TOLERANCE = 1e-15


def log_singular_values(rows: Tensor, log_scale: Tensor) -> Tensor:
    """log σ_i of exp(log_scale)[:, :, None] · rows, largest first.

    Args:
        rows: (B, k, m) float64, finite, k ≤ m.
        log_scale: (B, k) float64; −inf for rows that are zero.

    Returns:
        (B, k) float64; −inf for singular values that are exactly zero.
    """
    if rows.shape[1] == 0:
        return log_scale
    direction, log_length = _normalised(rows, log_scale)
    rounds = _round_robin(rows.shape[1])
    for _ in range(_SWEEPS):
        largest = 0.0
        for first, second in rounds:
            largest = max(largest, _rotate(direction, log_length, first, second))
        if largest <= _TOLERANCE * rows.shape[2]:
            break
    return log_length.sort(dim=1, descending=True).values


def _normalised(rows: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
    length = torch.linalg.vector_norm(rows, dim=2)
    direction = torch.where(length.unsqueeze(2) > 0, rows / length.unsqueeze(2), 0.0)
    return direction, log_scale + length.log()


def _rotate(direction: Tensor, log_length: Tensor, first: list[int], second: list[int]) -> float:
    """Make the pairs of rows orthogonal, in place; returns the largest cosine found.

    With a the longer row, ρ = ‖b‖/‖a‖ and γ the cosine, the rotation is a + ρ²r·b/ρ, b − r·ρ·a in units of the row's
    own length, where r = 2γ / (1 − ρ² + √((1 − ρ²)² + 4γ²ρ²)): bounded for every ρ from 0 to 1.
    """
    u, v = direction[:, first], direction[:, second]
    log_u, log_v = log_length[:, first], log_length[:, second]
    swap = log_v > log_u
    u, v = torch.where(swap.unsqueeze(2), v, u), torch.where(swap.unsqueeze(2), u, v)
    log_u, log_v = torch.maximum(log_u, log_v), torch.minimum(log_u, log_v)
    cosine = (u * v).sum(dim=2)
    square = torch.where(log_v == -torch.inf, 0.0, (2 * (log_v - log_u)).exp())
    root = ((1 - square) ** 2 + 4 * cosine**2 * square).sqrt()
    ratio = torch.where(cosine == 0, 0.0, 2 * cosine / (1 - square + root))
    shrink = -0.5 * torch.log1p(square * ratio**2)
    longer = _normalised(u + (square * ratio).unsqueeze(2) * v, log_u + shrink)
    shorter = _normalised(v - ratio.unsqueeze(2) * u, log_v + shrink)
    # each row goes back to its own place, or a sweep would not meet every pair
    for place, mine, other in ((first, longer, shorter), (second, shorter, longer)):
        direction[:, place] = torch.where(swap.unsqueeze(2), other[0], mine[0])
        log_length[:, place] = torch.where(swap, other[1], mine[1])
    return cosine.abs().amax().item() if cosine.numel() else 0.0


def _round_robin(size: int) -> list[tuple[list[int], list[int]]]:
    """Every pair of 0 … size−1 once, in rounds of disjoint pairs (the circle method)."""
    ring = list(range(size + size % 2))
    rounds = []
    for _ in range(len(ring) - 1):
        half = len(ring) // 2
        pairs = [(a, b) for a, b in zip(ring[:half], reversed(ring[half:]), strict=True) if max(a, b) < size]
        rounds.append(([a for a, _ in pairs], [b for _, b in pairs]))
        ring = [ring[0], ring[-1], *ring[1:-1]]
    return [pair for pair in rounds if pair[0]]
