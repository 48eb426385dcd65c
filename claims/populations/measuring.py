"""What `--measure KEY=VALUE` may set, with the value it has otherwise; apart from what reads it, as pytest names the keys in its help."""

from __future__ import annotations

# `limit` 0 measures every puzzle, `noise_seed` is of a stochastic network, an empty `task` is told by the content;
# `split` and `several` as in `unsettled measure`.
MEASURING: dict[str, int | str] = {
    "k": 8,
    "segments": 16,
    "seed": 0,
    "batch": 32,
    "limit": 2048,
    "device": "cpu",
    "dtype": "float32",
    "noise_seed": 0,
    "split": "test",
    "task": "",
    "several": "refuse",
}
