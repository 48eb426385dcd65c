"""Convergence over seeds and sweeps, against the estimator run by hand, one puzzle after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.sweeps import singular_growth
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.rollout.convergence import network_convergence
from unsettled.measure.tasks.read import read_puzzles

REFERENCE = Path(__file__).parents[3] / "fixtures" / "reference" / "trm-4x4"
SEGMENTS, K, SEEDS, SWEEPS = 3, 2, (4, 5, 6), 2


@pytest.fixture(scope="module")
def given():
    return load_checkpoint(REFERENCE).model.double(), read_puzzles(REFERENCE / "puzzles.parquet", limit=3)


@pytest.fixture(scope="module")
def found(given):
    return network_convergence(*given, k=K, segments=SEGMENTS, seed=SEEDS[0], seeds=len(SEEDS), sweeps=SWEEPS)


@torch.no_grad()
def naive(model, puzzles):
    """Exponents (puzzles, seeds, k) and singular exponents (puzzles, sweeps + 1, k), nats per segment."""
    exponents, singular = [], []
    for row in range(len(puzzles)):
        one = puzzles.take(np.array([row]))
        updates, state = model.updates(model.embed(torch.from_numpy(one.inputs))), model.initial_state(1)
        runs = [tangent_growth(updates, state, k=K, segments=SEGMENTS, seed=seed) for seed in SEEDS]
        exponents.append([run.growth[0].mean(dim=0).tolist() for run in runs])
        swept = [singular_growth(updates, state, k=K, segments=SEGMENTS, seed=SEEDS[0], sweeps=n) for n in range(SWEEPS + 1)]
        singular.append([(one.passes[-1][0] / SEGMENTS).tolist() for one in swept])
    return np.array(exponents), np.array(singular)


def test_network_convergence_matches_naive(given, found):
    exponents, singular = naive(*given)
    assert found.examples == 3 and found.seeds == SEEDS and list(found.sweeps) == [0, 1, 2]
    np.testing.assert_allclose(found.seed_mean, np.median(exponents.mean(axis=1), axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.seed_spread, np.median(np.ptp(exponents, axis=1), axis=0), rtol=1e-6)
    np.testing.assert_allclose([found.sweeps[n] for n in range(SWEEPS + 1)], np.median(singular, axis=0), rtol=1e-9)
    rise = singular[:, 2] - singular[:, 1]  # per puzzle, before the median
    np.testing.assert_allclose(found.last_rise, np.median(rise, axis=0), rtol=1e-4, atol=1e-9)


def test_of_itself_it_takes_the_seeds_0_and_1(given):
    model, puzzles = given
    first = network_convergence(model, puzzles.take(np.array([0])), k=1, segments=1, sweeps=1)
    assert first.seeds == (0, 1) and list(first.sweeps) == [0, 1]


def test_sweeps_only_raise_the_leading_values(found):
    values = np.array([found.sweeps[n] for n in range(SWEEPS + 1)])
    assert (np.diff(values[:, 0]) >= -1e-12).all() and min(found.last_rise) >= 0
