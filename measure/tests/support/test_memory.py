"""What mallopt does to a process; commands ask for it, and for few searches for garbage; a library call leaves its host as it was."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from unsettled.measure.support import garbage, memory

REFERENCE = Path(__file__).parents[3] / "fixtures" / "reference" / "trm-4x4"

# Whether malloc maps a block of 48 MiB of its own, as glibc does, or takes it from a heap that is kept.
MAPS = """
import ctypes, os, sys
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype, libc.malloc.restype = Info, ctypes.c_void_p
libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
def maps():
    before = libc.mallinfo2().hblks
    block = libc.malloc(48 << 20)
    mapped = libc.mallinfo2().hblks - before
    libc.free(block)
    return mapped
"""

# Everything else of the process that a library might change.
HOST = """
import gc, random, signal, warnings
import numpy, torch
def host():
    return {
        "malloc": maps(),
        "garbage": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "signals": [signal.getsignal(s) for s in sorted(signal.valid_signals())],
        "random": random.getstate(),
        "numpy": str(numpy.random.get_state()) + str(numpy.geterr()),
        "torch seed": torch.random.get_rng_state().tolist(),
        "threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "cuda": (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32),
    }
"""

USE = f"""
from unsettled.measure import *
from unsettled.measure.rollout.convergence import network_convergence
import torch._dynamo  # torch imports it when vmap is first used; what other libraries do when imported is theirs
before = host()
folder, out = {str(REFERENCE)!r}, sys.argv[1] + "/record.parquet"
loaded, puzzles = load_checkpoint(folder), read_puzzles(folder + "/puzzles.parquet", limit=2)
loaded.model.train()
tangent_growth(lambda z: 0.5 * z, torch.ones(2, 3), k=2, segments=2)
growth_over_seeds(torch.tanh, torch.ones(2, 3), k=2, segments=2)
network_convergence(loaded.model, puzzles, k=1, segments=1, sweeps=1)
assert loaded.model.training, "the caller's network was put into another mode"
measure(loaded, puzzles, __import__("pathlib").Path(out), k=1, segments=2)
summarise(read_record(out))
auc([1, 2, 3, 4], [0, 1, 0, 1])
after = host()
print("changed", sorted(name for name in before if before[name] != after[name]), flush=True)
"""


def run(code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # threads of OpenMP do not outlive a fork
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def has_mallinfo() -> bool:

    return sys.platform.startswith("linux") and hasattr(ctypes.CDLL(None), "mallinfo2")


glibc = pytest.mark.skipif(not has_mallinfo(), reason="needs glibc's mallinfo2")


@glibc
def test_keeping_freed_memory_stops_malloc_from_mapping_large_blocks():
    told = run(MAPS + "from unsettled.measure.support.memory import keep_freed_memory as keep\nprint(maps(), keep(), maps())")
    assert told == "1 True 0"


# Each command in a fork of that process, with malloc as the library calls have left it: as it comes.
COMMANDS = """
import traceback
from unsettled.measure.commands.app import main
import unsettled.measure.campaign.long
for words in eval(sys.argv[2]):
    pid = os.fork()
    if pid == 0:
        try:
            sys.argv = ["unsettled", *words]
            main()
        except SystemExit as end:
            print(words[0], end.code or 0, maps(), gc.get_threshold()[0], flush=True)
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.waitpid(pid, 0)
print("parent", maps(), flush=True)
os._exit(0)  # to take apart what torch has imported takes as long as to import it
"""


@glibc
def test_a_library_call_leaves_its_host_as_it_was_and_the_commands_ask_for_it(tmp_path):
    given = [str(REFERENCE), str(REFERENCE / "puzzles.parquet"), "--limit", "1"]
    commands = [
        ["convergence", *given, "--segments", "2", "--k", "1", "--sweeps", "1"],
        ["measure", *given, "--segments", "2", "--k", "0", "--out", str(tmp_path / "measured.parquet")],
        ["follow", *given, "--segments", "32", "--k", "0", "--deep", "0", "--starts", "1", "--out", str(tmp_path / "long.parquet")],
    ]
    told = run(MAPS + HOST + USE + COMMANDS, tmp_path, repr(commands)).splitlines()
    asked = {f"{words[0]} 0 0 {garbage.THRESHOLD}" for words in commands}
    assert {"changed []", *asked, "parent 1"} <= set(told), told


def test_a_file_that_is_open_at_the_end_is_written_to_its_end(tmp_path):
    code = (
        "import sys\n"
        "from unsettled.measure.support.garbage import search_seldom\n"
        "search_seldom()\n"
        "held = [open(sys.argv[1], 'w')]\n"
        "held.append(held)  # only a search for garbage would close it\n"
        "print('all of it', end='', file=held[0])\n"
    )
    run(code, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "all of it"


def test_other_platforms_and_a_users_own_settings_are_left_alone(monkeypatch):
    keep = memory.keep_freed_memory.__wrapped__  # without its cache
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert not keep()
    monkeypatch.setattr(memory.sys, "platform", "linux")
    monkeypatch.setenv("MALLOC_TOP_PAD_", "0")
    assert not keep()


def test_what_a_process_takes_is_told_in_bytes_and_mebibytes():
    block = bytearray(64 << 20)
    space, peak = memory.address_space(), memory.peak_memory_mib()
    if sys.platform.startswith("linux"):
        assert space > len(block) and 64 < peak < space / 2**20 + 1
