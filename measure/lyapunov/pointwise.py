"""Maps of small states written for one example, compiled by numba: a whole batch and its tangents in one call.

For states of a few numbers a call of torch costs more than what it computes. A map that is worth writing by hand comes as
one plain function of arrays; `unsettled.measure.lyapunov.estimator.tangent_growth` takes it like any other update.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numba import njit
from torch import Tensor

from unsettled.measure.errors import UserError

Push = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class Pointwise:
    """A map of one tensor (B, d) on the CPU, float32 or float64.

    Attributes:
        one: ``one(z, v, new, image)``, which numba must be able to compile: z (d,) is the state of one example and v (k, d)
            its tangents, with k = 0 where only the orbit is run; it writes f(z) into new (d,) and Df(z)·v into image (k, d).

    >>> import torch
    >>> from unsettled.measure import Pointwise, tangent_growth
    >>> def halve(z, v, new, image):
    ...     for c in range(len(z)):
    ...         new[c] = 0.5 * z[c]
    ...         for i in range(len(v)):
    ...             image[i, c] = 0.5 * v[i, c]
    >>> found = tangent_growth(Pointwise(halve), torch.ones(1, 2), k=1, segments=2)
    >>> [round(value, 4) for value in found.growth[0, :, 0].tolist()]
    [-0.6931, -0.6931]
    """

    one: Push
    _batch: Callable[..., None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        one = njit(nogil=True, fastmath={"contract"}, error_model="numpy")(self.one)

        @njit(nogil=True, error_model="numpy")
        def batch(z: np.ndarray, v: np.ndarray, new: np.ndarray, image: np.ndarray) -> None:
            for b in range(len(z)):
                one(z[b], v[b], new[b], image[b])

        object.__setattr__(self, "_batch", batch)

    def __call__(self, state: Tensor) -> Tensor:
        return self.push(state, state.new_empty(len(state), 0, *state.shape[1:]))[0]

    def push(self, state: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
        """f(z) and Df(z)·v for tangents (B, k, d).

        Raises:
            UserError: for a state that is not (B, d) on the CPU, with the type of its tangents.
        """
        if state.ndim != 2 or state.device.type != "cpu" or state.dtype != tangents.dtype:
            raise UserError(
                f"a state of shape {tuple(state.shape)} on {state.device.type} does not go through a compiled loop",
                hint="give one tensor (B, d) on the CPU, or write the map in torch",
            )
        state, tangents = state.contiguous(), tangents.contiguous()
        new, image = np.empty_like(state.numpy()), np.empty_like(tangents.numpy())
        self._batch(state.numpy(), tangents.numpy(), new, image)
        return torch.from_numpy(new), torch.from_numpy(image)
