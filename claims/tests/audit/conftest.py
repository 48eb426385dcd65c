"""Runs of pytest within this process forget what they imported, and numba's types cannot be registered twice: it is completed here."""

from unsettled.fixtures.synthetic.forked import WARM
from unsettled.measure.statistics.dip import dip

# numba imports a part of itself with the first compiled call
ONCE = (dip([0.0, 1.0, 3.0]), *WARM)
