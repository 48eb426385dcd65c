"""A statistic of one's own: a file that the user names is run, and what it registers may be named by a ledger."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

from unsettled.claims.catalogue.registered import STATISTICS
from unsettled.measure.errors import UserError


def load_statistics(files: Iterable[Path | str]) -> list[str]:
    """Run each file, which registers statistics with `unsettled.claims.statistic`; returns their names. A file is run once.

    Raises:
        UserError: there is no such file, it raises as it is run, or it registers nothing.
    """
    found: list[str] = []
    for file in files:
        path = Path(file).expanduser()
        name = f"unsettled_statistics_{path.resolve().as_posix().strip('/').replace('/', '_').replace('.', '_')}"
        if name in sys.modules:
            continue
        before = set(STATISTICS)
        _run(path, name)
        if not (added := [each for each in STATISTICS if each not in before]):
            raise UserError("registers no statistic", where=path, hint="decorate a function with @statistic(NAME, PARAMETERS)")
        found += added
    return found


def _run(path: Path, name: str) -> None:
    if not path.is_file():
        raise UserError("no such file of statistics", where=path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError("not a Python file", where=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a user's file raises
        del sys.modules[name]
        raise UserError(f"fails as it is run: {type(error).__name__}: {error}", where=path) from None
