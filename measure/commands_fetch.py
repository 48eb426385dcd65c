"""`unsettled fetch`: published checkpoints and puzzles, pinned, checked, and found by the audit afterwards."""

from __future__ import annotations

import typer

app = typer.Typer()
