"""What is read off each state, against its definition in float64, and when a network's answer and confidence are taken."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unsettled.measure.rollout.observer import Observer, angle, cosine, length

NETWORK = SimpleNamespace(latents=("x", "y"), answer=lambda state: state[0][:, :, :3], confidence=lambda state: state[1][:, 0])


def states(count=4, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [(torch.randn(5, 2, 3, generator=generator).to(dtype), torch.randn(5, 4, generator=generator).to(dtype)) for _ in range(count)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_segment_against_the_definitions(dtype):
    seen, observer = states(dtype=dtype), Observer(NETWORK)
    for segment, state in enumerate(seen):
        observer(segment, state)
    flat = [[part.flatten(1).double().numpy() for part in state] for state in seen]
    assert [len(getattr(observer, name)) for name in ("displacement", "norm", "angle", "update_cosine", "answer", "confidence")] == [3] * 6
    for s in range(1, 4):
        for i in (0, 1):
            now, before = flat[s][i], flat[s - 1][i]
            step = now - before if dtype == torch.float32 else (seen[s][i] - seen[s - 1][i]).flatten(1).double().numpy()
            np.testing.assert_allclose(observer.displacement[s - 1][:, i], np.linalg.norm(step, axis=1), rtol=1e-6)
            np.testing.assert_allclose(observer.norm[s - 1][:, i], np.linalg.norm(now, axis=1), rtol=1e-12)
            turned = np.arccos((now * before).sum(1) / np.linalg.norm(now, axis=1) / np.linalg.norm(before, axis=1))
            np.testing.assert_allclose(observer.angle[s - 1][:, i], turned, rtol=1e-6)
            if s == 1:
                assert observer.update_cosine[0][:, i].isnan().all()
            elif dtype == torch.float32:
                last = before - flat[s - 2][i]
                wanted = (step * last).sum(1) / np.linalg.norm(step, axis=1) / np.linalg.norm(last, axis=1)
                np.testing.assert_allclose(observer.update_cosine[s - 1][:, i], wanted, rtol=1e-5, atol=1e-6)
        assert (observer.answer[s - 1] == seen[s][0].argmax(-1)).all() and (observer.confidence[s - 1] == seen[s][1][:, 0]).all()


def test_a_state_of_one_tensor_and_a_network_that_tells_no_confidence():
    observer = Observer(SimpleNamespace(latents=("x",), answer=lambda state: torch.ones(5, 2, dtype=torch.long), confidence=None))
    for segment, (state, _) in enumerate(states(2)):
        observer(segment, state)
    assert observer.confidence == [] and observer.displacement[0].shape == (5, 1) and (observer.answer[0] == 1).all()


def test_small_angles_are_exact_and_a_zero_state_has_none():
    u = torch.tensor([[1.0, 0.0], [3.0, 0.0], [1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    v = torch.tensor([[1.0, 1e-9], [0.0, 5.0], [-2.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    assert angle(u, v)[:3].tolist() == pytest.approx([1e-9, np.pi / 2, np.pi], rel=1e-12) and angle(u, v)[3].isnan()
    assert cosine(u, v)[1:3].tolist() == [0.0, -1.0] and cosine(u, v)[3].isnan() and length(v)[1] == 5
    assert angle(u.float(), v.float()).dtype == length(u.float()).dtype == cosine(u.float(), v.float()).dtype == torch.float64
