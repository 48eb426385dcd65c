"""The table of identities, on every known system to which each applies, in float64 and float32."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from unsettled.fixtures.systems.identities import IDENTITIES, case
from unsettled.fixtures.systems.identity import Case
from unsettled.fixtures.systems.known import SYSTEMS
from unsettled.fixtures.systems.system import System
from unsettled.measure.lyapunov.flow import Flow

DTYPES = (torch.float64, torch.float32)


def coarse(system: System) -> System:
    """A flow of several steps in one of two evaluations: a map like any other, of which the identities speak, at a quarter of the cost."""
    several = isinstance(system.step, Flow) and system.step.steps > 1
    return replace(system, step=replace(system.step, steps=1, method="midpoint")) if several else system


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
def test_identities_of_a_system(name, dtype):
    run = Case(coarse(SYSTEMS[name]), dtype)
    errors = {identity.name: identity.error(run) for identity in IDENTITIES.values() if identity.applies(run)}
    broken = {key: error for key, error in errors.items() if not error <= IDENTITIES[key].tolerance(dtype)}
    assert len(errors) >= 15 and not broken, broken


def test_every_identity_applies_somewhere():
    for identity in IDENTITIES.values():
        assert any(identity.applies(case(name, torch.float64)) for name in SYSTEMS), identity.name
