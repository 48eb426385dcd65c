"""Tangents as one flat batch and back: latents of any shape, a single number among them."""

import torch

from unsettled.measure.lyapunov.tangents import flatten, split


def test_latents_of_one_number_and_of_many_lie_side_by_side_and_come_back():
    one, many = torch.arange(6.0).reshape(2, 3), torch.arange(24.0).reshape(2, 3, 2, 2)
    flat = flatten((one, many))
    assert flat.shape == (2, 3, 5) and torch.equal(flat[:, :, 0], one)
    back = split(flat, (torch.zeros(2), torch.zeros(2, 2, 2)))
    assert torch.equal(back[0], one) and torch.equal(back[1], many)
