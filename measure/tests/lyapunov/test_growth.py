"""Views of growth: windows, units, volumes, lost directions and statuses, from numbers that were put in."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov import singular
from unsettled.measure.lyapunov.frozen import FrozenNoise
from unsettled.measure.lyapunov.growth import Status, TangentGrowth, per_segment
from unsettled.measure.lyapunov.seeds import SeedSpread, growth_over_seeds
from unsettled.measure.lyapunov.singular import _round_robin, log_singular_values
from unsettled.measure.lyapunov.spectrum import kaplan_yorke, ks_entropy
from unsettled.measure.lyapunov.sweeps import SingularGrowth

DOUBLE = torch.float64


def put(growth, **more):
    """A result that holds this growth (B, segments, k)."""
    growth = torch.as_tensor(growth, dtype=DOUBLE)
    batch, segments, k = growth.shape
    about = {
        "updates_per_segment": 4,
        "seed": 0,
        "dtype": DOUBLE,
        "status": torch.zeros(batch, dtype=torch.int64),
        "state": torch.zeros(batch, 3),
        "basis": torch.eye(3, dtype=DOUBLE)[:k].expand(batch, k, 3),
        "triangular": torch.eye(k, dtype=DOUBLE).expand(batch, k, k),
        "log_scale": growth.sum(dim=1),
        "updates": 4 * segments,
    }
    return TangentGrowth(growth=growth, **(about | more))


GROWTH = torch.arange(24, dtype=DOUBLE).reshape(2, 4, 3).flip(2)


def test_a_window_of_segments_in_each_unit():
    found = put(GROWTH, time_per_update=0.5)
    for first, last in ((0, None), (1, 3), (3, 4), (-2, None)):
        mean = GROWTH[:, first:last].mean(dim=1)
        for unit, per in (("segment", 1), ("update", 4), ("time", 2)):
            torch.testing.assert_close(found.exponents(unit=unit, first=first, last=last), mean / per)
        torch.testing.assert_close(found.partial_sums(first=first, last=last), (mean / 4).cumsum(dim=1))
    assert torch.equal(found.exponents(), found.exponents(unit="update", first=0)) and (found.segments, found.k) == (4, 3)
    assert per_segment("segment", 7, None) == 1 and per_segment("update", 7, 0.5) == 7 and per_segment("time", 7, 0.5) == 3.5
    for window in ({"first": 4}, {"first": 2, "last": 2}):
        with pytest.raises(UserError, match="no segment in the window"):
            found.exponents(**window)
    with pytest.raises(UserError, match="no unit 'time'"):
        put(GROWTH).singular_exponents(unit="time")


def test_finite_time_exponents_are_sorted_and_what_broke_is_told():
    found = put(GROWTH.repeat(2, 1, 1), status=torch.tensor([Status.OK, Status.OVERFLOW, Status.NON_FINITE, Status.RANK_DEFICIENT]))
    values = found.singular_exponents(unit="segment")
    wanted = GROWTH.mean(dim=1).sort(dim=1, descending=True).values
    torch.testing.assert_close(values[[0, 3]], wanted[[0, 1]])
    torch.testing.assert_close(found.singular_exponents()[0], wanted[0] / 4)
    assert (values[1] == math.inf).all() and values[2].isnan().all()


def test_lost_directions_are_counted_once_and_share_no_entries():
    growth = GROWTH.clone()
    growth[1, 2:, 1], growth[1, 3, 2] = -math.inf, -math.inf
    basis = torch.tensor([[0.5, 0.5, 2**-0.5], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]], dtype=DOUBLE).expand(2, 3, 3)
    found = put(growth, basis=basis)
    assert found.lost.tolist() == [0, 2] and found.participation()[0].tolist() == pytest.approx([1 / (2 * 0.5**4 + 0.25), 0, 1])
    assert found.complete and not put(GROWTH[..., :2]).complete


def test_spreads_over_seeds_and_over_frozen_paths_by_their_analysis_of_variance():
    generator = torch.Generator().manual_seed(0)
    growths = tuple(put(torch.randn(5, 4, 2, generator=generator, dtype=DOUBLE)) for _ in range(3))
    found, values = FrozenNoise(growths), torch.stack([growth.exponents() for growth in growths])
    assert torch.equal(found.exponents(), values) and torch.allclose(found.exponents(unit="segment"), 4 * values)
    within = ((values - values.mean(dim=1, keepdim=True)) ** 2).sum(dim=1) / 4
    means = values.mean(dim=1)
    between = ((means - means.mean(dim=0)) ** 2).sum(dim=0) / 2
    torch.testing.assert_close(found.mean(), values.mean(dim=(0, 1)))
    torch.testing.assert_close(found.spread_over_starts(), within.mean(dim=0).sqrt())
    torch.testing.assert_close(found.spread_over_paths(), (between - within.mean(dim=0) / 5).clamp(min=0).sqrt())
    torch.testing.assert_close(found.standard_error(), (between / 3).sqrt())
    spread = SeedSpread(growths)
    torch.testing.assert_close(spread.spread(), values.amax(dim=0) - values.amin(dim=0))
    torch.testing.assert_close(spread.mean(first=1, last=3), spread.exponents(first=1, last=3).mean(dim=0))
    lost = SeedSpread((put([[[-math.inf]]]), put([[[-math.inf]]])))
    assert lost.spread().item() == 0 and SeedSpread((put([[[-math.inf]]]), put([[[0.0]]]))).spread().item() == math.inf
    for more in ({"seed": 3}, {"basis": torch.eye(3)}):
        with pytest.raises(UserError, match="chooses seed and basis itself"):
            growth_over_seeds(lambda z: z, torch.ones(1, 3), k=1, segments=1, **more)
    plain = growth_over_seeds(lambda z: z * torch.tensor([2.0, 1.0, 0.5]), torch.ones(1, 3), k=1, segments=1)
    assert [growth.seed for growth in plain.growths] == [0, 1]


def test_what_a_sweep_adds_is_between_every_second_pass():
    passes = torch.tensor([1.0, 1.5, 2.0, 2.2, 2.3])[:, None, None].to(DOUBLE)
    found = SingularGrowth(passes, segments=2, updates_per_segment=5, seed=0, directions=torch.eye(1), time_per_update=0.5)
    assert found.shortfall().flatten().tolist() == pytest.approx([1.0, 0.3])
    assert [found.exponents(unit="segment", sweeps=n).item() for n in (0, 1, 2)] == pytest.approx([0.5, 1.0, 1.15])
    assert (found.exponents().item(), found.exponents(unit="time").item()) == pytest.approx((0.23, 0.46))
    with pytest.raises(UserError, match="sweeps is -1"):
        found.exponents(sweeps=-1)
    gone = SingularGrowth(torch.full((3, 1, 1), -math.inf, dtype=DOUBLE), 1, 1, 0, torch.eye(1))
    assert gone.shortfall().item() == 0


def test_dimensions_where_a_sum_is_zero_or_the_first_exponent_is_negative():
    told = torch.tensor([[1.0, -1.0, -2.0], [-0.5, -1.0, -2.0], [0.0, 0.0, -3.0], [2.0, -1.0, -4.0], [0.5, 0.5, -math.inf]], dtype=DOUBLE)
    assert kaplan_yorke(told).tolist() == pytest.approx([2.0, 0.0, 2.0, 2.25, 2.0])
    assert kaplan_yorke(torch.tensor([[1.0, -1.0]], dtype=DOUBLE), complete=True).item() == 2
    value, bound = ks_entropy(torch.tensor([[0.5, 0.0], [0.5, 0.1], [-1.0, -2.0]], dtype=DOUBLE))
    assert value.tolist() == pytest.approx([0.5, 0.6, 0.0]) and bound.tolist() == [False, True, False]
    assert (
        ks_entropy(torch.zeros(2, 0)).lower_bound.tolist() == [True, True]
        and not ks_entropy(torch.zeros(2, 0), complete=True).lower_bound.any()
    )
    with pytest.raises(UserError, match="no exponents"):
        kaplan_yorke(torch.zeros(2, 0))


@pytest.mark.parametrize("size", range(1, 8))
def test_every_pair_meets_once_in_rounds_in_which_nobody_meets_twice(size):
    rounds = _round_robin(size)
    pairs = [tuple(sorted(pair)) for first, second in rounds for pair in zip(first, second, strict=True)]
    assert sorted(pairs) == [(a, b) for a in range(size) for b in range(a + 1, size)]
    assert all(len({*first, *second}) == 2 * len(first) for first, second in rounds)


def test_a_zero_row_does_not_keep_the_others_from_ending(monkeypatch):
    """Rows that are orthogonal end with the first sweep, of which three rows have three rounds."""
    rounds = []
    rotate = singular._rotate
    monkeypatch.setattr(singular, "_rotate", lambda *given: rounds.append(given) or rotate(*given))
    rows = torch.diag(torch.tensor([1.0, 2.0, 0.0], dtype=DOUBLE))[None]
    found = log_singular_values(rows, torch.zeros(1, 3, dtype=DOUBLE))
    assert found[0].tolist() == pytest.approx([math.log(2), 0.0, -math.inf]) and len(rounds) == 3


@pytest.mark.parametrize("k, m", [(1, 1), (1, 4), (2, 2), (3, 5), (5, 5)])
def test_singular_values_of_rows_of_any_scale(k, m):
    rows = torch.randn(4, k, m, generator=torch.Generator().manual_seed(k), dtype=DOUBLE)
    scale = torch.linspace(-3, 3, k, dtype=DOUBLE).expand(4, k)
    wanted = torch.linalg.svdvals(scale.exp()[:, :, None] * rows).log()
    torch.testing.assert_close(log_singular_values(rows.clone(), scale), wanted, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(log_singular_values(rows.clone(), scale + 900), wanted + 900, rtol=1e-12, atol=1e-12)
    zero = log_singular_values(torch.zeros(1, k, m, dtype=DOUBLE), torch.full((1, k), -math.inf, dtype=DOUBLE))
    assert (zero == -math.inf).all() and log_singular_values(torch.zeros(1, 0, m, dtype=DOUBLE), torch.zeros(1, 0, dtype=DOUBLE)).shape == (
        1,
        0,
    )
