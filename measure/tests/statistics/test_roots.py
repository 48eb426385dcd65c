"""A zero of a function against scipy's, to the last bit."""

import math
from functools import partial

import numpy as np
import pytest
from scipy.optimize import brentq

from unsettled.measure.statistics.roots import root

PLACES = np.random.default_rng(5).uniform(-1, 1, 200)
FUNCTIONS = {
    "line": lambda x, at: x - at,
    "nearly flat at its zero": lambda x, at: (x - at) ** 3 + 1e-3 * (x - at),
    "steep": lambda x, at: math.exp(20 * x) - math.exp(20 * at),
    "flat at its ends": lambda x, at: math.atan(30 * (x - at)),
    "a jump": lambda x, at: math.copysign(1.0, x - at),
    "falling": lambda x, at: at - x - (x - at) ** 5,
}


@pytest.mark.parametrize("kind", FUNCTIONS)
@pytest.mark.parametrize("within", [2e-12, 1e-3])
def test_a_zero_is_scipys_to_the_last_bit(kind, within):
    found = [root(partial(FUNCTIONS[kind], at=at), -1.5, 1.25, within=within) for at in PLACES]
    assert found == [brentq(FUNCTIONS[kind], -1.5, 1.25, args=(at,), xtol=within) for at in PLACES]
    assert found == pytest.approx(PLACES, abs=2 * within)


def test_a_zero_at_an_end_is_found_and_none_between_equal_signs_is_told():
    assert root(lambda x: x - 1, 1, 2) == 1 and root(lambda x: x - 2, 1, 2) == 2
    for function in (abs, lambda x: -1.0 - abs(x)):
        with pytest.raises(ValueError, match="no change of sign between 1 and 2"):
            root(function, 1, 2)
    with pytest.raises(ValueError, match=r"undefined at 0\.5"):
        root(lambda x: math.nan if x == 0.5 else x - 0.5, 0, 1)
