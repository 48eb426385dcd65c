"""What was tried to make it faster, with and without in turn: what was kept, and what was not worth its while."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import jvp, vmap

from unsettled.measure.bench.networks import SHIPPED, Timed, timed
from unsettled.measure.bench.processes import memory_kept, threads_or_processes
from unsettled.measure.bench.rollouts import plain
from unsettled.measure.bench.timing import Row, alternating, ratios, row
from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.lyapunov.growth import TangentGrowth
from unsettled.measure.networks import fused, recursive
from unsettled.measure.networks.layers import Attention

BATCHES = (1, 2, 4, 8, 16, 32, 64)
CADENCES = (2, 4, 8)
NETWORKS = _TRM, _HRM = tuple(SHIPPED)[:2]


def tried(*, repetitions: int = 3) -> Iterator[Row]:
    """Every attempt that a command can show; a ratio below one is a gain."""
    n = min(repetitions, 3)  # dozens of rollouts each: their medians are not held to bars
    yield from fused_attention(n)
    yield from bfloat16(n)
    for attempt in (several_passes, batches, tiles, cadence, generic):
        for name in NETWORKS:
            yield from attempt(name, n)
    yield from memory_kept(n)
    yield from threads_or_processes(n)


def _growth(net: Timed, k: int, *, updates: list | None = None, qr_every: int = 1) -> TangentGrowth:
    updates = updates or net.model.updates(net.embedded)
    start = net.model.initial_state(net.batch)
    return tangent_growth(updates, start, k=k, segments=net.segments, qr_every=qr_every)


def several_passes(name: str, repetitions: int) -> list[Row]:
    """torch's own operations between the matrix products, a pass over memory each, over one pass for all of them."""
    net, rows = timed(name, segments=1), []
    for k in (0, 1, 8):

        def run(k: int = k) -> None:
            with patch.object(fused, "usable", lambda *tensors: False):
                plain(net, k)()

        seconds = alternating({"torch": run, "fused": plain(net, k)}, repetitions=repetitions)
        rows.append(row("tried", f"{name}, k = {k}: torch's operations between products over one pass", ratios(seconds, "torch", "fused")))
    return rows


def batches(name: str, repetitions: int) -> list[Row]:
    """Seconds a puzzle at other batch sizes, over those at 8."""
    nets = {str(size): timed(name, batch=size, segments=1) for size in BATCHES}
    seconds = alternating({size: plain(net, 1) for size, net in nets.items()}, repetitions=repetitions)
    return [
        row(
            "tried",
            f"{name}, k = 1: a puzzle in a batch of {size}, over one in a batch of 8",
            ratios(seconds, size, "8", divided_by=int(size) / 8),
        )
        for size in nets
        if size != "8"
    ]


