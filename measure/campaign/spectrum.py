"""One-step quantities of every example along its rollout, as a side record: gain along the motion, singular value, radius.

The step is one whole segment, at the state after it: J = Df(z_s), f being the next segment. Everything runs in float64 unless asked
otherwise, since a radius is only as good as its residual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.campaign.fingerprint import fingerprint_of
from unsettled.measure.campaign.finished import USUAL, IfWhole
from unsettled.measure.campaign.run import provenance_of
from unsettled.measure.campaign.side_parts import side_in_parts
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.linearised import Linearised, flat, linearised
from unsettled.measure.lyapunov.motion import alignment, gain_along_motion, motion, persistence
from unsettled.measure.lyapunov.onestep import largest_singular_value, leading_eigenvalues
from unsettled.measure.networks.members import as_network
from unsettled.measure.networks.protocol import State, depends_on_time, tokens_of
from unsettled.measure.record.provenance import measured_on
from unsettled.measure.record.side import SideProvenance, SideRecord
from unsettled.measure.rollout.fitting import Measurable, Placed, fitted
from unsettled.measure.rollout.rollout import batch_of
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples

KIND = "spectrum"


@dataclass(frozen=True, kw_only=True)
class SpectrumSettings:
    """How a spectrum record is measured.

    Attributes:
        segments: of the rollout; gain and cosine are measured after each.
        at: segments (from 1) after which singular value and radius are measured too; none stands for the last alone.
        tolerance: of their residuals.
        most: products with J at most for each: an eigenvalue that needs more is NaN.
        batch, seed, noise_seed, device, dtype: as in `unsettled.measure.measure`; the seed is that of the iterations' start.
    """

    segments: int = 16
    at: tuple[int, ...] = ()
    tolerance: float = 1e-4
    most: int = 64
    batch: int = 8
    seed: int = 0
    noise_seed: int | None = None
    device: str = "cpu"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        for name, lowest in (("segments", 1), ("most", 1), ("batch", 1), ("seed", 0)):
            at_least(lowest, getattr(self, name), name)
        for segment in self.at:
            at_least(1, segment, "at", most=self.segments)
        if len(set(self.at)) < len(self.at):
            raise UserError(f"segments {list(self.at)}", hint=f"different ones from 1 to {self.segments}")
        if not self.tolerance > 0:
            raise UserError(f"tolerance is {self.tolerance}", hint="it must be positive")

    @property
    def chosen(self) -> tuple[int, ...]:
        """The segments after which the whole is measured, in order."""
        return tuple(sorted(self.at)) or (self.segments,)


def measure_spectrum(
    network: Measurable,
    examples: Examples,
    out: Path,
    settings: SpectrumSettings,
    *,
    if_whole: IfWhole = USUAL,
    workers: Workers = here,
    advance: Callable[[int], None] = lambda rows: None,
) -> SideRecord:
    """Measure, write to ``out`` and return the spectrum record of a network on examples, a batch at a time. Resumes.

    Columns, for N examples, S segments and A chosen ones (``settings["at"]`` of the provenance, in that order):
    ``example_id`` (N,); ``solved_at`` (N, S); ``gain`` (N, S) ‖J d‖/‖d‖ along the last update d; ``update_cosine`` (N, S) of d with the
    update before; ``displacement`` (N, S) ‖d‖ over the norm of the state; ``persistence`` (N,) last segments in a row whose cosine is above
    ½; ``sigma``, ``sigma_residual`` (N, A) largest singular value; ``radius``, ``radius_residual`` (N, A) spectral radius, NaN where it has
    not converged; ``eigenvalue_real``, ``eigenvalue_imag`` (N, A) the best estimate of the leading eigenvalue whether converged or not.
    All latents are one state here. NaN stands for a direction that is not there: of a run at rest, or before there were two updates.

    Raises:
        UserError: arguments that do not fit, another process writes to ``out``, or unfinished parts beside it are of another measurement.
    """
    provenance_of(
        network, examples, k=0, segments=settings.segments, batch=settings.batch, device=settings.device, dtype=settings.dtype
    )  # refuses what does not fit
    ready = fitted(network, examples)
    told = {**asdict(settings), "at": list(settings.chosen)}
    about = SideProvenance(kind=KIND, **measured_on(ready, examples), settings=told)
    measured = partial(spectrum_of_batch, Placed(ready.model, settings.dtype, settings.device), settings=settings)
    given = fingerprint_of(ready, examples)
    return side_in_parts(
        out, about, examples, measured, size=settings.batch, fingerprint=given, if_whole=if_whole, workers=workers, advance=advance
    )


@torch.no_grad()
def spectrum_of_batch(placed: Placed, examples: Examples, settings: SpectrumSettings) -> dict[str, np.ndarray]:
    """The columns of one batch."""
    network = as_network(placed.here)
    batch = batch_of(examples, device=settings.device, noise_seed=settings.noise_seed or 0)
    updates, state = list(network.updates(batch)), network.start(batch)
    timed = depends_on_time(network)

    def derivative(segment: int, state: State) -> Linearised:
        """At the state before a segment; it holds the state after it, too."""
        return linearised(updates, state, time_dependent=timed, clock=segment * len(updates))

    solved: list[Tensor] = []
    by_segment: dict[str, list[Tensor]] = {"gain": [], "update_cosine": [], "displacement": []}
    by_choice: dict[str, list[Tensor]] = {}
    jacobian, last = derivative(0, state), torch.full_like(flat(state), torch.nan)
    for segment in range(1, settings.segments + 1):
        before, state = state, jacobian.states[-1]
        if not all(bool(part.isfinite().all()) for part in state):
            raise UserError(f"the state after segment {segment} is not finite", hint="measure a record: it says of which examples")
        jacobian, moved = derivative(segment, state), motion(before, state)
        by_segment["gain"].append(gain_along_motion(jacobian, before))
        by_segment["update_cosine"].append(alignment(moved, last))
        length = torch.linalg.vector_norm(flat(state) - flat(before), dim=1)
        by_segment["displacement"].append(length / torch.linalg.vector_norm(flat(state), dim=1))
        solved.append(tokens_of(network.answer(state)))
        last = moved
        if segment in settings.chosen:
            for name, values in _extremes(jacobian, settings).items():
                by_choice.setdefault(name, []).append(values)
    answers = torch.stack(solved, dim=1).cpu().numpy()
    return {
        "example_id": examples.ids,
        "solved_at": examples.solved(answers).astype(np.uint8),
        "persistence": persistence(torch.stack(by_segment["update_cosine"], dim=1)).cpu().numpy(),
        **{name: torch.stack(values, dim=1).cpu().numpy().astype(np.float32) for name, values in (by_segment | by_choice).items()},
    }


def _extremes(jacobian: Linearised, settings: SpectrumSettings) -> dict[str, Tensor]:
    """Largest singular value and spectral radius of each state of a batch."""
    singular = largest_singular_value(jacobian, tolerance=settings.tolerance, most=settings.most, seed=settings.seed)
    leading = leading_eigenvalues(jacobian, tolerance=settings.tolerance, most=settings.most, seed=settings.seed)
    return {
        "sigma": singular.value,
        "sigma_residual": singular.residual,
        "radius": leading.radius,
        "radius_residual": leading.residual[:, 0],
        "eigenvalue_real": leading.values[:, 0].real,
        "eigenvalue_imag": leading.values[:, 0].imag,
    }
