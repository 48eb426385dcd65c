"""Compiled randomness for the generator: SplitMix64 (Steele, Lea & Flood 2014), written out so that the bytes depend on no library.

A state is a (1,) uint64 array.
"""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def mix(value):
    """The finaliser of SplitMix64: a bijection of 64-bit words that scatters neighbours."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def below(state, bound):
    """Next random integer in 0 … bound − 1; the bias is under bound / 2**31."""
    state[0] += GOLDEN
    return np.int64(mix(state[0]) >> np.uint64(33)) % bound


@njit(cache=True, nogil=True)
def shuffle(array, state):
    """Fisher–Yates, in place."""
    for last in range(len(array) - 1, 0, -1):
        other = below(state, last + 1)
        array[last], array[other] = array[other], array[last]
