"""The options of the pytest plugin, as a table: pytest reads it whenever the plugin is loaded, so it imports nothing that is slow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from unsettled.claims.populations.measuring import MEASURING

# (flag, keyword arguments of addoption)
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--ledger", {"metavar": "PATH", "help": "the ledger to judge (default: the paper's)"}),
    ("--paper", {"metavar": "NAME", "help": "… or one that is shipped: paper, ren-liu, krishna, …; all judges each in turn"}),
    ("--claim", {"action": "append", "metavar": "CLAIM[@POPULATION]", "help": "judge just this verdict, by its exact name"}),
    ("--statistics", {"action": "append", "metavar": "FILE.py", "help": "statistics of one's own that the ledger names; the file is run"}),
    ("--manuscript", {"metavar": "PATH", "help": "the text that the ledger is about, shown on the page coloured by its verdicts"}),
    (
        "--record",
        {"action": "append", "metavar": "NAME=PATH", "help": "judge this record as population NAME; several of one NAME are seeds"},
    ),
    ("--checkpoint", {"action": "append", "metavar": "NAME=PATH", "help": "measure this checkpoint as population NAME"}),
    ("--puzzles", {"action": "append", "metavar": "NAME=PATH", "help": "… on these puzzles (a single one needs no NAME)"}),
    ("--network", {"action": "append", "metavar": "NAME=FILE.py:FUNCTION", "help": "NAME's checkpoint is of a network of your own"}),
    ("--cycles", {"action": "append", "metavar": "NAME=H,L[,HEADS]", "help": "what the tensors of a checkpoint do not tell"}),
    ("--same-examples", {"action": "append", "metavar": "NAME", "help": "NAME's record holds the paper's own examples"}),
    ("--unlike", {"action": "append", "metavar": "LINE", "help": "… whose protocols may differ in this line"}),
    ("--measure", {"action": "append", "metavar": "KEY=VALUE", "help": ", ".join(MEASURING)}),
    ("--remeasure", {"action": "store_true", "help": "measure every population afresh that has a checkpoint"}),
    ("--remeasure-rows", {"metavar": "N", "help": "random rows of each record to measure again (default: a few seconds' worth; 0: none)"}),
    ("--audit-seed", {"metavar": "N", "help": "seed of every random draw (default: a new one, printed)"}),
    ("--policy", {"metavar": "draft|strict", "help": "strict: undecided and acknowledged claims fail too"}),
    ("--references", {"metavar": "PATH", "help": "the folder of reference checkpoints (default: the shipped one)"}),
    ("--audit", {"metavar": "PATH", "help": "where audit.json goes (default: reports/audit.json, or the working folder)"}),
    ("--baseline", {"action": "store_true", "help": "fail on every verdict that deviates from the locked baseline"}),
    ("--baseline-file", {"metavar": "PATH", "help": "the locked baseline (default: LEDGER.baseline.json beside the ledger)"}),
    ("--update-baseline", {"metavar": "new|all", "help": "lock this run's verdicts, and fail"}),
)
# Options that ask for an audit from whatever folder: a session that was given one must make one.
ASKING = (
    "--ledger",
    "--paper",
    "--claim",
    "--manuscript",
    "--record",
    "--checkpoint",
    "--puzzles",
    "--network",
    "--remeasure",
    "--audit",
    "--baseline",
    "--update-baseline",
    "--report",
)


def asked_by(config: pytest.Config) -> str | None:
    """The option that asks for an audit from whatever folder; None where none does."""
    return _given(config, ASKING)


def meant_by(config: pytest.Config) -> str | None:
    """Any option of an audit that was given: without one it would say nothing; None where there is none."""
    return asked_by(config) or _given(config, [flag for flag, _ in OPTIONS])


def _given(config: pytest.Config, flags: Iterable[str]) -> str | None:
    return next((flag for flag in flags if getattr(config.option, flag[2:].replace("-", "_"), None)), None)
