"""Every operation that has a rule, and the arguments it may be called with: its tangents are those of `vmap(jvp)`."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.func import jvp, vmap

from unsettled.measure.lyapunov.derivatives import RULES, moves, plain
from unsettled.measure.lyapunov.jets import Jet, jet

K = 3
W = torch.randn(4, 4, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
MASK = torch.randn(3, 3, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
sdpa = F.scaled_dot_product_attention
# of x and y (2, 3, 4), of which the first alone or both move
ONE = {
    **{name: getattr(torch, name) for name in ("relu", "tanh", "sigmoid", "exp", "sin", "cos", "square")},
    **{name: getattr(F, name) for name in ("gelu", "silu", "elu", "softplus")},
    "gelu of tanh": lambda x: F.gelu(x, approximate="tanh"),
    "elu of a factor": lambda x: F.elu(x, 0.3),
    "log, sqrt, rsqrt": lambda x: (x.exp() + 1).log() + (x.square() + 1).sqrt() * (x.square() + 2).rsqrt(),
    "number plus, minus, times": lambda x: (2 + x) - (3 - x) * 0.5 + x * W[0] - 1,
    "tensor minus x": lambda x: torch.sub(W[:3], x) + (W[:3] + x) - x,
    "alpha": lambda x: torch.add(x, W[:3], alpha=2.0) + torch.sub(W[:3], x, alpha=3.0),
    "broadcast sum": lambda x: x[:, :1] + W[:3] + x[:, :, :1],
    "broadcast product": lambda x: x[0] * W[:3].expand(2, 3, 4) * x[:, :1],
    "linear": lambda x: F.linear(x, W, W[0]) + F.linear(x, W),
    "linear of weight": lambda x: F.linear(W[:3], x[0]),
    "shapes": lambda x: x.view(2, 12).reshape(3, 8).mT.flatten(),
    "axes": lambda x: x.transpose(1, 2).permute(2, 0, 1).movedim(0, 1).mT.swapaxes(0, 1).unsqueeze(0).squeeze(0),
    "parts": lambda x: x.chunk(2, dim=-1)[1] + x[..., ::2] + x.narrow(2, 1, 2) + torch.split(x, 2, dim=2)[0] + x.select(1, 1)[:, None, :2],
    "means": lambda x: x.sum(dim=1, keepdim=True) + x.mean(-1, keepdim=True) - x.sum() + (-x).roll(1, 0).flip(0),
    "types": lambda x: x.float().double() + x.to(torch.float32).type_as(W) + x.clone().contiguous(),
    "softmax": lambda x: torch.softmax(x, -1) + torch.softmax(x, 1) + x.softmax(dim=0) + F.softmax(x, dim=2),
    "softmax in float32": lambda x: F.softmax(x, dim=-1, dtype=torch.float32).double(),
    "layer norm": lambda x: F.layer_norm(x, (4,)) + F.layer_norm(x, (4,), W[0], W[1], 0.1) + F.layer_norm(x, (3, 4)),
    "rms norm": lambda x: F.rms_norm(x, (4,)) + F.rms_norm(x, (4,), W[0], 0.1) + F.rms_norm(x, (3, 4)),
    "weight of a norm": lambda x: F.layer_norm(W[:3], (4,), x[0, 0], x[0, 1]) + F.rms_norm(W[:3], (4,), x[0, 0]),
    "query alone": lambda x: sdpa(x, W[:3].expand(2, 3, 4), W[:3].expand(2, 3, 4)),
    "key alone": lambda x: sdpa(W[:3].expand(2, 3, 4), x, W[:3].expand(2, 3, 4), scale=0.3),
    "value alone": lambda x: sdpa(W[:3].expand(2, 3, 4), W[:3].expand(2, 3, 4), x, is_causal=True),
    "mask of truth": lambda x: sdpa(x, x, x, attn_mask=MASK > -1),
    "mask that moves": lambda x: sdpa(x, x, x, attn_mask=x @ x.mT),
    "heads": lambda x: sdpa(x[:, None], x[:, None].flip(1), x[:, None], scale=0.4),
}
TWO = {
    "sum": lambda x, y: (x + y) + torch.add(y, x),
    "difference": lambda x, y: (x - y) + torch.sub(y, x).square(),
    "product": lambda x, y: x * y + torch.mul(y, x),
    "matmul": lambda x, y: x @ y.mT + torch.bmm(y, x.mT) + torch.matmul(x, W[:, :3]) + W[:3] @ y.mT,
    "vectors": lambda x, y: x @ y[0, 0] + W[0] @ y.mT,
    "matrix of more axes": lambda x, y: x[0] @ y.mT + x @ y[0].mT,
    "attention": lambda x, y: sdpa(x, y, x + y, attn_mask=MASK, scale=0.7) + sdpa(y, x, y, is_causal=True),
    "without a rule": lambda x, y: torch.cat((x, y), dim=1).cumsum(1) + torch.stack((x, y)).amax(0).repeat(1, 2, 1),
}


def drawn(seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 3, 4, generator=generator, dtype=torch.float64), torch.randn(K, 2, 3, 4, generator=generator, dtype=torch.float64)


@torch.no_grad()
@pytest.mark.parametrize(("function", "count"), [*((f, 1) for f in ONE.values()), *((f, 2) for f in TWO.values())], ids=[*ONE, *TWO])
def test_tangents_are_those_of_jvp_and_the_value_is_the_same_to_the_last_bit(function, count):
    points, tangents = zip(*(drawn(seed) for seed in range(count)), strict=True)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        found = function(*(jet(x, v.clone()) for x, v in zip(points, tangents, strict=True)))
        wanted = vmap(lambda *v: jvp(function, points, v)[1])(*tangents)
        assert isinstance(found, Jet) and torch.equal(plain(found), function(*points))
    single = function in (ONE["types"], ONE["softmax in float32"])  # by way of float32
    torch.testing.assert_close(found.tangent, wanted, rtol=1e-5 if single else 1e-10, atol=1e-6 if single else 1e-11)


@torch.no_grad()
def test_a_rule_answers_for_what_it_was_written_and_leaves_the_rest_to_torch():
    """Where it leaves an operation, `vmap(jvp)` of it is no other number, but several times the time."""
    x, v = drawn(0)
    moving, still = jet(x, v), W[:3].expand(2, 3, 4)
    answered = [
        (torch.add, (moving, still), {}),
        (torch.add, (still, moving), {}),
        (torch.mul, (moving, 2.0), {}),
        (torch.matmul, (moving, W), {}),
        (torch.matmul, (still, moving.mT), {}),
        (torch.softmax, (moving, -1), {}),
        (F.softmax, (moving,), {"dim": 0, "dtype": None, "_stacklevel": 3}),
        (F.layer_norm, (moving, (4,), W[0], W[1]), {}),
        (F.rms_norm, (moving, (4,)), {}),
        (F.linear, (moving, W, W[0]), {}),
        (sdpa, (moving, still, still), {}),
        (sdpa, (still, still, moving), {"attn_mask": MASK, "scale": 0.5}),
        (torch.Tensor.sum, (moving, 1), {}),
    ]
    left = [
        (torch.add, (moving, still), {"alpha": 2}),
        (torch.add, (moving[:, :1], still), {}),
        (torch.mul, (moving[0], still), {}),
        (torch.matmul, (moving[0], still.mT), {}),
        (torch.matmul, (moving, W[0]), {}),
        (torch.softmax, (moving, -1, torch.float32), {}),
        (F.layer_norm, (moving, (3, 4)), {}),
        (F.layer_norm, (still, (4,), moving[0, 0]), {}),
        (F.rms_norm, (moving, (3, 4)), {}),
        (F.linear, (still, moving[0]), {}),
        (sdpa, (moving, still, still), {"attn_mask": moving @ moving.mT}),
        (sdpa, (moving, still[0], still), {}),
        (torch.Tensor.sum, (still, 1), {}),
    ]
    for wanted, calls in ((True, answered), (False, left)):
        for function, args, kwargs in calls:
            found = function(*(plain(one) for one in args), **{name: plain(one) for name, one in kwargs.items()})
            assert (RULES[function](found, *args, **kwargs) is not None) == wanted, (function, kwargs)
    assert moves(moving) and not moves(x) and not moves(2.0) and type(plain(moving)) is torch.Tensor and plain(2.0) == 2.0
