"""Runs of pytest within this process forget what they imported: what must not be imported twice is imported before the first of them."""

import hypothesis
import numpy as np
import torch

import unsettled.reports.session
from unsettled.claims.tests.audit.inner import audit, folder, preloaded
from unsettled.fixtures.synthetic.forked import WARM
from unsettled.fixtures.synthetic.locked import judged
from unsettled.fixtures.synthetic.pytest_fixtures import without_plugins_of_others
from unsettled.measure.statistics.minorant import knots_of

# numba imports a part of itself with the first compiled call, and registers its types once
ONCE = (hypothesis, torch, unsettled.reports.session, knots_of(np.array([0.0, 1.0, 3.0]), False), *WARM)

__all__ = ["audit", "folder", "judged", "preloaded", "without_plugins_of_others"]
