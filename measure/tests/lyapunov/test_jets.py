"""Tangents operation by operation: what `vmap(jvp)` gives, the orbit to the last bit, and no trust where something is lost."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov import jets
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.jets import Followed
from unsettled.measure.lyapunov.tangents import push


class Block(nn.Module):
    """A transformer block by torch's own attention, with what users write around it."""

    def __init__(self, *, norm=nn.LayerNorm, gated=False, **attention):
        super().__init__()
        self.n1, self.n2, self.qkv, self.out = norm(8), norm(8), nn.Linear(8, 24), nn.Linear(8, 8, bias=False)
        self.up, self.down, self.gated, self.attention = nn.Linear(8, 32), nn.Linear(16 if gated else 32, 8), gated, attention

    def forward(self, x):
        b, n, h = x.shape
        q, k, v = self.qkv(self.n1(x)).view(b, n, 3, 2, h // 2).permute(2, 0, 3, 1, 4)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, **self.attention).transpose(1, 2).reshape(b, n, h))
        up = self.up(self.n2(x))
        first, second = up.chunk(2, dim=-1)
        return x + self.down(F.silu(first) * second if self.gated else F.gelu(up))


def by_hand(x):
    """Attention, norms and gates from plain operations, some of which have no rule of their own."""
    scores = torch.softmax(x @ x.mT / 3 - 0.1 * x.norm(dim=-1, keepdim=True), dim=-1)
    mixed = torch.cat([scores @ x, torch.tanh(2 * x) * (1 - x)], dim=-1)
    return 0.5 * mixed[..., ::2] + torch.where(x > 0, x, 0.1 * x) / (1 + x.square().mean(-1, keepdim=True)).sqrt()


def networks():
    torch.manual_seed(0)
    mask = torch.zeros(5, 5).masked_fill(torch.eye(5) > 0, -1.0)
    return {
        "layer norm": Block(),
        "rms norm, gated, causal": Block(norm=nn.RMSNorm, gated=True, is_causal=True),
        "mask of numbers": Block(attn_mask=mask.double(), scale=0.7),
        "mask of truth": Block(attn_mask=mask == 0),
        "by hand": by_hand,
    }


@pytest.fixture(autouse=True)
def worth_it(monkeypatch):
    monkeypatch.setattr(jets, "WORTH_IT", 1)


def given(k=3):
    torch.manual_seed(1)
    return torch.randn(2, 5, 8, dtype=torch.float64), torch.randn(2, k, 5, 8, dtype=torch.float64)


@torch.no_grad()
@pytest.mark.parametrize("name", networks())
def test_tangents_are_those_of_torch_and_the_orbit_is_the_same_to_the_last_bit(name):
    update = networks()[name]
    update = update.double() if isinstance(update, nn.Module) else update
    x, v = given()
    followed = Followed(update)
    state, tangents = followed.push(x, v)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        known = push(update, (x,), (v,), is_tuple=False)[1][0]
    assert followed.trusted and torch.equal(state, update(x)) and type(state) is type(tangents) is torch.Tensor
    torch.testing.assert_close(tangents, known, rtol=1e-11, atol=1e-12)
    again = followed.push(x, v)
    assert torch.equal(again[0], state) and torch.equal(again[1], tangents)


class Forgetful(torch.autograd.Function):
    """A function whose derivative torch knows by vjp alone."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()


def leaves_torch(x):
    return x + torch.from_numpy(x.numpy().copy())


def detaches(x):
    return 2 * x - x.detach()


def in_place_within(x):
    y = 2 * x
    y += x
    return y


@torch.no_grad()
@pytest.mark.parametrize("update", [detaches, in_place_within])
def test_what_cannot_be_followed_is_what_torch_says_of_it(update):
    x, v = given()
    followed = Followed(update)
    state, tangents = followed.push(x, v)
    known = push(update, (x,), (v,), is_tuple=False)
    assert followed.trusted is False and torch.equal(tangents, known[1][0]) and torch.equal(state, known[0][0])


@torch.no_grad()
@pytest.mark.parametrize(
    ("update", "words"),
    [
        (lambda x: x + Forgetful.apply(x), "autograd.Function"),
        (leaves_torch, "numpy"),
        (lambda x: x + torch.rand_like(x), "random"),
        (lambda x: x + torch.rand(8), "random"),
        (lambda x: x[:1], "turns"),
        (lambda x: x.add_(1.0), "in place"),
    ],
)
def test_what_has_no_tangents_is_refused_as_before(update, words):
    with pytest.raises(UserError, match=words):
        Followed(update).push(*given())


@torch.no_grad()
def test_a_rule_that_were_wrong_would_not_be_trusted(monkeypatch):
    monkeypatch.setitem(jets.RULES, F.gelu, lambda found, x, *rest, **named: x.tangent)
    x, v = given()
    block = networks()["layer norm"].double()
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        followed = Followed(block)
        assert torch.equal(followed.push(x, v)[1], push(block, (x,), (v,), is_tuple=False)[1][0]) and followed.trusted is False


def test_exponents_of_several_components_are_those_of_torch(monkeypatch):
    """One component is handed on untouched, as a network of two levels does."""
    block = networks()["rms norm, gated, causal"].double()
    x = given()[0]

    def step(state):
        fast, slow = state
        return 0.5 * block(fast + slow), slow

    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        found = tangent_growth(step, (x, 0.1 * x), k=3, segments=3)
        monkeypatch.setattr(jets, "WORTH_IT", 1 << 40)
        known = tangent_growth(step, (x, 0.1 * x), k=3, segments=3)
    torch.testing.assert_close(found.growth, known.growth, rtol=1e-9, atol=1e-9)
    assert all(torch.equal(one, other) for one, other in zip(found.state, known.state, strict=True))


@torch.no_grad()
@pytest.mark.parametrize(("off", "trusted"), [(0.0, True), (1e-14, True), (1e-9, False), (1.0, False)])
def test_first_tangents_may_differ_by_rounding(off, trusted):
    one = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    away = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    other = one + off * away * one.norm() / away.norm()
    assert jets._agree((one, one), (one, other)) == trusted
    assert not jets._agree((one,), (one[:1],)) and not jets._agree((one.float(),), (one,))
    assert not jets._agree((one.float() * torch.nan,), (one.float(),)) and jets._agree((0 * one,), (0 * one,))
    coarse = one.bfloat16()  # of which a unit is a part in 128: at most a twentieth
    assert jets._agree((coarse * 1.04,), (coarse,)) and not jets._agree((coarse * 1.1,), (coarse,))


@torch.no_grad()
def test_small_states_and_those_that_were_not_trusted_take_torchs_own_way(monkeypatch):
    x, v = given()
    monkeypatch.setattr(jets, "WORTH_IT", 80)  # as many entries as the state has
    trusted = Followed(torch.tanh)
    trusted.push(x, v)
    assert trusted.trusted is True
    monkeypatch.setattr(jets, "WORTH_IT", 81)
    small = Followed(torch.tanh)
    small.push(x, v)
    assert small.trusted is False
    monkeypatch.setattr(jets, "WORTH_IT", 1)
    seen = []
    monkeypatch.setattr(Followed, "_followed", lambda self, *given, **asked: seen.append(1))
    small.push(x, v)
    assert not seen and torch.equal(small(x), torch.tanh(x))


@torch.no_grad()
def test_shapes_types_and_truths_are_told_without_tangents_and_what_leaves_is_not_followed():
    x, v = given()
    moving = jets.jet(x, v.movedim(1, 0).contiguous())
    assert (moving.shape, moving.ndim, moving.dtype, moving.size(0), moving.dim(), len(moving)) == (x.shape, 3, x.dtype, 2, 3, 2)
    assert moving.numel() == 80 and moving.is_floating_point() and not moving.is_complex() and moving.device == x.device
    for told in (moving > 0, moving.argmax(dim=-1)):
        assert not hasattr(told, "tangent")
    halves = moving.chunk(2, dim=-1)
    assert all(type(half) is jets.Jet and half.tangent.shape == (3, 2, 5, 4) for half in halves)
    for leaves in (torch.Tensor.detach, torch.Tensor.numpy, torch.Tensor.tolist, lambda z: z.add_(1), lambda z: F.relu(z, inplace=True)):
        with pytest.raises(jets._Unfollowed):
            leaves(moving)
