"""Extreme singular values and eigenvalues of the Jacobian of one step at any state, without the matrix, each with a residual.

A norm that was not shown to be converged is a guess: every value comes with the residual of its own equation, recomputed by products
with J in the map's arithmetic, and with whether that meets the tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.linearised import Linearised
from unsettled.measure.lyapunov.orthonormal import seeded_basis
from unsettled.measure.support.counts import at_least

TOLERANCE = 1e-6
_CHECKED = 4  # steps between two looks at the small problem
_ROUNDING = 64  # units of rounding of the map that a residual may be, whatever the tolerance


@dataclass(frozen=True)
class LargestSingularValue:
    """The largest singular value σ of J at B states.

    Attributes:
        value: (B,) σ, float64; 0 where J is zero.
        residual: (B,) ‖Jᵀu − σv‖ / σ of the unit vectors with Jv = σu: σ is that close, relatively, to a singular value of J.
        converged: (B,) whether the residual meets the tolerance.
        direction: (B, d) v, the direction that one step stretches most.
        products: J·v and Jᵀ·u made, each.
    """

    value: Tensor
    residual: Tensor
    converged: Tensor
    direction: Tensor
    products: int


@dataclass(frozen=True)
class LeadingEigenvalues:
    """The eigenvalues of largest modulus of J at B states.

    Attributes:
        values: (B, count) complex128, largest modulus first; of a complex pair both.
        residual: (B, count) ‖Jv − μv‖ / |μ| with ‖v‖ = 1, from products with J made for this; infinite where μ is 0 and Jv is not.
        converged: (B,) whether the residual of the first meets the tolerance, or is rounding. Where it is not, no radius is known.
        vectors: (B, count, d) complex128 eigenvectors of length 1.
        products: J·v made.
    """

    values: Tensor
    residual: Tensor
    converged: Tensor
    vectors: Tensor
    products: int

    @property
    def radius(self) -> Tensor:
        """(B,) spectral radius |μ₁|; NaN where it has not converged."""
        return torch.where(self.converged, self.values[:, 0].abs(), torch.nan)


@torch.no_grad()
def largest_singular_value(jacobian: Linearised, *, tolerance: float = TOLERANCE, most: int = 48, seed: int = 0) -> LargestSingularValue:
    """σ₁ of J by Golub–Kahan bidiagonalisation with full reorthogonalisation: J and Jᵀ in turns, all states at a time.

    A residual r says that some singular value lies within rσ of σ; σ is never above the largest one but by rounding. It comes near
    another one only where the random start (`seed`) has next to nothing along the first: compare two seeds.
    Golub & Kahan 1965, SIAM J. Numer. Anal. 2:205.

    Args:
        jacobian: see `unsettled.measure.lyapunov.linearised.linearised`.
        tolerance: of the residual.
        most: pairs of products at most.

    Raises:
        UserError: a tolerance that is not positive, or no product allowed.

    >>> import torch
    >>> from unsettled.measure.lyapunov.linearised import linearised
    >>> shear = torch.tensor([[0.9, 50.0], [0.0, 0.8]], dtype=torch.float64)
    >>> found = largest_singular_value(linearised(lambda z: z @ shear.T, torch.zeros(1, 2, dtype=torch.float64)))
    >>> round(found.value.item(), 3), bool(found.converged)
    (50.014, True)
    """
    most = min(_checked(tolerance, most), jacobian.size)
    right = _start(jacobian, seed)[:, None]
    left, diagonal, above = right[:, :0], right.new_zeros(jacobian.batch, 0), right.new_zeros(jacobian.batch, 0)
    scale = right.new_zeros(jacobian.batch)
    for count in range(1, most + 1):
        image = jacobian.forward(right[:, -1:])[:, 0]
        scale = torch.maximum(scale, torch.linalg.vector_norm(image, dim=1))
        unit, length = _fresh(image, left, scale, jacobian.epsilon)
        left, diagonal = torch.cat((left, unit[:, None]), dim=1), torch.cat((diagonal, length[:, None]), dim=1)
        unit, length = _fresh(jacobian.adjoint(unit[:, None])[:, 0], right, scale, jacobian.epsilon)
        if count % _CHECKED == 0 or count == most or bool((length == 0).all()):
            small = torch.diag_embed(diagonal) + (torch.diag_embed(above, offset=1) if count > 1 else 0)
            u, values, vt = torch.linalg.svd(small)
            if bool((length * u[:, -1, 0].abs() <= tolerance * values[:, 0]).all()):
                break
        right, above = torch.cat((right, unit[:, None]), dim=1), torch.cat((above, length[:, None]), dim=1)
    right = right[:, :count]
    direction = torch.einsum("bk,bkd->bd", vt[:, 0], right)
    image = jacobian.forward(direction[:, None])[:, 0]
    value = torch.linalg.vector_norm(image, dim=1)
    back = jacobian.adjoint((image / value[:, None]).nan_to_num(nan=0.0)[:, None])[:, 0]
    residual = _relative(torch.linalg.vector_norm(back - value[:, None] * direction, dim=1), value)
    return LargestSingularValue(value, residual, residual <= max(tolerance, _ROUNDING * jacobian.epsilon), direction, count + 1)


@torch.no_grad()
def leading_eigenvalues(
    jacobian: Linearised, *, count: int = 1, tolerance: float = TOLERANCE, most: int = 64, seed: int = 0
) -> LeadingEigenvalues:
    """The eigenvalues of largest modulus of J, and so its spectral radius, by Arnoldi iteration, all states at a time.

    A residual r says that μ is an eigenvalue of a matrix within r|μ| of J. How far the eigenvalue itself may then be depends on how
    far J is from normal: of a defective one a residual of 1e-16 leaves about 1e-8. It does not say that μ is the largest: an
    eigenvalue that the random start (`seed`) has next to nothing of is missed, so compare two seeds. Where nothing converged within
    ``most`` products the answer is that, not a number. Arnoldi 1951, Quart. Appl. Math. 9:17.

    Args:
        jacobian: see `unsettled.measure.lyapunov.linearised.linearised`.
        count: eigenvalues to return; those that converge are told by their residuals.
        tolerance: of the residual of the first.
        most: products at most; that many vectors of the state are kept.

    Raises:
        UserError: a tolerance that is not positive, or fewer products than eigenvalues.

    >>> import torch
    >>> from unsettled.measure.lyapunov.linearised import linearised
    >>> turn = torch.tensor([[0.0, -1.2], [1.2, 0.0]], dtype=torch.float64)
    >>> found = leading_eigenvalues(linearised(lambda z: z @ turn.T, torch.zeros(1, 2, dtype=torch.float64)), count=2)
    >>> round(found.radius.item(), 6), [round(value.imag, 6) for value in found.values[0].tolist()]
    (1.2, [1.2, -1.2])
    """
    at_least(1, count, "count")
    if count > (most := min(_checked(tolerance, most), jacobian.size)):
        raise UserError(f"{count} eigenvalues of {most} products", hint="ask for fewer, or allow more")
    vectors, columns = _start(jacobian, seed)[:, None], []
    scale = vectors.new_zeros(jacobian.batch)
    for size in range(1, most + 1):
        image = jacobian.forward(vectors[:, -1:])[:, 0]
        scale = torch.maximum(scale, torch.linalg.vector_norm(image, dim=1))
        unit, length = _fresh(image, vectors, scale, jacobian.epsilon)
        columns.append(torch.cat((torch.einsum("bkd,bd->bk", vectors, image), length[:, None]), dim=1))
        if (size % _CHECKED == 0 and size >= count) or size == most or bool((length == 0).all()):
            values, small = _largest_first(_hessenberg(columns, size))
            open_ends = length * small[:, -1, 0].abs()
            if bool((open_ends <= 0.3 * tolerance * values[:, 0].abs()).all()) or bool((length == 0).all()):
                break
        vectors = torch.cat((vectors, unit[:, None]), dim=1)
    vectors = vectors[:, :size]
    ritz = torch.einsum("bkc,bkd->bcd", small[:, :, :count], vectors.to(small.dtype))
    ritz = ritz / torch.linalg.vector_norm(ritz, dim=2, keepdim=True)
    values = values[:, :count]
    image = jacobian.forward(torch.cat((ritz.real, ritz.imag), dim=1))
    error = torch.complex(*image.chunk(2, dim=1)) - values[..., None] * ritz
    absolute = torch.linalg.vector_norm(error, dim=2)
    residual = _relative(absolute, values.abs())
    # an eigenvalue at rounding of a J that is not small has a relative residual that says nothing
    rounding = absolute[:, 0] <= _ROUNDING * jacobian.epsilon * scale
    products = size + 2 * values.shape[1]
    return LeadingEigenvalues(values, residual, (residual[:, 0] <= tolerance) | rounding, ritz, products)


def _checked(tolerance: float, most: int) -> int:
    if not tolerance > 0:
        raise UserError(f"tolerance is {tolerance}", hint="it must be positive")
    return at_least(1, most, "most")


def _start(jacobian: Linearised, seed: int) -> Tensor:
    """(B, d) one random unit vector for all states."""
    start = seeded_basis(jacobian.size, 1, seed, dtype=torch.float64, device=jacobian.device)
    return start.expand(jacobian.batch, -1)


def _fresh(image: Tensor, known: Tensor, scale: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """What of (B, d) is orthogonal to known rows (B, k, d), of length 1, and its length (B,); both zero where that is rounding."""
    for _ in range(2):  # twice is enough (Giraud, Langou & Rozložník)
        image = image - torch.einsum("bk,bkd->bd", torch.einsum("bkd,bd->bk", known, image), known)
    length = torch.linalg.vector_norm(image, dim=1)
    length = torch.where(length > 10 * epsilon * scale, length, 0.0)
    return torch.where(length[:, None] > 0, image / length[:, None], 0.0), length


def _hessenberg(columns: list[Tensor], size: int) -> Tensor:
    """(B, size, size) from the columns of coefficients, of which each reaches one row below the diagonal."""
    square = columns[0].new_zeros(len(columns[0]), size, size)
    for number, column in enumerate(columns):
        rows = min(size, column.shape[1])
        square[:, :rows, number] = column[:, :rows]
    return square


def _largest_first(square: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues (B, n), largest modulus first, and unit eigenvectors (B, n, n) as columns; of a pair the one above the axis first."""
    values, vectors = torch.linalg.eig(square.cpu())
    # moduli of a pair differ by rounding at most: they are told apart by a last share of the imaginary part
    order = (values.abs() * (1 + 1e-12 * values.imag.sign())).argsort(dim=1, descending=True, stable=True)
    return (values.gather(1, order).to(square.device), vectors.gather(2, order[:, None].expand_as(vectors)).to(square.device))


def _relative(error: Tensor, size: Tensor) -> Tensor:
    return torch.where(error == 0, 0.0, error / size)
