"""What a file costs to read is bounded whatever it says: processor time and memory, with one line, and restored afterwards."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.support import bounded
from unsettled.measure.support.bounded import Bound


@pytest.fixture
def tight(monkeypatch):
    monkeypatch.setitem(bounded.BOUNDS, "text", Bound(1, 200 << 20))
    monkeypatch.delenv("UNSETTLED_UNLIMITED", raising=False)


def state() -> tuple:
    return resource.getrlimit(resource.RLIMIT_AS), signal.getitimer(signal.ITIMER_PROF), signal.getsignal(signal.SIGPROF)


def spin(path: Path) -> None:
    """Many times the bound, so that a test of a bound that does not hold fails, and does not hang."""
    until = time.process_time() + 10
    while time.process_time() < until:
        with contextlib.suppress(Exception):  # as a reader may that takes every error for the file's
            sum(range(1000))


def hoard(path: Path) -> int:
    return len(np.empty(400 << 20, np.uint8))  # addresses alone: they are what the kernel counts


def test_time_is_bounded_and_no_reader_swallows_that(tight, tmp_path, monkeypatch):
    monkeypatch.setitem(bounded.BOUNDS, "text", Bound(0.2, 200 << 20))
    before = state()
    with pytest.raises(UserError, match=r"b\.txt.*more than 0\.2 s of processor time.*UNSETTLED_UNLIMITED"):
        bounded.bounded("text")(spin)(tmp_path / "b.txt")
    assert state() == before


def test_memory_is_bounded(tight, tmp_path):
    before = state()
    with pytest.raises(UserError, match=r"more than 0\.2 GiB of memory"):
        bounded.bounded("text")(hoard)(path=tmp_path / "b.txt")
    assert state() == before


def test_memory_that_was_freed_and_kept_does_not_loosen_the_bound(tight, tmp_path):
    """In a process of its own: what is kept is a setting of the whole process."""
    code = (
        "import numpy as np\n"
        "from unsettled.measure.support import bounded\n"
        "from unsettled.measure.support.memory import keep_freed_memory\n"
        "keep_freed_memory()\n"
        "blocks = [np.empty(100 << 20, np.uint8) for _ in range(6)]\n"
        "del blocks\n"
        "bounded.BOUNDS['text'] = bounded.Bound(60, 200 << 20)\n"
        "bounded.bounded('text')(lambda path: np.empty(400 << 20, np.uint8))('b.txt')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "more than 0.2 GiB of memory" in done.stderr


def test_the_little_that_is_kept_counts_as_what_a_reader_may_take(tight, tmp_path):
    """Small blocks below one that stays are kept by glibc, too few to be given back: a reader finds them again, and as much less beyond."""
    code = (
        "import numpy as np\n"
        "from unsettled.measure.support import bounded\n"
        "small = lambda: [bytes(100_000) for _ in range(400)]\n"
        "blocks, stays = small(), bytes(100_000)\n"
        "del blocks\n"
        "bounded.BOUNDS['text'] = bounded.Bound(60, 100 << 20)\n"
        "bounded.bounded('text')(lambda path: (small(), np.empty(80 << 20, np.uint8)))('b.txt')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "more than 0.1 GiB of memory" in done.stderr


def test_the_bound_can_be_lifted_and_does_not_hold_in_other_threads(tight, tmp_path, monkeypatch):
    with pytest.raises(UserError):
        bounded.bounded("text")(hoard)(tmp_path)
    monkeypatch.setenv("UNSETTLED_UNLIMITED", "1")
    assert bounded.bounded("text")(hoard)(tmp_path) == 400 << 20
    monkeypatch.setenv("UNSETTLED_UNLIMITED", "0")
    found = []
    reader = bounded.bounded("text")(lambda path: found.append(signal.getitimer(signal.ITIMER_PROF)[0]))
    thread = threading.Thread(target=reader, args=(tmp_path,))
    thread.start(), thread.join()
    reader(tmp_path)
    assert found[0] == 0 < found[1] < 1.1


def test_narrower_limits_of_the_user_and_outer_bounds_stay(tight, tmp_path):
    inner = bounded.bounded("text")(lambda path: state())
    outer = bounded.bounded("table")(lambda path: (state(), inner(path), state()))
    before, within, after = outer(tmp_path)
    assert before[0] == after[0] and within[0][0] < before[0][0], "memory is narrowed and given back"
    assert within[1][0] > 3000, "the outer timer runs on"


def test_lists_that_expand_beyond_what_is_declared(tmp_path, monkeypatch):
    """Two numbers a row are declared and 16,000 are held: some kilobytes of Parquet are 128 MB in memory."""
    path = tmp_path / "r.parquet"
    write_record(synthetic_record(2000, segments=2, k=1), path)
    table = pq.read_table(path)
    inner = pa.ListArray.from_arrays(np.arange(4001, dtype=np.int32) * 8_000, np.zeros(32_000_000, np.float32))
    growth = pa.ListArray.from_arrays(np.arange(2001, dtype=np.int32) * 2, inner)
    column = table.schema.get_field_index("growth")
    pq.write_table(table.set_column(column, "growth", growth).replace_schema_metadata(table.schema.metadata), path, compression="zstd")
    assert path.stat().st_size < 1 << 20
    with pytest.raises(UserError, match="growth"):
        read_record(path)
    monkeypatch.setitem(bounded.BOUNDS, "table", Bound(60, 100 << 20))
    del inner, growth, table
    before = state()
    with pytest.raises(UserError, match=r"memory|malloc|allocat"):
        read_record(path)
    assert state() == before
