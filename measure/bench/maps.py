"""The known systems of the comparison, written for one example each: Hénon's map, and flows by Runge–Kutta steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from unsettled.measure.lyapunov.pointwise import Pointwise, Push

STEP = 0.01
FORCING = 8.0


def henon() -> Pointwise:
    """a = 1.4, b = .3."""

    def one(z, v, new, image):
        x, y = z[0], z[1]
        new[0] = -1.4 * x * x + y + 1
        new[1] = 0.3 * x
        for i in range(len(v)):
            image[i, 0] = -2.8 * x * v[i, 0] + v[i, 1]
            image[i, 1] = 0.3 * v[i, 0]

    return Pointwise(one)


def lorenz63() -> Pointwise:
    """σ = 10, ρ = 28, β = 8/3; a step of length `STEP`."""

    def velocity(z, out):
        out[0] = 10 * (z[1] - z[0])
        out[1] = z[0] * (28 - z[2]) - z[1]
        out[2] = z[0] * z[1] - 8 / 3 * z[2]

    def tangent(z, v, out):
        out[0] = 10 * (v[1] - v[0])
        out[1] = v[0] * (28 - z[2]) - z[0] * v[2] - v[1]
        out[2] = v[0] * z[1] + z[0] * v[1] - 8 / 3 * v[2]

    return Pointwise(runge_kutta(velocity, tangent))


def lorenz96() -> Pointwise:
    """Forcing 8 on a ring; a step of length `STEP`."""

    def velocity(z, out):
        for i in range(-1, 2):
            out[i] = (z[i + 1] - z[i - 2]) * z[i - 1] - z[i] + FORCING
        for i in range(2, len(z) - 1):
            out[i] = (z[i + 1] - z[i - 2]) * z[i - 1] - z[i] + FORCING

    def tangent(z, v, out):
        for i in range(-1, 2):
            out[i] = (v[i + 1] - v[i - 2]) * z[i - 1] + (z[i + 1] - z[i - 2]) * v[i - 1] - v[i]
        for i in range(2, len(z) - 1):
            out[i] = (v[i + 1] - v[i - 2]) * z[i - 1] + (z[i + 1] - z[i - 2]) * v[i - 1] - v[i]

    return Pointwise(runge_kutta(velocity, tangent))


def runge_kutta(velocity: Callable, tangent: Callable) -> Push:
    """One classical step of length `STEP` with its exact tangent, from velocity(z, out) and tangent(z, v, out)."""
    velocity, tangent = njit(nogil=True)(velocity), njit(nogil=True)(tangent)

    def one(z, v, new, image):
        size = len(z)
        stages, slope, entering = np.empty((4, size)), np.empty(size), np.empty(size)
        for c in range(size):
            stages[0, c] = z[c]
            new[c] = z[c]
        for stage in range(4):  # weights 1, 2, 2, 1 of the slopes, at 0, h/2, h/2, h
            weight, reach = (STEP / 6 if stage in (0, 3) else STEP / 3), (STEP if stage == 2 else STEP / 2)
            velocity(stages[stage], slope)
            for c in range(size):
                new[c] += weight * slope[c]
                if stage < 3:
                    stages[stage + 1, c] = z[c] + reach * slope[c]
        for i in range(len(v)):
            for c in range(size):
                entering[c] = v[i, c]
                image[i, c] = v[i, c]
            for stage in range(4):
                weight, reach = (STEP / 6 if stage in (0, 3) else STEP / 3), (STEP if stage == 2 else STEP / 2)
                tangent(stages[stage], entering, slope)
                for c in range(size):
                    image[i, c] += weight * slope[c]
                    entering[c] = v[i, c] + reach * slope[c]

    return one


def classical_step(z, velocity: Callable):
    """The same step of whole arrays, of any library."""
    first = velocity(z)
    second = velocity(z + STEP / 2 * first)
    third = velocity(z + STEP / 2 * second)
    return z + STEP / 6 * (first + 2 * second + 2 * third + velocity(z + STEP * third))
