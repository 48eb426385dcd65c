"""Dimensions and entropies that follow from a spectrum of exponents."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from unsettled.measure.errors import UserError


class Entropy(NamedTuple):
    """Σ of the positive exponents, and whether more of them may be missing.

    ``value`` (…,) is in nats per the exponents' own unit. Where ``lower_bound`` (…,) is true the last known exponent is
    still positive, so that the Pesin sum is at least ``value``. By Ruelle's inequality the whole Pesin sum is itself an
    upper bound of the Kolmogorov–Sinai entropy, and equals it for measures smooth along the unstable directions.
    """

    value: Tensor
    lower_bound: Tensor


def ks_entropy(exponents: Tensor, *, complete: bool = False) -> Entropy:
    """Pesin sum Σ max(λ_i, 0) of ``exponents`` (…, k); ``complete`` says that k is all there are.

    In nats per the exponents' own unit (Pesin 1977; an upper bound of the Kolmogorov–Sinai entropy by Ruelle 1978). Not for
    finite-time exponents of a short orbit, where no entropy is defined.

    >>> import torch
    >>> from unsettled.measure import ks_entropy
    >>> ks_entropy(torch.tensor([0.5, 0.25, -1.0]))
    Entropy(value=tensor(0.7500), lower_bound=tensor(False))
    """
    last = exponents.amin(dim=-1) > 0 if exponents.shape[-1] else torch.ones(exponents.shape[:-1], dtype=torch.bool)
    return Entropy(exponents.clamp(min=0).sum(dim=-1), last & (not complete))


def kaplan_yorke(exponents: Tensor, *, complete: bool = False, undecided: Literal["raise", "nan"] = "raise") -> Tensor:
    """Kaplan–Yorke dimension (…,) of ``exponents`` (…, k), which are sorted here.

    j + (λ_1 + … + λ_j) / |λ_{j+1}|, with j the last index up to which the sum is not negative (Kaplan & Yorke 1979). If
    the sum never turns negative the known exponents do not determine it — unless they are ``complete``, then it is k.

    Raises:
        UserError: if an example is undecided, unless ``undecided`` is "nan".

    >>> import torch
    >>> from unsettled.measure import kaplan_yorke
    >>> round(kaplan_yorke(torch.tensor([0.9, 0.0, -14.57]), complete=True).item(), 2)  # Lorenz 1963
    2.06
    """
    if exponents.shape[-1] == 0:
        raise UserError("no exponents to make a dimension of", hint="measure with k ≥ 1")
    ordered = exponents.sort(dim=-1, descending=True).values
    sums = ordered.cumsum(dim=-1)
    below = sums < 0
    index = below.to(torch.uint8).argmax(dim=-1, keepdim=True)  # the first negative sum
    before = torch.where(index > 0, sums.gather(-1, (index - 1).clamp(min=0)), 0.0)
    dimension = (index + before / ordered.gather(-1, index).abs()).squeeze(-1)
    decided = below.any(dim=-1)
    whole = float(exponents.shape[-1]) if complete else torch.nan
    dimension = torch.where(decided, dimension, whole)
    dimension = torch.where(exponents.isnan().any(dim=-1), torch.nan, dimension)
    if undecided == "raise" and dimension.isnan().any():
        count, k = int(dimension.isnan().sum()), exponents.shape[-1]
        raise UserError(
            f"the sum of the {k} exponents never turns negative in {count} of {dimension.numel()} examples",
            hint="measure with a larger k, or pass undecided='nan'",
        )
    return dimension
