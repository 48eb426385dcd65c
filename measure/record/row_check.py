"""The row check: which recorded rows are not what measuring them again gives. Needs no network, only somebody who measures again.

A sequential test. A row within rounding of one re-measurement stands. Any other is held against four re-measurements of its own
(`unsettled.measure.record.own_noise`); one that fails is looked at more closely, `STAGES`, and differs when it fails them all: by few
re-measurements a rare outcome cannot be told from an impossible one. More rows than `most_closer` do not fail nine of them by chance, and
differ at once. Both error rates are in
`measure/RELIABILITY.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unsettled.measure.record.own_noise import Flags, Floats, Profile, beyond_rounding, common_shifts, noise_of, outside, unexplained

# How many more re-measurements of a row are made at each stage.
STAGES = (3, 5, 24, 96)
# Chance that rows which are not shifted together are suspected of it, and all of them measured again for the second stage.
SCREEN = 0.05


@dataclass(frozen=True)
class Again:
    """V re-measurements of N rows: values (V, N, S, C) and outcomes (V, N, S + 1)."""

    values: Floats
    outcomes: Flags

    def take(self, rows: NDArray[np.int_]) -> Again:
        """The rows at these positions."""
        return Again(self.values[:, rows], self.outcomes[:, rows])

    def and_also(self, more: Again) -> Again:
        """These re-measurements and more of the same rows."""
        return Again(np.concatenate([self.values, more.values]), np.concatenate([self.outcomes, more.outcomes]))


# Given positions of rows, which re-measurements, by number, and how many exponents (None: all), measures them.
Measure = Callable[[NDArray[np.int_], range, int | None], Again]


@dataclass(frozen=True)
class Checked:
    """What the row check found.

    Attributes:
        rows: how many rows were checked.
        noisy: positions of the rows that were judged by their own noise.
        differing: position of each row that differs → which quantities, and by how much.
        shifted: quantities in which the noisy rows are shifted together → p-value.
        largest: the largest difference of each quantity from the first re-measurement, among rows within rounding.
        told: position of each noisy row → how far it lies from its first re-measurement, and its own noise.
    """

    rows: int
    noisy: tuple[int, ...]
    differing: dict[int, str]
    shifted: dict[str, float]
    largest: dict[str, float]
    told: dict[int, str]


def most_closer(rows: int, made: int) -> int:
    """How many of so many rows may fail after so many re-measurements for the next stage to look at them."""
    return max(12, rows // 3) if made <= sum(STAGES[:2]) else max(2, rows // 16)


def check_rows(recorded: Profile, again: Profile, more: Measure, *, stages: Sequence[int] = STAGES) -> Checked:
    """Check rows against one re-measurement of each, and against as many ``more`` as it takes."""
    rows = len(recorded.values)
    beyond = beyond_rounding(recorded, again)
    noisy = np.flatnonzero(beyond)
    largest = _largest(recorded.take(np.flatnonzero(~beyond)), again.take(np.flatnonzero(~beyond)))
    if not len(noisy):
        return Checked(rows, (), {}, {}, largest, {})
    close, first = recorded.take(noisy), again.take(noisy)
    held = Again(first.values[None], first.outcomes[None]).and_also(more(noisy, range(stages[0]), None))
    told = dict(zip(noisy.tolist(), _told(close, held), strict=True))
    suspects, made, shifted = _failing(close, held), stages[0], {}
    if common_shifts(close.values, held.values, close.rounding, alpha=SCREEN):
        held = held.and_also(more(noisy, range(made, made + stages[1]), None))
        shifted = {close.names[column]: p for column, p in reversed(common_shifts(close.values, held.values, close.rounding))}
        suspects, held = _still(close, held, suspects)
    else:
        held = held.take(suspects)
        if len(suspects):
            held = held.and_also(more(noisy[suspects], range(made, made + stages[1]), None))
            suspects, held = _still(close, held, suspects)
    made += stages[1]
    differing = dict(zip(noisy[suspects].tolist(), _told(close.take(suspects), held), strict=True))
    exponents = _exponents(close.take(suspects), held)
    kept = close.columns(exponents)
    close, held = close.of(kept), Again(held.values[..., kept], held.outcomes)
    for stage in stages[2:]:
        if not 0 < len(suspects) <= most_closer(rows, made):
            break
        held = held.and_also(more(noisy[suspects], range(made, made + stage), exponents))
        suspects, held = _still(close, held, suspects)
        made += stage
    differing = {row: differing[row] for row in noisy[suspects].tolist()}
    return Checked(rows, tuple(noisy.tolist()), differing, shifted, largest, told | differing)


def _still(recorded: Profile, held: Again, suspects: NDArray[np.int_]) -> tuple[NDArray[np.int_], Again]:
    """Of the suspects those that fail again, and what was measured of them; ``held`` is of all rows, or of the suspects alone."""
    if held.values.shape[1] != len(suspects):
        held = held.take(suspects)
    failing = _failing(recorded.take(suspects), held)
    return suspects[failing], held.take(failing)


def _exponents(recorded: Profile, held: Again) -> int:
    """How many exponents must be measured again to explain what fails in each row: up to the first that fails, none if none does."""
    of = [i for i, name in enumerate(recorded.names) if name == "exponents"]
    away = outside(recorded.values, held.values, recorded.rounding, recorded.names)[:, of]
    return max((int(np.argmax(row)) + 1 for row in away if row.any()), default=0)


def _failing(recorded: Profile, versions: Again) -> NDArray[np.int_]:
    """Positions of the rows that are none of their re-measurements, their own noise granted."""
    away = outside(recorded.values, versions.values, recorded.rounding, recorded.names).any(axis=1)
    return np.flatnonzero(away | unexplained(recorded.outcomes, versions.outcomes))


def _largest(recorded: Profile, again: Profile) -> dict[str, float]:
    gap = np.abs(recorded.values - again.values).max(axis=(0, 1), initial=0.0)
    return {name: float(max(gap[i] for i, each in enumerate(recorded.names) if each == name)) for name in dict.fromkeys(recorded.names)}


def _told(recorded: Profile, versions: Again) -> list[str]:
    """For each row how far it lies from its first re-measurement where that is most beside its noise, in one line."""
    gaps = np.abs(recorded.values - versions.values[0])
    noise = noise_of(versions.values, recorded.names) + recorded.rounding
    lines = []
    for row in range(len(gaps)):
        parts = []
        for name in dict.fromkeys(recorded.names):
            of = [i for i, each in enumerate(recorded.names) if each == name]
            gap, own = gaps[row][:, of], noise[row][:, of]
            at = np.unravel_index(int(np.argmax(gap / own)), gap.shape)
            if gap[at] > recorded.rounding[of[0]]:
                parts.append(f"{name} by {gap[at]:.2g} (its own noise {own[at]:.2g})")
        was, now = recorded.outcomes[row], versions.outcomes[0, row]
        if was[-1] != now[-1]:
            parts.append(f"outcome {_outcome(was[-1])}, now {_outcome(now[-1])}")
        elif (was != now).any():
            parts.append("right after other segments")
        lines.append(", ".join(parts))
    return lines


def _outcome(solved: bool) -> str:
    return "solved" if solved else "failed"
