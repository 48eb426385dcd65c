"""Hooks that the audit offers to other plugins, such as the drift gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from unsettled.claims.audit.run import Run
    from unsettled.claims.verdict import Verdict


@pytest.hookspec(firstresult=True)
def pytest_unsettled_review(config: pytest.Config, run: Run, verdict: Verdict) -> Verdict | None:
    """Replace a verdict before pytest's report of it is settled; None leaves it as it is."""


@pytest.hookspec
def pytest_unsettled_more(config: pytest.Config, run: Run) -> list[Verdict]:
    """Verdicts that need no judging, each an item of its own: claims that vanished since the baseline was locked."""
