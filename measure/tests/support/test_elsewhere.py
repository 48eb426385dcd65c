"""Where POSIX and Linux are missing: what they alone have is left out, and nothing else changes."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

import pytest

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.support.cores import cores
from unsettled.measure.support.files import write_whole
from unsettled.measure.support.limits import many_files
from unsettled.measure.support.memory import address_space, keep_freed_memory, peak_memory_mib, release_freed_memory


@pytest.fixture
def elsewhere(monkeypatch):
    """A system without limits of processes, timers, the proc file system, hard links and a C library that is found without its name."""
    read = Path.read_text

    def no_proc(self, *arguments, **named):
        if self.as_posix().startswith("/proc"):
            raise FileNotFoundError(2, "No such file or directory", str(self))
        return read(self, *arguments, **named)

    def no_link(self, target):
        raise NotImplementedError("os.link() not available on this system")

    def nameless(name, *arguments, **named):
        raise TypeError("LoadLibrary() argument 1 must be str, not None")

    for module in ("resource", "fcntl", "termios"):
        monkeypatch.setitem(sys.modules, module, None)
    for owner, name in ((os, "sched_getaffinity"), (os, "sysconf"), (os, "fork"), (signal, "setitimer"), (signal, "SIGHUP")):
        monkeypatch.delattr(owner, name)
    monkeypatch.setattr(Path, "read_text", no_proc)
    monkeypatch.setattr(Path, "hardlink_to", no_link)
    monkeypatch.setattr(ctypes, "CDLL", nameless)
    monkeypatch.setattr(sys, "platform", "win32")


def test_files_are_read_and_written_without_what_posix_alone_has(elsewhere, tmp_path):
    record = synthetic_record(20)
    write_record(record, tmp_path / "r.parquet")
    assert read_record(tmp_path / "r.parquet").digest() == record.digest()  # without a bound on time and memory
    for text in ("first", "second"):
        write_whole(tmp_path / "begun", text, only_new=True)
    assert (tmp_path / "begun").read_text() == "first"
    with many_files(10**9, where=tmp_path):
        pass


def test_memory_and_cores_are_told_as_far_as_they_are_known(elsewhere):
    keep = keep_freed_memory.__wrapped__  # without its cache: an earlier test may have asked for it
    assert (address_space(), peak_memory_mib(), keep()) == (None, None, False)
    release_freed_memory()
    assert cores() == (os.cpu_count() or 1)
