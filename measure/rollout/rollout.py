"""One batch of examples through one network: every segment's displacement, confidence, answer and tangent growth.

Halting is recorded, never applied; the answer that counts is the one read off the state after the last segment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.networks import RecursiveModel
from unsettled.measure.networks.members import as_network, home_of
from unsettled.measure.networks.protocol import Batch, Network, State, begun, depends_on_time
from unsettled.measure.rollout.observer import Observer
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.sudoku.boards import Box

Columns = dict[str, NDArray[np.generic]]


def batch_of(examples: Examples, *, device: torch.device | str = "cpu", noise_seed: int = 0) -> Batch:
    """What a network is given of some examples."""
    tokens, identifiers = (torch.from_numpy(array.astype(np.int64)).to(device) for array in (examples.inputs, examples.identifiers))
    return Batch(tokens, identifiers, examples.ids, noise_seed)


@torch.no_grad()
def rollout(
    model: RecursiveModel | Network,
    examples: Examples,
    *,
    k: int,
    segments: int,
    seed: int,
    qr_every: int = 1,
    start: State | None = None,
    device: torch.device | str | None = None,
    noise_seed: int = 0,
) -> Columns:
    """Measure one batch; returns the columns of a record (see `unsettled.measure.record.record.COLUMNS`).

    Args:
        model: in evaluation mode, on its device and in its dtype.
        examples: the batch, N rows.
        k: number of leading exponents; 0 measures none, at the cost of a plain forward pass.
        segments: length of the rollout.
        seed: of the shared tangent start Q₀.
        qr_every: state updates between two re-orthonormalisations.
        start: the initial state, the network's own by default.
        device: where the examples go; that of the model's weights by default.
        noise_seed: of the frozen noise of a stochastic network.
    """
    network = as_network(model)
    batch = batch_of(examples, device=home_of(model) if device is None else device, noise_seed=noise_seed)
    observer = Observer(network)
    result = tangent_growth(
        list(network.updates(batch)),
        begun(network, batch, start),
        k=k,
        segments=segments,
        qr_every=qr_every,
        seed=seed,
        observe=observer,
        time_dependent=depends_on_time(network),
    )
    return columns(examples, observer, result.growth)


def columns(examples: Examples, observer: Observer, growth: Tensor) -> Columns:
    """The columns of a record from what was observed: (N,), (N, S) by segment, growth (N, S, k).

    What a task does not have (conflicts, givens, a rule), or a network (a confidence), is not among them.
    """
    answer = _stacked(observer.answer)
    solved_at = examples.solved(answer)
    found: Columns = {
        "example_id": examples.ids,
        "group": examples.groups,
        "rating": examples.rating,
        "solved": solved_at[:, -1],
        "token_accuracy": examples.token_accuracy(answer[:, -1:])[:, 0],
        "solved_at": solved_at,
        "growth": growth.cpu().numpy(),
    }
    for name in ("displacement", "norm", "angle", "update_cosine"):
        by_latent = _stacked(getattr(observer, name))
        found |= {f"{name}_{latent}": by_latent[..., i] for i, latent in enumerate(observer.network.latents)}
    if observer.confidence:
        found["halting_logit"] = _stacked(observer.confidence).astype(np.float64)
    task = examples.task
    optional = {"givens": examples.givens, "conflicts": task.conflicts(answer), "valid_at": task.valid(examples.inputs, answer)}
    return found | {name: array for name, array in optional.items() if array is not None}


def _stacked(parts: list[Tensor]) -> NDArray[Any]:
    """Segments as the second axis."""
    stacked = torch.stack(parts, dim=1)
    return np.asarray((stacked.float() if stacked.dtype == torch.bfloat16 else stacked).cpu().numpy())


def board_of(model: RecursiveModel) -> Box:
    """The Sudoku board that a network reads. Raises UserError where it reads something else."""
    side = round(model.config.cells**0.5)
    if side * side != model.config.cells or model.config.vocabulary != side + 2:
        raise UserError(f"the checkpoint reads {model.config.vocabulary} tokens on {model.config.cells} cells, which is not Sudoku")
    return Box.from_size(side)
