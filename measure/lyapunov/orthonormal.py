"""Orthonormalise batches of tangents: seeded start, QR with R_ii ≥ 0, exact zeros for rank-deficient rows.

Three methods agree up to rounding: Householder (LAPACK); CholeskyQR2 with a float64 Gram matrix (Yamamoto, Nakatsukasa,
Yanagisawa & Fukaya, "Roundoff error analysis of the CholeskyQR2 algorithm", 2015), which is two matrix products and so
much the faster one on a GPU; and "compiled" for the CPU, which is modified Gram-Schmidt, twice, for small states and
CholeskyQR with as many passes as it takes for large ones. The last two hand every example that they cannot
orthonormalise to Householder.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.lyapunov.kernels import factorise, gram_schmidt
from unsettled.measure.support.counts import seed_of

Method = Literal["householder", "cholesky", "compiled"]

#: States of up to so many entries are orthonormalised by a compiled loop: a library call costs more than what it computes there.
SMALL = 128
#: One pass of CholeskyQR leaves rows aslant by a few units of rounding over the smallest share that is a row's own.
ONE_PASS = 0.1
#: Products of so many float32 entries are summed in float32, their sums in float64.
PIECE = 4096

#: Entries below this can be squared and summed in float64.
SQUARABLE = 1e140

#: What is left of a row after its part along the earlier rows was taken away is rounding, and so the row is lost, if it
#: is below this many times the rounding that can have got there: a unit of the longest row's, carried on by earlier rows
#: of which little was left. Rows that are short but were independent to begin with are kept: see `_independent`.
RESOLUTION = 32.0


def working_dtype(dtype: torch.dtype) -> torch.dtype:
    """QR never runs in less than float32."""
    return torch.promote_types(dtype, torch.float32)


def seeded_basis(size: int, k: int, seed: int, *, dtype: torch.dtype, device: torch.device | str = "cpu") -> Tensor:
    """k random orthonormal rows (k, d): drawn and orthonormalised on the CPU in float64, row after row.

    The first rows do not depend on k, bit for bit, and no row depends on device or dtype but by rounding.
    """
    generator = torch.Generator().manual_seed(seed_of(seed))
    basis = torch.empty(k, size, dtype=torch.float64)
    for i in range(k):
        row = torch.randn(size, generator=generator, dtype=torch.float64)
        for _ in range(2):  # twice is enough (Giraud, Langou & Rozložník)
            row = row - basis[:i].T @ (basis[:i] @ row)
        basis[i] = row / torch.linalg.vector_norm(row)
    return basis.to(device=device, dtype=dtype)


def default_method(device: torch.device) -> Method:
    """Batched Householder QR loops over the examples on a GPU; on a CPU it spends longer on them than it must."""
    suited: dict[str, Method] = {"cuda": "cholesky", "cpu": "compiled"}
    return suited.get(device.type, "householder")


def orthonormalise(tangents: Tensor, *, method: Method | None = None) -> tuple[Tensor, Tensor]:
    """QR of the rows of ``tangents`` (B, k, d), k ≤ d: (Q (B, k, d), R (B, k, k) float64), x_j = Σ_i R_ij q_i, R_ii ≥ 0.

    A row that depends on the rows before it, to within rounding (`RESOLUTION`), is *lost*: its R_ii is exactly 0 and its
    q is the zero vector, so that it disturbs no other row and stays zero under any linear map.
    Examples with non-finite tangents get R = NaN and Q = 0.
    """
    method = method or default_method(tangents.device)
    x = tangents.to(working_dtype(tangents.dtype))
    if x.dtype != torch.float64 or not x.numel():
        return _factorised(x, method)
    longest = x.abs().amax(dim=(1, 2), keepdim=True)
    far = (longest >= SQUARABLE) & longest.isfinite()
    if not far.any():
        return _factorised(x, method)
    unit = torch.where(far, torch.exp2(longest.log2().floor()), 1.0)  # a power of two rounds nothing
    q, r = _factorised(x / unit, method)
    return q, r * unit


def _factorised(x: Tensor, method: Method) -> tuple[Tensor, Tensor]:
    if method == "compiled":
        return _compiled(x)
    q, r = (_cholesky if method == "cholesky" else _householder)(x)
    return _with_zeros(x, q, r)


def _with_zeros(x: Tensor, q: Tensor, r: Tensor) -> tuple[Tensor, Tensor]:
    odd = ~_independent(r, x.dtype, longest=torch.linalg.vector_norm(r, dim=1).amax(dim=1, keepdim=True)).all(dim=1)
    if odd.any():
        for example in odd.nonzero().flatten().tolist():
            q[example], r[example] = _one_with_zeros(x[example])
    return q, r


def _independent(r: Tensor, dtype: torch.dtype, *, longest: Tensor) -> Tensor:
    """(B, k) whether each row has something of its own, by the factor (B, k, k) of the rows; false for zeros and NaN."""
    unit = torch.finfo(dtype).eps
    left, norm = r.diagonal(dim1=1, dim2=2), torch.linalg.vector_norm(r, dim=1)
    share = torch.where(left.unsqueeze(2) > 0, r.abs() / left.unsqueeze(2), 0.0).triu(1)
    rounding = unit * longest * (1 + share.sum(dim=1))
    independent: Tensor = (left > 0) & ((left > RESOLUTION * rounding) | (left > unit**0.5 * norm))
    return independent


def _householder(x: Tensor) -> tuple[Tensor, Tensor]:
    q, r = torch.linalg.qr(x.mT)
    q, r = q.mT, r.double()
    sign = torch.where(r.diagonal(dim1=1, dim2=2) < 0, -1.0, 1.0)
    return q * sign.unsqueeze(2).to(q.dtype), r * sign.unsqueeze(2)


def _cholesky(x: Tensor) -> tuple[Tensor, Tensor]:
    """CholeskyQR2 on rows scaled to length one; examples where it fails, or might have, go to Householder."""
    wide = x.double()
    norm = torch.linalg.vector_norm(wide, dim=2, keepdim=True)
    q = torch.where(norm > 0, wide / norm, 0.0)
    total = torch.diag_embed(norm.squeeze(2))
    worst = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    for _ in range(2):
        gram = q @ q.mT
        lower, info = torch.linalg.cholesky_ex(gram)
        # the Gram matrix squares the condition number: below this pivot the second pass cannot repair the first
        worst |= (info != 0) | ~(lower.diagonal(dim1=1, dim2=2) > 1e-6).all(dim=1)
        lower = torch.where(worst[:, None, None], torch.eye(x.shape[1], dtype=lower.dtype, device=x.device), lower)
        q = torch.linalg.solve_triangular(lower, q, upper=False)
        total = lower.mT @ total
    q = q.to(x.dtype)
    if worst.any():
        q[worst], total[worst] = _householder(x[worst])
    return q, total


def in_one_loop(k: int, size: int) -> bool:
    """Whether a compiled loop orthonormalises k tangents of that size: small ones, and a lone one, which is a norm."""
    return k == 1 or size <= SMALL


def least_share(dtype: torch.dtype) -> float:
    """A row of which more than this share is its own is independent of the others: see `_independent`."""
    return float(torch.finfo(dtype).eps ** 0.5)


def _compiled(x: Tensor) -> tuple[Tensor, Tensor]:
    """QR on the CPU; examples without a clear answer, by Householder."""
    least = least_share(x.dtype)
    if in_one_loop(*x.shape[1:]):
        q, r, done = _gram_schmidt(x, least)
    elif x.dtype == torch.float32:
        q, r, done = _cholesky_float32(x, least)
    else:
        return _with_zeros(x, *_householder(x))
    if not done.all():
        left = torch.from_numpy(~done).nonzero().flatten()
        rest = x[left]
        q[left], r[left] = _with_zeros(rest, *_householder(rest))
    return q, r


def _gram_schmidt(x: Tensor, least: float) -> tuple[Tensor, Tensor, np.ndarray]:
    x = x.contiguous()
    q, r = torch.empty_like(x), x.new_empty(*x.shape[:2], x.shape[1], dtype=torch.float64)
    return q, r, gram_schmidt(x.numpy(), q.numpy(), r.numpy(), least)


def _cholesky_float32(x: Tensor, least: float) -> tuple[Tensor, Tensor, np.ndarray]:
    lower, inverse, share = _factors(x)
    q = torch.bmm(inverse.float(), x)
    done = share > least
    if not (share > ONE_PASS).all():
        second, inverse, again = _factors(q)
        q = torch.bmm(inverse.float(), q)
        lower = lower @ second
        done &= again > 0.5
    return q, lower.mT, done


def _factors(x: Tensor) -> tuple[Tensor, Tensor, np.ndarray]:
    """Cholesky factors (B, k, k) of the Gram matrices of float32 rows, their inverses, and each example's smallest share."""
    gram = x.new_zeros(*x.shape[:2], x.shape[1], dtype=torch.float64)
    for piece in torch.split(x, PIECE, dim=2):
        gram += torch.bmm(piece, piece.mT)
    lower, inverse = torch.empty_like(gram), torch.empty_like(gram)
    share = factorise(gram.numpy(), lower.numpy(), inverse.numpy())
    return lower, inverse, share


def _one_with_zeros(x: Tensor) -> tuple[Tensor, Tensor]:
    """QR of one example (k, d) whose rows may be zero, dependent or non-finite."""
    k = len(x)
    q, r = torch.zeros_like(x), torch.zeros(k, k, dtype=torch.float64, device=x.device)
    if not x.isfinite().all():
        return q, r + torch.nan
    kept: list[int] = []
    norm = torch.linalg.vector_norm(x.double(), dim=1)
    for j in norm.nonzero().flatten().tolist():
        block, triangle = _householder(x[[*kept, j]].unsqueeze(0))
        r[[*kept, j], j] = triangle[0, :, -1]
        if _independent(triangle, x.dtype, longest=norm.amax())[0, -1]:
            kept.append(j)
            q[kept] = block[0]
        else:
            r[j, j] = 0.0
    return q, r
