"""Keep freed memory in the process: large buffers that come and go would otherwise fault in page by page, every time.

glibc hands the top of its heap back to the system whenever a large block is freed, and the next block of that size
is zeroed and mapped again: a rollout of small networks spends half of its time there. See `measure/PERFORMANCE.md`.
It is a setting of the whole process, so that commands arrange it, and no function that a library's user calls does.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import sys
from pathlib import Path
from typing import Any

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h
_KEPT = 1 << 30
_PAD = 1 << 26
_LITTLE = 1 << 26
#: Variables by which a user has already told glibc what to do; then nothing is changed.
OWN_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


@functools.cache
def keep_freed_memory() -> bool:
    """Let this process keep up to 1 GiB of freed memory for its next use; returns whether that was arranged.

    Nothing happens without glibc, with another allocator, or where the environment sets malloc's own variables.
    """
    if not sys.platform.startswith("linux") or any(name in os.environ for name in OWN_SETTINGS):
        return False
    if (mallopt := _of_malloc("mallopt")) is None:
        return False
    settings = ((_M_MMAP_THRESHOLD, _KEPT), (_M_TRIM_THRESHOLD, _KEPT), (_M_TOP_PAD, _PAD))
    return all(mallopt(name, value) == 1 for name, value in settings)


class _Told(ctypes.Structure):
    """What glibc's mallinfo2 tells; ``fordblks`` are the bytes that are freed and kept."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    )


def release_freed_memory() -> int:
    """Hand freed memory that is kept back to the system, which is mapped still and would be used again beyond a limit on address space.

    A little is kept, as each page that is given back is zeroed and mapped again at its next use: returns how many bytes are.
    """
    if mallinfo2 := _of_malloc("mallinfo2"):
        mallinfo2.restype = _Told
        if (freed := int(mallinfo2().fordblks)) <= _LITTLE:
            return freed
    if malloc_trim := _of_malloc("malloc_trim"):
        malloc_trim(0)
    return 0


def _of_malloc(name: str) -> Any:
    """A function of the C library's malloc; None where that has no such."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError, TypeError):  # TypeError: Windows has no library without a name
        return None


def address_space() -> int | None:
    """Bytes of this process's address space, which RLIMIT_AS limits; None where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def peak_memory_mib() -> int | None:
    """The largest resident size of this program so far, MiB; None where the system does not tell.

    Linux is asked for the program's own: what it counts for the process includes the program that started it.
    """
    with contextlib.suppress(OSError, IndexError):
        status = Path("/proc/self/status").read_text()
        return round(int(status.split("VmHWM:")[1].split()[0]) / 2**10)
    try:
        import resource  # noqa: PLC0415 - POSIX alone has it
    except ImportError:
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(largest / (2**20 if sys.platform == "darwin" else 2**10))
