"""The search for cyclic garbage in a command's process: seldom while libraries are imported, and not once more when the process ends.

Half a million objects of torch and its companions are searched again and again while they are imported, and taken apart one by one at the
end, when the process goes with all of them: a third of the time of a command that measures little. See `measure/PERFORMANCE.md`.
It is a setting of the whole process, so that commands arrange it, and no function that a library's user calls does.
"""

from __future__ import annotations

import atexit
import functools
import gc

#: New objects after which the youngest are searched; Python's own 700 is for programs of some thousand objects.
THRESHOLD = 10_000


@functools.cache
def search_seldom() -> None:
    """Let this process search less often for garbage that refers to itself, and leave what it still holds at its end to the system.

    What no longer is referred to is freed at once as ever; buffers of files that are in use at the end are written as ever.
    """
    gc.set_threshold(THRESHOLD, *gc.get_threshold()[1:])
    atexit.register(gc.freeze)
