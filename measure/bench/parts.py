"""Where the time of a rollout goes, by torch.profiler: matrix products, gates and norms, QR and bookkeeping, copies, the rest."""

from __future__ import annotations

from unittest.mock import patch

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from measure import frame
from measure.bench.networks import SHIPPED, Timed, timed
from measure.bench.rollouts import plain
from measure.bench.timing import Row, row

_QR = "QR and bookkeeping"
#: part → the operations of torch whose own time it is; what is called inside QR is counted there alone.
OPERATIONS: dict[str, frozenset[str]] = {
    "matrix products": frozenset({"mm", "bmm", "addmm", "baddbmm", "baddbmm_"}),
    "gates and norms": frozenset(
        "mul mul_ addcmul addcmul_ add add_ sub sub_ rsub sigmoid silu silu_ div div_ mean sum sqrt rsqrt rsqrt_ pow square neg "
        "_softmax softmax linalg_vector_norm".split()
    ),
    "copies": frozenset({"copy_", "cat", "stack", "clone", "fill_", "zero_"}),
}
NAMES = (*OPERATIONS, _QR, "the rest: views, dispatch")


def shares(net: Timed, k: int) -> dict[str, float]:
    """Share of each of `NAMES` in the time that torch's operations and QR take in one rollout."""
    absorb = frame.Frame.absorb

    def marked(self: frame.Frame, tangents: torch.Tensor) -> None:
        with record_function(_QR):
            absorb(self, tangents)

    with patch.object(frame.Frame, "absorb", marked), profile(activities=[ProfilerActivity.CPU]) as recorded:
        plain(net, k)()
    spent = dict.fromkeys(NAMES, 0.0)
    for event in recorded.events():
        spent[_part(event)] += event.self_cpu_time_total
    whole = sum(spent.values())
    return {name: value / whole for name, value in spent.items()}


def _part(event) -> str:
    above = event
    while above is not None:
        if above.name == _QR:
            return _QR
        above = above.cpu_parent
    operation = event.name.removeprefix("aten::")
    return next((name for name, operations in OPERATIONS.items() if operation in operations), NAMES[-1])


def parts(*, repetitions: int = 3, k: int = 8, names: tuple[str, ...] = SHIPPED) -> list[Row]:
    """One segment of each network with k exponents, taken apart; the profiler itself makes small operations dearer."""
    rows = []
    for name in names:
        net = timed(name, segments=1)
        plain(net, k)()
        found = [shares(net, k) for _ in range(repetitions)]
        rows += [row("profile", f"{name}, k = {k}: {part}", [one[part] for one in found], unit="") for part in NAMES]
    return rows
