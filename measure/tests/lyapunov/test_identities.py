"""The table of identities, on every known system to which each applies, in float64 and float32."""

from __future__ import annotations

import pytest
import torch

from unsettled.fixtures.systems.identities import IDENTITIES, case
from unsettled.fixtures.systems.known import SYSTEMS

DTYPES = (torch.float64, torch.float32)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: str(dtype).removeprefix("torch."))
def test_identities_of_a_system(name, dtype):
    run = case(name, dtype)
    errors = {identity.name: identity.error(run) for identity in IDENTITIES.values() if identity.applies(run)}
    broken = {key: error for key, error in errors.items() if not error <= IDENTITIES[key].tolerance(dtype)}
    assert len(errors) >= 15 and not broken, broken


def test_every_identity_applies_somewhere():
    for identity in IDENTITIES.values():
        assert any(identity.applies(case(name, torch.float64)) for name in SYSTEMS), identity.name
