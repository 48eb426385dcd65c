"""The search for cyclic garbage in a command's process: seldom while libraries are imported, and not once more when the process ends.

Half a million objects of torch and its companions are searched again and again while they are imported, and taken apart one by one at the
end, when the process goes with all of them: a third of the time of a command that measures little. See `measure/PERFORMANCE.md`.
It is a setting of the whole process, so that commands arrange it, and no function that a library's user calls does.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import io

#: New objects after which the youngest are searched; Python's own 700 is for programs of some thousand objects.
THRESHOLD = 10_000


@functools.cache
def search_seldom() -> None:
    """Let this process search less often for garbage that refers to itself, and leave what it still holds at its end to the system.

    What no longer is referred to is freed at once as ever, and a file that is still open at the end is written to its end.
    """
    gc.set_threshold(THRESHOLD, *gc.get_threshold()[1:])
    atexit.register(leave)


def leave() -> None:
    """Write what open files still hold, which is what the last search would have done that matters, and leave it out."""
    writers = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
    for one in gc.get_objects():
        if issubclass(type(one), writers):  # not isinstance: a stand-in for something else may import it when it is asked what it is
            with contextlib.suppress(Exception):
                one.flush()
    gc.freeze()
