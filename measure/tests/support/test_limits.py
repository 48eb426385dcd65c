"""What the system allows a program, as far as it must be raised or told."""

from __future__ import annotations

import contextlib

import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.support.limits import many_files


def test_more_files_than_the_usual_limit_may_be_open_at_once(tmp_path):
    """A merge opened all shards at once and failed beyond it."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        with many_files(300, where=tmp_path), contextlib.ExitStack() as stack:
            for number in range(300):
                stack.enter_context((tmp_path / str(number)).open("w"))
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (128, hard)
        if hard != resource.RLIM_INFINITY:
            with pytest.raises(UserError, match="files open at once"), many_files(hard, where=tmp_path):
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
