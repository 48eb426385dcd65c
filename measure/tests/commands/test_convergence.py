"""`unsettled convergence`: the table on a shipped checkpoint, and its mistakes."""

from __future__ import annotations

import re
from pathlib import Path

from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.rollout.convergence import network_convergence
from unsettled.measure.tasks.read import read_puzzles

REFERENCE = Path(__file__).parents[3] / "fixtures" / "reference" / "trm-4x4"


def test_it_prints_what_the_function_finds(unsettled):
    chosen = ("--k", 2, "--segments", 2, "--limit", 3, "--sweeps", 1, "--seed", 5)
    code, printed, errors = unsettled("convergence", REFERENCE, REFERENCE / "puzzles.parquet", *chosen)
    assert code == 0, errors
    model, puzzles = load_checkpoint(REFERENCE).model, read_puzzles(REFERENCE / "puzzles.parquet", limit=3)
    found = network_convergence(model, puzzles, k=2, segments=2, seed=5, sweeps=1)
    rows = [line.split() for line in printed.splitlines() if re.match(r"\s*[12] ", line)]
    for i, row in enumerate(rows):
        values = (found.seed_mean[i], found.seed_spread[i], found.sweeps[0][i], found.sweeps[1][i], found.last_rise[i])
        assert row == [
            str(i + 1),
            *(form.format(value) for form, value in zip(("{:+.4f}", "{:.4f}", "{:+.4f}", "{:+.4f}", "{:.1e}"), values, strict=True)),
        ]
    assert len(rows) == 2 and "medians over 3 puzzles, nats per segment over 2 segments" in printed


def test_mistakes_are_one_line(unsettled):
    for arguments, told in [
        (("none", "none"), "no such checkpoint"),
        ((REFERENCE, REFERENCE / "puzzles.parquet", "--k", 9000), "k is 9000"),
    ]:
        code, _, errors = unsettled("convergence", *arguments)
        assert code == 2 and told in errors and sum(not line.startswith("note: ") for line in errors.splitlines()) == 1
