"""The estimator on small real HRM and TRM nets: 16 segments in float64 against dense Jacobians, differences and sweeps."""

from __future__ import annotations

import pytest
import torch

from unsettled.fixtures.systems.finite_difference import difference_growth
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.orthonormal import seeded_basis
from unsettled.measure.lyapunov.sweeps import singular_growth
from unsettled.measure.networks import HRM, TRM, ModelConfig

SEGMENTS, K = 16, 4

SHARED = {"hidden_size": 8, "cells": 4, "vocabulary": 4, "prefix": 1, "H_cycles": 2, "heads": 2, "inner": 12}
CONFIGS = {
    "hrm": ModelConfig(architecture="hrm", H_layers=1, L_layers=1, L_cycles=2, mixing="attention", positions="rope", **SHARED),
    "trm-mlp": ModelConfig(
        architecture="trm", H_layers=0, L_layers=2, L_cycles=2, mixing="mlp_t", token_inner=7, positions="none", **SHARED
    ),
    "trm-attention": ModelConfig(architecture="trm", H_layers=0, L_layers=1, L_cycles=3, mixing="attention", positions="learned", **SHARED),
}


class Net:
    """A random net on two puzzles: its updates, its start, and its dense Jacobians by `torch.func.jacfwd`."""

    def __init__(self, config: ModelConfig) -> None:
        torch.manual_seed(4)
        self.model = (HRM if config.architecture == "hrm" else TRM)(config).double().eval().requires_grad_(False)
        inputs = torch.tensor([[1, 2, 3, 1], [3, 1, 1, 2]], dtype=torch.uint8)
        self.updates = self.model.updates(self.model.embed(inputs))
        self.start = self.model.initial_state(2)
        self.size = 2 * config.tokens * config.hidden_size
        self.dense = list(self.jacobians(1))

    def growth(self, **options):
        options = {"k": K, "segments": SEGMENTS} | options
        return tangent_growth(self.updates, self.start, **options)

    def flat(self, example: int, update):
        """An update of one example as a function of a vector (d,)."""

        def apply(vector):
            parts = [part.reshape(1, *self.start[0].shape[1:]) for part in vector.chunk(2)]
            # the other example rides along, so that the batch is what it is in use
            state = tuple(torch.cat((part, part)) for part in parts)
            return torch.cat([part[example].flatten() for part in update(state)])

        return apply

    def jacobians(self, example: int):
        """Yields the dense (d, d) Jacobian of every update of every segment."""
        vector = torch.cat([part[example].flatten() for part in self.start])
        for _ in range(SEGMENTS):
            for update in self.updates:
                yield torch.func.jacfwd(self.flat(example, update))(vector)
                vector = self.flat(example, update)(vector)


@pytest.fixture(scope="module", params=CONFIGS)
def net(request):
    return Net(CONFIGS[request.param])


def test_growth_equals_qr_of_dense_jacobians(net):
    measured = net.growth().growth[1]
    columns, logs = seeded_basis(net.size, K, 0, dtype=torch.float64).T, []
    for jacobian in net.dense:
        columns, triangle = torch.linalg.qr(jacobian @ columns)
        logs.append(triangle.diagonal().abs().log())
    dense = torch.stack(logs).reshape(SEGMENTS, -1, K).sum(dim=1)
    assert (measured - dense).abs().max() < 1e-10


def test_sweeps_find_the_singular_values_of_the_dense_product(net):
    product = torch.eye(net.size, dtype=torch.float64)
    log_scale = 0.0
    for jacobian in net.dense:
        product = jacobian @ product
        scale = product.abs().max()
        product, log_scale = product / scale, log_scale + scale.log()
    dense = torch.linalg.svdvals(product)[:K].log() + log_scale
    # twice as many tangents as are asked for: σ_K and σ_{K+1} may be close, σ_K and σ_{2K} are not
    found = singular_growth(net.updates, net.start, k=2 * K, segments=SEGMENTS, sweeps=2).passes[:, 1, :K]
    errors = (found[::2] - dense).abs().amax(dim=1)
    assert errors[0] > 0.1, "random tangents would do: the test shows nothing"
    assert errors[1] < 0.1 * errors[0] and errors[2] < 1e-3, errors
    assert (found <= dense + 1e-9).all(), "restricted singular values exceed the true ones"


def test_growth_agrees_with_two_trajectories(net):
    basis = seeded_basis(net.size, 2, 0, dtype=torch.float64)
    differences = difference_growth(net.updates, net.start, basis=basis, segments=SEGMENTS)
    # per segment, as the recurrence may stretch by orders of magnitude in the first ones
    assert (net.growth(k=2).growth - differences).abs().max() < 1e-4


def test_primal_is_the_models_own_forward(net):
    state, seen = net.start, []
    measured = net.growth(observe=lambda segment, state: seen.append((segment, state)))
    for segment in range(SEGMENTS):
        with torch.no_grad():
            state = net.model.segment(state, net.model.embed(torch.tensor([[1, 2, 3, 1], [3, 1, 1, 2]], dtype=torch.uint8)))
        assert seen[segment + 1][0] == segment
        for mine, own in zip(seen[segment + 1][1], state, strict=True):
            assert (mine - own).abs().max() < 1e-12
    assert measured.updates_per_segment == len(net.updates) == net.model.config.updates_per_segment
    assert (measured.growth > -torch.inf).all() and (measured.status == 0).all(), "tangents are zero: the carry is detached"


def test_own_tangent_pass_equals_the_generic_one(net):
    """The layers push tangents by themselves; hidden behind a function, autograd does."""
    hidden = [lambda state, update=update: update(state) for update in net.updates]
    assert all(hasattr(update, "push") for update in net.updates) and not hasattr(hidden[0], "push")
    generic = tangent_growth(hidden, net.start, k=K, segments=SEGMENTS)
    assert (net.growth().growth - generic.growth).abs().max() < 1e-10


def test_float32_stays_close_to_float64(net):
    exact = net.growth().exponents()
    net.model.float()
    try:
        single = tangent_growth(
            net.model.updates(net.model.embed(torch.tensor([[1, 2, 3, 1], [3, 1, 1, 2]], dtype=torch.uint8))),
            net.model.initial_state(2),
            k=K,
            segments=SEGMENTS,
        )
    finally:
        net.model.double()
    assert single.dtype == torch.float32 and single.growth.dtype == torch.float64
    assert (single.exponents() - exact).abs().max() < 2e-3
