"""Runs of pytest within this process forget what they imported, and numba's types cannot be registered twice: it is completed here."""

import numpy as np

from unsettled.fixtures.synthetic.forked import WARM
from unsettled.fixtures.synthetic.pytest_fixtures import without_plugins_of_others
from unsettled.measure.statistics.minorant import knots_of

# numba imports a part of itself with the first compiled call
ONCE = (knots_of(np.array([0.0, 1.0, 3.0]), False), *WARM)

__all__ = ["without_plugins_of_others"]
