"""What exponents cost in plain rollouts, what a plain rollout costs in torch's own layers, and what QR and overhead take."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from unsettled.measure.bench.networks import OFFICIAL, SHIPPED, Timed, TorchRollout, flops_per_update, timed
from unsettled.measure.bench.timing import Row, alternating, ratios, row
from unsettled.measure.lyapunov.estimator import frame, segment, tangent_growth

KS = (1, 4, 8)
ALL = (*SHIPPED, *OFFICIAL)
FIRST = next(iter(SHIPPED))


def plain(net: Timed, k: int = 0) -> Callable[[], object]:
    """A rollout with k exponents, to be timed."""
    return lambda: tangent_growth(net.model.updates(net.embedded), net.model.initial_state(net.batch), k=k, segments=net.segments)


def exponents(name: str, *, repetitions: int = 7, ks: tuple[int, ...] = KS) -> list[Row]:
    """Cost of k exponents over (1 + k) plain rollouts of the same batch and length."""
    net = timed(name)
    seconds = alternating({str(k): plain(net, k) for k in (0, *ks)}, repetitions=repetitions)
    note = f"batch {net.batch}, {net.segments} segments, plain {statistics.median(seconds['0']) * 1e3:.0f} ms"
    return [
        row(
            "exponents", f"{name}, k = {k}, over (1 + k) plain rollouts", ratios(seconds, str(k), "0", divided_by=1 + k), bar=1.1, note=note
        )
        for k in ks
    ]


def against_torch(name: str, *, repetitions: int = 7) -> list[Row]:
    """A plain rollout over the same recursion in torch's own layers, and its rate over the best of `torch.mm`."""
    net = timed(name)
    theirs = TorchRollout(net.model)
    matrix = torch.randn(768, 768), torch.empty(768, 768)
    seconds = alternating(
        {
            "ours": plain(net),
            "torch": lambda: theirs(net.embedded, net.segments),
            "mm": lambda: [torch.mm(matrix[0], matrix[0], out=matrix[1]) for _ in range(20)],
        },
        repetitions=repetitions,
    )
    config = net.model.config
    work = sum(flops_per_update(config).values()) * config.updates_per_segment * net.segments * net.batch
    best = 20 * 2 * 768**3
    shares = [work / ours / (best / mm) for ours, mm in zip(seconds["ours"], seconds["mm"], strict=True)]
    rate = work / statistics.median(seconds["ours"]) / 1e9
    mm_rate = best / statistics.median(seconds["mm"]) / 1e9
    return [
        row("plain", f"{name}, over torch's own layers", ratios(seconds, "ours", "torch"), bar=1.0),
        row(
            "plain",
            f"{name}, share of torch.mm's rate at 768",
            shares,
            bar=0.6 if name in OFFICIAL else None,
            at_least=True,
            note=f"{rate:.0f} of {mm_rate:.0f} GFLOP/s",
        ),
    ]


def orbit(name: str, *, ks: tuple[int, ...] = KS) -> list[Row]:
    """How far the state with k tangents ends from the state without, over its length: 0 where the orbit is the same to the last bit."""
    net, rows = timed(name), []
    alone = plain(net)().state
    for k in ks:
        apart = [((with_them - one).norm() / one.norm()).item() for one, with_them in zip(alone, plain(net, k)().state, strict=True)]
        rows.append(row("orbit", f"{name}, k = {k}: state off the one without tangents", [max(apart)], unit=""))
    return rows


def qr_share(name: str, k: int, *, repetitions: int = 7) -> list[Row]:
    """The share of a rollout's time in QR and the frame's bookkeeping."""
    net, shares = timed(name), []
    spent = [0.0]
    absorb = frame.Frame.absorb

    def counted(self: frame.Frame, tangents: torch.Tensor) -> None:
        start = time.thread_time()
        absorb(self, tangents)
        spent[0] += time.thread_time() - start

    with patch.object(frame.Frame, "absorb", counted):
        plain(net, k)()
        for _ in range(repetitions):
            spent[0], start = 0.0, time.thread_time()
            plain(net, k)()
            shares.append(spent[0] / (time.thread_time() - start))
    return [row("qr", f"{name}, k = {k}, QR's share of the time", shares, bar=0.05)]


def overhead(*, repetitions: int = 7, k: int = 8) -> list[Row]:
    """What `unsettled measure` takes beside the updates and QR themselves: reading off, records, parts, progress."""
    from unsettled.measure.bench.networks import REFERENCES
    from unsettled.measure.campaign.run import measure
    from unsettled.measure.networks.checkpoints import load_checkpoint
    from unsettled.measure.support.progress import progress
    from unsettled.measure.tasks.read import read_puzzles

    checkpoint = load_checkpoint(REFERENCES / FIRST)
    puzzles = read_puzzles(REFERENCES / FIRST / "puzzles.parquet", limit=16)
    spent, shares = [0.0], []
    run = segment.run_segment

    def counted(*arguments, **options):
        start = time.thread_time()
        result = run(*arguments, **options)
        spent[0] += time.thread_time() - start
        return result

    with patch("unsettled.measure.lyapunov.estimator.run_segment", counted), tempfile.TemporaryDirectory() as folder:
        for repetition in range(repetitions + 1):
            spent[0], start = 0.0, time.thread_time()
            with progress("puzzles", len(puzzles)) as advance:
                measure(checkpoint, puzzles, Path(folder) / f"{repetition}.parquet", k=k, segments=4, advance=advance)
            whole = time.thread_time() - start
            if repetition:
                shares.append(1 - spent[0] / whole)
    note = f"{FIRST}, k = {k}, {len(puzzles)} puzzles in two batches, 4 segments"
    return [row("overhead", "records, progress and all else, share of the time", shares, bar=0.03, note=note)]


def growth_of_cost(*, repetitions: int = 3) -> dict[str, tuple[np.ndarray, dict[str, np.ndarray]]]:
    """How the cost of a rollout grows: axis → (its values, name → seconds at each)."""
    ks, segments, hidden, puzzles = (0, 1, 2, 4, 8, 12, 16), (1, 2, 4, 8, 16), (64, 128, 256, 512), (2, 4, 8, 16, 32)
    curves: dict[str, tuple[np.ndarray, dict[str, np.ndarray]]] = {}

    def seconds(nets: dict[float, tuple[Timed, int]]) -> np.ndarray:
        times = alternating({str(at): plain(*pair) for at, pair in nets.items()}, repetitions=repetitions)
        return np.array([statistics.median(times[str(at)]) for at in nets])

    def axis(name: str, values: tuple[int, ...], nets: Callable[[str, int], tuple[Timed, int]], names: tuple[str, ...]) -> None:
        found = {one: seconds({value: nets(one, value) for value in values}) for one in names}
        curves[name] = np.array(values), found

    shipped = {name: timed(name, batch=4, segments=1) for name in SHIPPED}
    axis("k", ks, lambda name, k: (shipped[name], k), tuple(SHIPPED))
    axis("segments", segments, lambda name, s: (timed(name, batch=2, segments=s), 4), tuple(SHIPPED))
    axis("hidden size", hidden, lambda name, h: (timed(name, batch=1, segments=1, hidden=h), 2), tuple(OFFICIAL))
    axis("puzzles", puzzles, lambda name, b: (timed(name, batch=b, segments=1), 4), tuple(SHIPPED))
    return curves
