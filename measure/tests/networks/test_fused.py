"""One pass over memory against torch's own operations: the same numbers to rounding, and only where it may be used."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import jvp

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.networks import fused
from unsettled.measure.networks.layers import Attention, added_and_normed, gated, rope_tables, scaled_tables, tilted

KINDS = pytest.mark.parametrize(("dtype", "close"), [(torch.float32, 2e-6), (torch.float64, 4e-15)])
ROWS = pytest.mark.parametrize("rows", [1, 2, 9])


@pytest.fixture
def plainly(monkeypatch):
    """Calls a function with torch's own operations alone."""

    def call(function, *given):
        with monkeypatch.context() as patch, torch.no_grad():
            patch.setattr(fused, "usable", lambda *tensors: False)
            return function(*given)

    return call


def drawn(*shape: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(sum(shape)))


def far(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest difference, over the largest entry."""
    assert one.shape == other.shape and one.dtype == other.dtype
    return ((one - other).abs().max() / other.abs().max()).item()


@KINDS
@ROWS
@pytest.mark.parametrize("axis", [-1, -2])
def test_residual_and_norm(plainly, dtype, close, rows, axis):
    new, jet = drawn(2, rows, 7, 33, dtype=dtype), drawn(2, rows, 7, 33, dtype=dtype) * 3
    expected = plainly(added_and_normed, new.clone(), jet, 1e-5, axis)
    before = jet.clone()
    with torch.no_grad():
        assert fused.usable(new, jet)
        found = added_and_normed(new, jet, 1e-5, axis)
    assert far(found, expected) < close and found is new and torch.equal(jet, before)


@KINDS
@ROWS
@pytest.mark.parametrize(("axis", "shape"), [(-1, (5, 2 * 1100)), (-2, (2 * 70, 24))])  # more than a block, and not a multiple of it
def test_gates(plainly, dtype, close, rows, axis, shape):
    jet = drawn(2, rows, *shape, dtype=dtype)
    expected = plainly(gated, jet.clone(), axis)
    with torch.no_grad():
        assert far(gated(jet, axis), expected) < close


@KINDS
@pytest.mark.parametrize("turned", [True, False])
@ROWS
def test_attention(plainly, dtype, close, rows, turned):
    attention = Attention(24, 3).to(dtype)
    jet, rope = drawn(2, rows, 11, 24, dtype=dtype), scaled_tables(*(table.to(dtype) for table in rope_tables(11, 8, 1e4)))
    expected = plainly(attention, jet.clone(), rope if turned else None)
    with torch.no_grad():
        assert far(attention(jet, rope if turned else None), expected) < close


@KINDS
def test_tangent_of_a_softmax(dtype, close):
    score, moved = drawn(3, 4, 6, dtype=dtype), drawn(3, 4, 5, 6, dtype=dtype)
    pushed = torch.stack([jvp(lambda x: torch.softmax(x, -1), (score,), (moved[:, :, k],))[1] for k in range(5)], dim=2)
    with torch.no_grad():
        assert far(tilted(moved, torch.softmax(score, -1)), pushed) < close


@torch.no_grad()
@pytest.mark.parametrize("variant", ["hrm", "trm_mlp", "trm_attention"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_an_orbit_is_the_same_with_and_without_tangents(tmp_path, variant, dtype):
    """To the last bit where the library of matrix products rounds a row alike among few rows and among many; else nearly."""
    model = tiny_checkpoint(tmp_path, variant).model.to(dtype)
    inputs = torch.randint(1, model.config.vocabulary, (5, model.config.cells), generator=torch.Generator().manual_seed(0))
    embedded, start = model.embed(inputs), model.initial_state(5)
    plain, *others = (tangent_growth(model.updates(embedded), start, k=k, segments=3).state for k in (0, 1, 7))
    answered = start
    for _ in range(3):
        answered = model.segment(answered, embedded)
    assert all(torch.equal(one, same) for one, same in zip(plain, answered, strict=True))
    for other in others:
        for one, same in zip(plain, other, strict=True):
            torch.testing.assert_close(one, same, rtol=0, atol=64 * torch.finfo(dtype).eps)


def test_what_is_not_finite_stays_so():
    with torch.no_grad():
        for value in (torch.nan, torch.inf):
            new = torch.ones(1, 2, 2, 3)
            new[0, 0, 0, 0] = value
            normed = added_and_normed(new, torch.zeros(1, 2, 2, 3), 1e-5)
            assert normed[0, :, 0].isnan().any() and normed[0, :, 1].isfinite().all()


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")  # of vmap, which is what is asked for here
def test_only_plain_tensors_go_this_way(monkeypatch):
    x = torch.ones(1, 2, 4, 6)
    assert not fused.usable(x), "gradients are on"
    with torch.no_grad():
        assert fused.usable(x) and fused.usable(x.double(), x.double())
        assert not fused.usable(x.bfloat16()) and not fused.usable(x.mT) and not fused.usable(x, x.double())
        assert not fused.usable(torch.empty(1, device="meta"))
        with forward_ad.dual_level():
            assert not fused.usable(x)
        seen = []
        monkeypatch.setattr(fused, "usable", lambda *tensors, plain=fused.usable: seen.append(plain(*tensors)) or seen[-1])
        jvp(lambda z: added_and_normed(2 * z, z, 1e-5), (x[:, :1],), (x[:, :1],))
        torch.func.vmap(lambda z: added_and_normed(2 * z, z, 1e-5))(x[None])
        assert len(seen) == 2 and not any(seen)
