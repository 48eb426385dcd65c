"""The hooks that audits offer to other plugins, such as those that render them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from unsettled.claims.audit.audit import Audit


@pytest.hookspec
def pytest_unsettled_audit(session: pytest.Session, audit: Audit, path: Path) -> None:
    """An audit was made and written to ``path``. A `UserError` raised here ends the session with exit code 2."""


@pytest.hookspec
def pytest_unsettled_audits(config: pytest.Config, audits: Mapping[str, Path]) -> None:
    """``--paper all`` has judged the ledgers, each in a session of its own: paper → its audit, for those of which one was made."""
