"""Segments: which update is called at which time, where QRs fall, and that passes back and forth know both."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.frame import Frame
from unsettled.measure.lyapunov.segment import run_segment, segment_of
from unsettled.measure.lyapunov.sweeps import pull, singular_growth
from unsettled.measure.lyapunov.tangents import as_parts, flatten, push, sizes, split
from unsettled.measure.support.counts import at_least

DOUBLE = torch.float64
RATES = torch.tensor([2.0, 3.0, 5.0, 7.0, 11.0, 13.0], dtype=DOUBLE)


@pytest.mark.parametrize(("qr_every", "absorbed"), [(1, 5), (2, 3), (3, 2), (4, 2), (5, 1), (9, 1)])
def test_a_qr_falls_after_every_so_many_updates_and_at_the_end(qr_every, absorbed):
    class Counted(Frame):
        number = 0

        def absorb(self, tangents):
            self.number += 1
            super().absorb(tangents)

    frame = Counted(torch.eye(2, dtype=DOUBLE)[None], "compiled")
    updates = segment_of(lambda z: 3 * z, 5, time_dependent=False).at(0)
    (end,) = run_segment(updates, (torch.ones(1, 2, dtype=DOUBLE),), frame, is_tuple=False, qr_every=qr_every)
    assert (
        frame.number == absorbed and end.tolist() == [[243.0, 243.0]] and frame.take()[0].tolist() == pytest.approx([5 * math.log(3)] * 2)
    )
    empty = Counted(torch.empty(1, 0, 2, dtype=DOUBLE), "compiled")
    assert run_segment(updates, (torch.ones(1, 2, dtype=DOUBLE),), empty, is_tuple=False, qr_every=1)[0][0, 0] == 243 and empty.number == 0


def test_updates_are_numbered_from_the_clock_and_a_list_has_its_own_length():
    told = []
    timed = segment_of([lambda z, n: told.append(n) or z, lambda z, n: told.append(-n) or z], 1, time_dependent=True)
    for update in timed.at(4):
        update(torch.ones(1))
    assert told == [4, -5] and len(timed) == 2 and len(segment_of([abs, abs], 2, time_dependent=False)) == 2
    assert len(segment_of(abs, 3, time_dependent=False)) == 3
    for step, repeats in (([abs, abs], 3), ([], 1), ([abs, 1], 1), (abs, 0)):
        with pytest.raises(UserError):
            segment_of(step, repeats, time_dependent=False)
    assert at_least(3, 3, "n") == 3
    for wrong in (2, True, 3.0, "3"):
        with pytest.raises(UserError, match="n is"):
            at_least(3, wrong, "n")


@pytest.mark.parametrize("qr_every", [1, 2, 5])
@pytest.mark.parametrize("clock", [0, 1])
def test_a_warm_up_and_a_clock_shift_which_rates_are_counted(qr_every, clock):
    state = torch.ones(1, 1, dtype=DOUBLE)

    def step(z, n):
        return RATES[n] * z

    found = tangent_growth(
        step, state, k=1, segments=2, updates_per_segment=2, warmup=int(not clock), clock=clock, qr_every=qr_every, time_dependent=True
    )
    first = clock + 2 * (not clock)
    assert found.growth[0, :, 0].tolist() == pytest.approx([RATES[first + 2 * s : first + 2 * s + 2].log().sum().item() for s in (0, 1)])
    assert found.updates == first + 4
    swept = singular_growth(
        step, state, k=1, segments=2, updates_per_segment=2, clock=clock, qr_every=qr_every, sweeps=1, time_dependent=True
    )
    assert swept.exponents(unit="segment").item() == pytest.approx(RATES[clock : clock + 4].log().sum().item() / 2)
    assert (swept.segments, swept.updates_per_segment, swept.seed, len(swept.passes)) == (2, 2, 0, 3)
    assert singular_growth(step, state, k=1, segments=1, time_dependent=True).passes.shape == (5, 1, 1)


@pytest.mark.parametrize("k", [1, 3])
def test_a_pull_is_the_adjoint_of_a_push_and_sweeps_of_components_find_the_singular_values(k):
    generator = torch.Generator().manual_seed(1)
    state = torch.randn(2, 2, 2, generator=generator, dtype=DOUBLE), torch.randn(2, generator=generator, dtype=DOUBLE)

    def step(parts):
        x, y = parts
        return torch.tanh(1.3 * x + y[:, None, None]), torch.sin(y + x[:, 0, 1])

    v, u = (split(torch.randn(2, k, 5, generator=generator, dtype=DOUBLE), state) for _ in range(2))
    image, back = push(step, state, v, is_tuple=True)[1], pull(step, state, u, is_tuple=True)
    torch.testing.assert_close(flatten(image) @ flatten(u).mT, flatten(v) @ flatten(back).mT)
    dense = flatten(push(step, state, split(torch.eye(5, dtype=DOUBLE).expand(2, 5, 5), state), is_tuple=True)[1]).mT
    found = singular_growth(step, state, k=k, segments=1, sweeps=60)
    wanted = torch.linalg.svd(dense)
    torch.testing.assert_close(found.passes[-1], wanted.S[:, :k].log(), rtol=1e-6, atol=1e-6)
    assert (found.directions[:, 0] * wanted.Vh[:, 0]).sum(dim=1).abs().min() > 1 - 1e-5
    assert sizes(state) == [4, 1] and sizes((torch.zeros(0, 3, 2),)) == [6] and as_parts([state[0], state[1]])[1] is state[1]


def test_what_is_no_state_is_refused_by_what_is_wrong():
    good = torch.ones(2, 3)
    for wrong, words in (
        ((), "not a tensor"),
        (None, "not a tensor"),
        ((good, None), "not a tensor"),
        (good.long(), "type torch.int64"),
        ((good, good[:1]), "differ in batch size"),
        ((good, good.double()), "differ in batch size"),
        ((good, good.to("meta")), "differ in batch size"),
        (torch.tensor(1.0), "differ in batch size"),
    ):
        with pytest.raises(UserError, match=words):
            as_parts(wrong)