def tiles(name: str, repetitions: int) -> list[Row]:
    """Other sizes of what goes through the net at once, over the size that is used."""
    net, used = timed(name, segments=1), recursive.TILE_BYTES

    def at(size: int) -> Callable[[], object]:
        def run() -> None:
            with patch.object(recursive, "TILE_BYTES", size):
                plain(net, 8)()

        return run

    sizes = {"¼": used // 4, "1": used, "4": 4 * used, "32": 32 * used}
    seconds = alternating({times: at(size) for times, size in sizes.items()}, repetitions=repetitions)
    return [row("tried", f"{name}, k = 8: tiles {times} times as large", ratios(seconds, times, "1")) for times in sizes if times != "1"]


def cadence(name: str, repetitions: int, k: int = 8) -> list[Row]:
    """A rarer QR: its cost, and the error that it makes in the exponents."""
    net = timed(name, segments=2)
    seconds = alternating({str(every): lambda e=every: _growth(net, k, qr_every=e) for every in (1, *CADENCES)}, repetitions=repetitions)
    exact = _growth(net, k)
    rows = []
    for every in CADENCES:
        other = _growth(net, k, qr_every=every)
        error = (other.exponents(unit="segment") - exact.exponents(unit="segment")).abs()
        note = (
            f"λ moves by {error.median():.1e} in the median and {error.max():.1e} at most, nats per segment; {int(other.lost.sum())} lost"
        )
        rows.append(
            row("tried", f"{name}, k = {k}: QR every {every} updates over every update", ratios(seconds, str(every), "1"), note=note)
        )
    return rows


class OneByOne:
    """An update that pushes its tangents by one `jvp` each, the state anew every time."""

    def __init__(self, update: Callable) -> None:
        self.update = update

    def __call__(self, state):
        return self.update(state)

    def push(self, state: tuple[Tensor, ...], tangents: tuple[Tensor, ...]):
        pushed = [jvp(lambda *z: self.update(z), state, tuple(part[:, i] for part in tangents)) for i in range(tangents[0].shape[1])]
        return pushed[0][0], tuple(torch.stack(parts, dim=1) for parts in zip(*(moved for _, moved in pushed), strict=True))


class Compiled(OneByOne):
    """An update whose ``vmap(jvp)`` is compiled by torch."""

    def __init__(self, update: Callable) -> None:
        super().__init__(update)

        def all_at_once(state, tangents):
            return vmap(lambda *t: jvp(lambda *z: update(z), state, t), in_dims=1, out_dims=(None, 1))(*tangents)

        self.push = torch.compile(all_at_once, dynamic=False)


def generic(name: str, repetitions: int, k: int = 4) -> list[Row]:
    """torch's own forward mode instead of the tangents written out: `vmap(jvp)`, compiled too, and one `jvp` after another."""
    net, rows = timed(name, batch=2, segments=1), []
    ours = net.model.updates(net.embedded)
    ways = {"ours": ours}
    for way, wrap in {
        "vmap(jvp)": lambda update: lambda state: update(state),
        "a loop of jvp": OneByOne,
        "torch.compile(vmap(jvp))": Compiled,
    }.items():
        made = {id(update): wrap(update) for update in ours}
        updates = [made[id(update)] for update in ours]
        try:
            found = _growth(net, k, updates=updates)
        except Exception as error:  # whatever a compiler may say is the result
            message = " ".join(str(error).split())[:200]
            rows.append(row("tried", f"{name}, k = {k}: {way} over ours", [float("nan")], note=f"{type(error).__name__}: {message}"))
            continue
        ways[way] = updates
        exact = _growth(net, k)
        off = (found.exponents(unit="segment") - exact.exponents(unit="segment")).abs().max()
        ways[f"note of {way}"] = f"batch 2; λ within {off:.1e} nats per segment"
    runs = {way: (lambda u=updates: _growth(net, k, updates=u)) for way, updates in ways.items() if not way.startswith("note")}
    seconds = alternating(runs, repetitions=repetitions)
    return rows + [
        row("tried", f"{name}, k = {k}: {way} over ours", ratios(seconds, way, "ours"), note=ways[f"note of {way}"])
        for way in runs
        if way != "ours"
    ]


def fused_attention(repetitions: int) -> list[Row]:
    """Inference of the HRM with torch's fused attention, which has no forward-mode derivative, in place of ours."""
    net, ours = timed(_HRM), Attention.forward

    def fused(self: Attention, jet: Tensor, rope) -> Tensor:
        if jet.shape[1] > 1:
            return ours(self, jet, rope)
        mixed = self.qkv_proj(jet).view(*jet.shape[::2], 3, self.heads, self.width)  # no rotary positions: nothing to lay out anew
        out = F.scaled_dot_product_attention(*mixed.permute(2, 0, 3, 1, 4))
        return self.o_proj(out.transpose(1, 2).flatten(2).unsqueeze(1))

    def run() -> TangentGrowth:
        with patch.object(Attention, "forward", fused):
            return plain(net)()

    seconds = alternating({"ours": plain(net), "fused": run}, repetitions=2 * repetitions + 1)
    pairs = zip(plain(net)().state, run().state, strict=True)
    off = max(((a - b).norm() / a.norm()).item() for a, b in pairs)
    note = f"state off by {off:.1e} of its length after {net.segments} segments"
    return [row("tried", f"{_HRM}, plain: fused attention over ours", ratios(seconds, "fused", "ours"), note=note)]


def bfloat16(repetitions: int) -> list[Row]:
    """A plain rollout in bfloat16 over float32: all that a bfloat16 state beside float32 tangents could save is in it."""
    rows = []
    for name in NETWORKS:
        exact, coarse = timed(name, segments=2), timed(name, segments=2)
        coarse = Timed(name, coarse.model.bfloat16(), coarse.embedded.bfloat16(), coarse.segments)
        seconds = alternating({"float32": plain(exact), "bfloat16": plain(coarse)}, repetitions=repetitions)
        error = (_growth(coarse, 1).exponents(unit="segment") - _growth(exact, 1).exponents(unit="segment")).abs().double()
        note = f"λ1 moves by {statistics.median(error.flatten().tolist()):.1e} nats per segment in the median over two segments"
        rows.append(row("tried", f"{name}, plain: bfloat16 over float32", ratios(seconds, "bfloat16", "float32"), note=note))
    return rows
