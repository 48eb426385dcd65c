"""Negative controls: every planted bug is caught by the identity that is named for it."""

from __future__ import annotations

import pytest
import torch

from unsettled.fixtures.systems.defects import DEFECTS, Defect
from unsettled.fixtures.systems.identities import IDENTITIES
from unsettled.fixtures.systems.identity import Case
from unsettled.fixtures.systems.known import SYSTEMS


def error(defect: Defect) -> float:
    """Of the identity on the system, on a fresh case: nothing measured before may be reused."""
    case = Case(SYSTEMS[defect.on], torch.float64)
    assert IDENTITIES[defect.caught_by].applies(case)
    return IDENTITIES[defect.caught_by].error(case)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.name}-{defect.caught_by}")
def test_planted_defect_is_caught(defect):
    tolerance = IDENTITIES[defect.caught_by].tolerance(torch.float64)
    assert error(defect) <= tolerance, "the control itself fails"
    with defect.plant():
        planted = error(defect)
    assert planted > 1e3 * tolerance, f"{defect.bug}: not caught, off by only {planted:.1e}"
    assert error(defect) <= tolerance, "the defect was left behind"


def test_every_known_bug_is_planted():
    assert {defect.name for defect in DEFECTS} == {
        "divided-by-qrs",
        "late-jacobian",
        "log2",
        "clipped",
        "wrong-factor",
        "detached",
        "dropped-tail",
        "leaking-batch",
        "sorted",
    }
