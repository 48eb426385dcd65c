"""One writer at a time for each file that takes long to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from unsettled.measure.errors import UserError
from unsettled.measure.support.files import remove_abandoned


@contextmanager
def sole_writer(out: Path, *, what: str = "measurement") -> Iterator[None]:
    """Be the only writer of ``out``, by a lock file beside it that is gone afterwards.

    What killed writers of ``out`` left beside it is removed: nobody else is writing it.

    The file is removed while the lock is still held. Removed after its release, it could be one that a second writer
    has locked meanwhile, and a third would then lock a new file of that name. A writer that was waiting on a removed
    file notices, for filelock compares what it locked with what lies there.

    ``what`` names who writes, in the message.

    Raises:
        UserError: another process writes to ``out``.
    """
    path = out.with_name(out.name + ".lock")
    try:
        with filelock.FileLock(path, timeout=0):
            try:
                remove_abandoned(out)
                yield
            finally:
                path.unlink(missing_ok=True)
    except filelock.Timeout:
        raise UserError(f"another {what} is writing there", where=out, hint="wait for it, or name another place") from None
