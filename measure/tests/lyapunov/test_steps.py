"""Steps that torch cannot differentiate are refused in one line, whatever it raises within them."""

from __future__ import annotations

import pytest
import torch

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        return 2 * ctx.saved_tensors[0] * grad


def in_place(x):
    x.mul_(0.5)
    return x


def raises(x):
    raise KeyError("no such table")


START = torch.rand(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
STEPS = {
    "a custom autograd.Function": (lambda x: 0.5 * Square.apply(x), "calls an autograd.Function"),
    "in place": (in_place, "changes its state in place"),
    "batch normalisation in training": (torch.nn.BatchNorm1d(3).double(), "changes a tensor in place"),
    "numpy inside": (lambda x: torch.from_numpy(x.numpy() * 0.5), "leaves torch"),
    "random numbers": (lambda x: x + torch.randn_like(x), "draws random numbers"),
    "its own error": (raises, "raised KeyError"),
}


@pytest.mark.parametrize(("step", "told"), STEPS.values(), ids=STEPS)
def test_a_step_that_cannot_be_differentiated_is_one_line(step, told):
    with pytest.raises(UserError, match=told) as caught:
        tangent_growth(step, START.clone(), k=2, segments=2)
    assert "\n" not in str(caught.value)


def test_no_examples_is_one_line():
    with pytest.raises(UserError, match="no examples"):
        tangent_growth(lambda x: x, START[:0], k=2, segments=2)


def test_the_identity_neither_grows_nor_shrinks():
    result = tangent_growth(lambda x: x, START, k=2, segments=3)
    assert (result.growth == 0).all() and torch.equal(result.state, START)
