"""What a process for tasks does first: watch that the one which started it is there. Torch, which takes seconds, is loaded after that."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import threading
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path


def begin(own: list[Path], begun: Synchronized[int], device: str, folder: str) -> None:
    """Before the first task: end when the starter does, even by kill -9 (a task is lost, no file is torn); be made ready.

    Args:
        own: the files of users' own networks that tasks may bring.
        begun: how many processes have begun before this one; it is counted in.
        device: of the tasks.
        folder: what the processes are sent lies there; removed with the starter.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal: the first one ends the others
    threading.Thread(target=_end_with_starter, args=(folder,), daemon=True).start()
    from unsettled.measure.scale.tasks import ready  # noqa: PLC0415 - loads torch: not before the watch

    with begun.get_lock():
        number, begun.value = begun.value, begun.value + 1
    ready(own, number, device)


def _end_with_starter(folder: str) -> None:
    starter = multiprocessing.parent_process()
    if starter is not None:
        starter.join()
        shutil.rmtree(folder, ignore_errors=True)  # ended by kill -9, it could not
        os._exit(1)
