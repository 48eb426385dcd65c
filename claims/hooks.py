"""The hook that the audit offers to other plugins, such as those that render it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from unsettled.claims.audit.audit import Audit


@pytest.hookspec
def pytest_unsettled_audit(session: pytest.Session, audit: Audit, path: Path) -> None:
    """An audit was made and written to ``path``. A `UserError` raised here ends the session with exit code 2."""
