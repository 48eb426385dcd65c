"""What `tangent_growth` promises beyond the identities: starts, statuses, zeros, infinities, large states, bad arguments."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.fixtures.systems.known import SYSTEMS, system
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.growth import Status
from unsettled.measure.lyapunov.orthonormal import orthonormalise, seeded_basis
from unsettled.measure.lyapunov.seeds import growth_over_seeds

HENON = SYSTEMS["henon"]


def double(z):
    return 2 * z


def ones(*shape, dtype=torch.float64):
    return torch.ones(*shape, dtype=dtype)


def test_start_does_not_depend_on_k_to_the_last_bit():
    long, short = (seeded_basis(500, k, 7, dtype=torch.float64) for k in (9, 2))
    assert torch.equal(long[:2], short)
    assert (long @ long.T - torch.eye(9)).abs().max() < 1e-14
    assert not torch.equal(seeded_basis(500, 2, 8, dtype=torch.float64), short)
    assert torch.equal(seeded_basis(500, 2, 7, dtype=torch.float32), short.float())


def test_result_carries_its_time_base_and_state():
    start = HENON.starts(2)
    seen = []
    result = tangent_growth(
        HENON.step, start, k=2, segments=3, updates_per_segment=4, warmup=1, seed=5, observe=lambda n, z: seen.append((n, z))
    )
    assert result.growth.shape == (2, 3, 2) and result.growth.dtype == torch.float64
    assert (result.updates_per_segment, result.seed, result.dtype, result.updates) == (4, 5, torch.float64, 16)
    assert [n for n, _ in seen] == [-1, 0, 1, 2]
    orbit = HENON.orbit(start, 16)
    for (_, state), expected in zip(seen, orbit[4::4], strict=True):
        assert torch.equal(state, expected)
    assert torch.equal(result.state, orbit[-1])
    assert torch.allclose(result.exponents(unit="segment"), 4 * result.exponents())
    with pytest.raises(UserError, match="unit 'time'"):
        result.exponents(unit="time")
    with pytest.raises(UserError, match="no segment in the window"):
        result.exponents(first=3)


def test_no_tangents_is_a_plain_rollout():
    start = HENON.starts(2)
    result = tangent_growth(HENON.step, start, k=0, segments=5)
    assert result.growth.shape == (2, 5, 0)
    assert torch.equal(result.state, HENON.orbit(start, 5)[-1])
    assert (result.status == Status.OK).all()


def test_primal_is_computed_once_and_untouched_parts_are_not_copied():
    shapes = []

    def update(state):
        high, low = state
        shapes.append(tuple(low.shape))
        return high, low + high

    tangent_growth([update], (ones(3, 4), ones(3, 4)), k=5, segments=1)
    assert shapes == [(3, 4)], "the step ran once, on the unbatched primal"


def test_detached_carry_is_all_lost_and_says_so():
    result = tangent_growth(lambda z: 2 * z.detach(), ones(2, 5), k=3, segments=2)
    assert (result.growth == -torch.inf).all()
    assert (result.status == Status.RANK_DEFICIENT).all() and result.lost.tolist() == [3, 3]


def test_lost_direction_disturbs_no_other_and_stays_lost():
    # coordinate 1 dies at the second update; 0 and 2 go on as if it had never been
    def step(z, n):
        scale = torch.tensor([2.0, 0.0 if n == 1 else 1.0, 3.0], dtype=z.dtype)
        mix = torch.tensor([[1.0, 0, 0.5], [0, 1.0, 0], [0, 0, 1.0]], dtype=z.dtype)
        return (z * scale) @ mix.T

    result = tangent_growth(step, ones(1, 3), k=3, segments=4, basis=torch.eye(3, dtype=torch.float64), time_dependent=True)
    expected = torch.tensor([[math.log(2)] * 4, [0.0] + [-math.inf] * 3, [math.log(3)] * 4]).double().T
    assert torch.allclose(result.growth[0], expected, atol=1e-12)
    assert torch.equal(result.basis[0, 1], torch.zeros(3, dtype=torch.float64))
    assert result.exponents(first=2)[0, 1] == -math.inf
    singular = result.singular_exponents(unit="segment")[0]
    assert singular[-1] == -math.inf and singular[:2].isfinite().all()


def test_direction_below_resolution_is_lost_not_noise():
    """A sum of dependent columns: what Householder leaves is rounding, and its logarithm would be a made-up number."""
    x = torch.randn(1, 3, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x[0, 2] = 0.3 * x[0, 0] - 2 * x[0, 1]
    for method in ("householder", "cholesky"):
        q, r = orthonormalise(x, method=method)
        assert r[0, 2, 2] == 0 and (q[0, 2] == 0).all()
        assert torch.allclose(r[0].mT @ q[0], x[0], atol=1e-12), "x = RᵀQ must hold still"


def test_small_but_true_growth_is_not_mistaken_for_loss():
    result = tangent_growth(
        lambda z: z * torch.tensor([1.0, 1e-12, 1e-30], dtype=z.dtype), ones(1, 3, dtype=torch.float32), k=3, segments=3, basis=torch.eye(3)
    )
    assert torch.allclose(result.growth[0, 0], torch.tensor([1.0, 1e-12, 1e-30]).double().log(), atol=1e-6)
    assert (result.status == Status.OK).all()


def test_non_finite_primal_is_nan_from_there_on_and_for_itself_only():
    start = torch.stack((HENON.starts(1)[0], torch.tensor([20.0, 0.0]).double(), torch.full((2,), torch.nan).double()))
    result = tangent_growth(HENON.step, start, k=2, segments=14)
    assert result.status.tolist() == [Status.OK, Status.NON_FINITE, Status.NON_FINITE]
    assert result.growth[0].isfinite().all() and result.growth[2].isnan().all()
    escaped = result.growth[1].isnan().all(dim=1)
    assert escaped.any() and not escaped[0] and (escaped.long().diff() >= 0).all()
    assert result.exponents()[1].isnan().all() and result.singular_exponents()[1:].isnan().all()


def test_a_state_whose_sum_overflows_is_finite_all_the_same():
    largest = 0.9 * torch.finfo(torch.float32).max
    result = tangent_growth(lambda z: 1.0 * z, torch.full((2, 4), largest), k=2, segments=2)
    assert (result.status == Status.OK).all() and result.growth.abs().max() < 1e-6


def test_overflowing_tangents_of_a_finite_state_are_infinite_not_nan():
    # 40 updates of ×1000 without a QR leave float32; the state is held at 1
    def step(z):
        return z.detach() + 1000 * (z - z.detach())

    options = {"k": 2, "segments": 2, "updates_per_segment": 40}
    burst = tangent_growth(step, ones(1, 3, dtype=torch.float32), qr_every=40, **options)
    assert (burst.growth == torch.inf).all() and (burst.status == Status.OVERFLOW).all()
    mended = tangent_growth(step, ones(1, 3, dtype=torch.float32), qr_every=5, **options)
    assert torch.allclose(mended.exponents(), torch.full((1, 2), math.log(1000)).double(), atol=1e-5)


def test_infinite_slope_at_a_finite_state_is_flagged():
    result = tangent_growth(lambda z: z.clamp(min=0).sqrt(), torch.zeros(1, 1, dtype=torch.float64), k=1, segments=1)
    assert result.status.item() == Status.OVERFLOW and result.growth.item() == torch.inf


def test_hundreds_of_segments_do_not_overflow():
    scale = torch.tensor([1e40, 1.0, 1e-40], dtype=torch.float64)
    result = tangent_growth(lambda z: z * scale, ones(1, 3) * 0, k=3, segments=400, basis=torch.eye(3, dtype=torch.float64))
    assert torch.allclose(result.singular_exponents()[0], scale.log(), atol=1e-12)
    assert torch.allclose(result.log_scale[0], 400 * scale.log(), rtol=1e-13), "e^36841 has no float64"


def test_ring_of_a_hundred_thousand():
    ring = system("ring-100000")
    start, updates = ring.starts(1), 16
    result = tangent_growth(ring.step, start, k=8, segments=updates, basis=ring.basis)
    assert (result.growth.sum(dim=1) - ring.finite(ring.orbit(start, updates))).abs().max() < 1e-10
    single = tangent_growth(ring.step, start.float(), k=8, segments=updates, basis=ring.basis)
    assert (single.exponents() - result.exponents()).abs().max() < 1e-5


def test_random_tangents_among_many_are_not_aligned_yet():
    """The trap of large states: the leading exponent of a short run is that of a typical direction, not the largest."""
    ring = system("ring-2000")
    start = ring.starts(1)
    cold = tangent_growth(ring.step, start, k=1, segments=16).exponents().item()
    warm = tangent_growth(ring.step, start, k=1, segments=16, warmup=200).exponents().item()
    assert cold < math.log(2) - 0.05 and abs(warm - math.log(2)) < 0.002


def test_spread_over_seeds_is_the_error_bar_of_unaligned_tangents():
    ring = system("ring-8")
    start = ring.starts(2)
    cold = growth_over_seeds(ring.step, start, seeds=(0, 1, 2), k=2, segments=8)
    warm = growth_over_seeds(ring.step, start, seeds=(0, 1, 2), k=2, segments=8, warmup=150)
    assert cold.exponents().shape == (3, 2, 2)
    # the warm ones agree on λ1; λ2 = λ3 is a plane, in which every direction grows alike
    assert cold.spread()[:, 0].min() > 0.01 and warm.spread().max() < 1e-3
    assert torch.equal(cold.mean(), cold.exponents().mean(dim=0))
    for seeds in ((0,), (1, 1)):
        with pytest.raises(UserError, match="two or more different seeds"):
            growth_over_seeds(ring.step, start, seeds=seeds, k=1, segments=1)


def test_examples_share_their_start_and_a_batch_may_be_split():
    whole = tangent_growth(HENON.step, HENON.starts(4), k=2, segments=6)
    half = tangent_growth(HENON.step, HENON.starts(4)[2:], k=2, segments=6)
    assert torch.allclose(whole.growth[2:], half.growth, atol=1e-13)


def test_basis_that_is_not_orthonormal_counts_by_its_span():
    start, skew = HENON.starts(2), torch.tensor([[2.0, 0.0], [1.0, 3.0]], dtype=torch.float64)
    plain = tangent_growth(HENON.step, start, k=2, segments=4, basis=torch.eye(2, dtype=torch.float64))
    assert torch.allclose(tangent_growth(HENON.step, start, k=2, segments=4, basis=skew).growth, plain.growth, atol=1e-13)


def test_low_precision_states_get_their_qr_in_float32():
    result = tangent_growth(double, ones(2, 6, dtype=torch.bfloat16), k=3, segments=4)
    assert result.basis.dtype == torch.float32 and result.dtype == torch.bfloat16
    assert (result.exponents() - math.log(2)).abs().max() < 0.01


def test_gradients_of_the_network_are_left_alone():
    weight = torch.eye(3, dtype=torch.float64, requires_grad=True)
    result = tangent_growth(lambda z: z @ weight * 2, ones(1, 3), k=3, segments=2)
    assert not result.growth.requires_grad and not result.state.requires_grad and weight.grad is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 3}, "k is 3, but the state of an example has only 2 entries"),
        ({"k": -1}, "k is -1"),
        ({"segments": 0}, "segments is 0"),
        ({"qr_every": 0}, "qr_every is 0"),
        ({"warmup": -1}, "warmup is -1"),
        ({"updates_per_segment": 0}, "updates_per_segment is 0"),
        ({"k": 1.5}, "k is 1.5"),
        ({"basis": torch.eye(3)}, r"basis has shape \(3, 3\)"),
    ],
)
def test_arguments_out_of_range_are_refused(change, message):
    with pytest.raises(UserError, match=message):
        tangent_growth(HENON.step, HENON.starts(1), **({"k": 2, "segments": 2} | change))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda z: z[:, :1], "turns float64"),
        (lambda z: z.float(), "turns float64"),
        (lambda z: None, "not a tensor or a tuple"),
        (lambda z: (z, z.long()), "component of type torch.int64"),
        (lambda z: z + torch.randn(2, dtype=torch.float64), "draws random numbers"),
    ],
)
def test_steps_that_cannot_be_measured_are_refused(step, message):
    with pytest.raises(UserError, match=message):
        tangent_growth(step, HENON.starts(1), k=2, segments=1)


@pytest.mark.parametrize("steps", [[], [None], [double, double, double]])
def test_sequences_that_make_no_segment_are_refused(steps):
    with pytest.raises(UserError, match="step"):
        tangent_growth(steps, HENON.starts(1), k=1, segments=1, updates_per_segment=2)


def test_states_that_are_no_batch_are_refused():
    for state in (torch.ones(2, 2, dtype=torch.int64), (ones(2, 2), ones(3, 2)), (ones(2, 2), ones(2, 2).float()), ()):
        with pytest.raises(UserError):
            tangent_growth(double, state, k=1, segments=1)


def test_operation_without_forward_derivative_is_named():
    class Opaque(torch.autograd.Function):
        @staticmethod
        def forward(z):
            return z * 2

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, gradient):
            return 2 * gradient

        generate_vmap_rule = True

    with pytest.raises(UserError, match="forward-mode derivative"):
        tangent_growth(Opaque.apply, ones(1, 2), k=1, segments=1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_cpu():
    network = SYSTEMS["rate-network"]
    start = network.starts(3)
    on_cpu = tangent_growth(network.step, start, k=5, segments=10)
    on_cuda = tangent_growth(network.step, start.cuda(), k=5, segments=10)
    assert (on_cuda.growth.cpu() - on_cpu.growth).abs().max() < 1e-10


def test_an_operation_without_a_forward_mode_derivative_is_named():
    with pytest.raises(
        UserError, match=r"an operation that has no forward-mode derivative: Trying to use forward AD with _ctc_loss .*\(write"
    ):
        tangent_growth(lambda z: torch.nn.functional.ctc_loss(z, z, z, z), torch.ones(1, 3), k=1, segments=1)
