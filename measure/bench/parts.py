"""Where the time of a rollout goes, by torch.profiler: matrix products, gates and norms, QR and bookkeeping, copies, the rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from unittest.mock import patch

from torch.profiler import ProfilerActivity, profile, record_function

from unsettled.measure.bench.networks import SHIPPED, Timed, timed
from unsettled.measure.bench.rollouts import plain
from unsettled.measure.bench.timing import Row, row
from unsettled.measure.lyapunov.estimator import frame
from unsettled.measure.networks import fused

_QR, _BETWEEN, _COPIES = "QR and bookkeeping", "gates and norms", "copies"
#: What is measured as a whole, with all that is called inside: (owner, name) → part. Compiled code is no operation of torch.
WHOLE: dict[tuple[object, str], str] = {
    (frame.Frame, "absorb"): _QR,
    (fused, "add_and_norm"): _BETWEEN,
    (fused, "gate"): _BETWEEN,
    (fused, "tilt"): _BETWEEN,
    (fused, "heads"): _COPIES,
}
#: part → the operations of torch whose own time it is.
OPERATIONS: dict[str, frozenset[str]] = {
    "matrix products": frozenset({"mm", "bmm", "addmm", "baddbmm", "baddbmm_"}),
    _BETWEEN: frozenset(
        [
            "mul",
            "mul_",
            "addcmul",
            "addcmul_",
            "add",
            "add_",
            "sub",
            "sub_",
            "rsub",
            "sigmoid",
            "silu",
            "silu_",
            "div",
            "div_",
            "mean",
            "sum",
            "sqrt",
            "rsqrt",
            "rsqrt_",
            "pow",
            "square",
            "neg",
            "_softmax",
            "softmax",
            "linalg_vector_norm",
        ]
    ),
    _COPIES: frozenset({"copy_", "cat", "stack", "clone", "fill_", "zero_"}),
}
NAMES = (*OPERATIONS, _QR, "the rest: views, dispatch")


def shares(net: Timed, k: int) -> dict[str, float]:
    """Share of each of `NAMES` in the time that torch's operations and QR take in one rollout."""
    with ExitStack() as patches:
        for (owner, name), part in WHOLE.items():
            patches.enter_context(patch.object(owner, name, _marked(getattr(owner, name), part)))
        with profile(activities=[ProfilerActivity.CPU]) as recorded:
            plain(net, k)()
    spent = dict.fromkeys(NAMES, 0.0)
    for event in recorded.events():
        spent[_part(event)] += event.self_cpu_time_total
    whole = sum(spent.values())
    return {name: value / whole for name, value in spent.items()}


def _marked(function: Callable, part: str) -> Callable:
    def marked(*given, **named):
        with record_function(part):
            return function(*given, **named)

    return marked


def _part(event) -> str:
    above = event
    while above is not None:
        if above.name in NAMES:
            return above.name
        above = above.cpu_parent
    operation = event.name.removeprefix("aten::")
    return next((name for name, operations in OPERATIONS.items() if operation in operations), NAMES[-1])


def parts(*, repetitions: int = 3, k: int = 8, names: tuple[str, ...] = tuple(SHIPPED)) -> list[Row]:
    """One segment of each network with k exponents, taken apart; the profiler itself makes small operations dearer."""
    rows = []
    for name in names:
        net = timed(name, segments=1)
        plain(net, k)()
        found = [shares(net, k) for _ in range(repetitions)]
        rows += [row("profile", f"{name}, k = {k}: {part}", [one[part] for one in found], unit="") for part in NAMES]
    return rows
