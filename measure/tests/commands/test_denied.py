"""Folders and files that may not be written or read, and clocks that jump: one line each, and nothing is lost.

The denial is the kernel's own. Root may read and write everywhere, so that the commands run in a fork that has given up the two
capabilities by which it does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

from unsettled.fixtures.faults.kill_commands import RECIPE
from unsettled.fixtures.synthetic.interrupted import broken_after
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.campaign import run as campaign
from unsettled.measure.campaign.run import measure
from unsettled.measure.commands.app import main, run
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

# linux/capability.h, linux/prctl.h: to override permissions, and to read and search in spite of them
OVERRIDING, CAPABILITY_VERSION_3, PR_CAPBSET_DROP = (1, 2), 0x20080522, 24
SETTINGS = {"k": 1, "segments": 2, "batch": 4}


@pytest.fixture(scope="module")
def place():
    """A folder that anybody may read and nobody may write: a network, puzzles, a record, a recipe; one file is unreadable."""
    folder = Path(tempfile.mkdtemp())
    tiny_checkpoint(folder / "net", "trm_mlp")
    write_parquet(generate(Box(2, 2), 6, seed=5), folder / "p.parquet")
    (folder / "kept").mkdir()
    write_record(synthetic_record(5, segments=2, k=1), folder / "kept" / "r.parquet")
    (folder / "recipe.toml").write_text(RECIPE)
    for name in ("p.parquet", "kept/r.parquet", "recipe.toml", "net/model.safetensors"):
        shutil.copy(folder / name, secret := folder / f"secret-{Path(name).name}")
        secret.chmod(0o000)
    (folder / "secret").mkdir()
    shutil.copytree(folder / "net", folder / "secret" / "net")
    for path in (*folder.rglob("*"), folder):
        if not path.name.startswith("secret"):
            path.chmod(0o555 if path.is_dir() else 0o444)
    (folder / "secret").chmod(0o000)
    yield folder
    (folder / "secret").chmod(0o700)
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(folder)


def obey_permissions() -> None:
    """Give up root's right to override permissions, here and in programs started from here."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, held = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    for capability in OVERRIDING:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    assert libc.capget(header, held) == 0
    for which in (0, 1):  # effective, permitted
        held[which] &= ~sum(1 << capability for capability in OVERRIDING)
    assert libc.capset(header, held) == 0


def run_denied(*words: object) -> tuple[int, str]:
    """Exit code and standard error of `unsettled WORDS…` where permissions count."""
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        code = 99
        try:
            os.dup2(write, 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            obey_permissions()
            sys.argv = ["unsettled", *map(str, words)]
            sys.stderr = os.fdopen(2, "w", closefd=False)
            main()
        except SystemExit as ended:
            code = ended.code or 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}".encode())
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


DENIED = {
    "measure into a read-only folder": ("measure", "net", "p.parquet", "--out", "kept/new.parquet", "--k", 1, "--segments", 2),
    "measure over a record in a read-only folder": ("measure", "net", "p.parquet", "--out", "kept/r.parquet", "--k", 1, "--segments", 2),
    "measure into a new folder within one": ("measure", "net", "p.parquet", "--out", "kept/new/r.parquet", "--k", 1, "--segments", 2),
    "ranks into a read-only folder": (
        "measure",
        "net",
        "p.parquet",
        "--out",
        "kept/new.parquet",
        "--k",
        1,
        "--segments",
        2,
        "--processes",
        1,
    ),
    "train in a read-only folder": ("train", "recipe.toml", "--work", "kept/run"),
    "puzzles that may not be read": ("measure", "net", "secret-p.parquet", "--out", "kept/new.parquet"),
    "a checkpoint that may not be read": ("measure", "secret-model.safetensors", "p.parquet", "--out", "kept/new.parquet"),
    "a checkpoint in a folder that may not be entered": ("measure", "secret/net", "p.parquet", "--out", "kept/new.parquet"),
    "a recipe that may not be read": ("train", "secret-recipe.toml", "--work", "kept/run"),
    "shards that may not be entered": ("merge", "secret", "--out", "kept/new.parquet"),
}


@pytest.mark.parametrize("what", DENIED)
def test_what_is_denied_is_said_in_one_line(place, what):
    before = {path: path.stat().st_mtime_ns for path in (place / "kept").rglob("*")}
    names = {path.name for path in place.iterdir()}
    words = [place / word if isinstance(word, str) and word.split("/")[0] in {*names, "kept"} else word for word in DENIED[what]]
    code, said = run_denied(*words)
    assert code == 2 and "Traceback" not in said and "Error: " not in said, said
    last = said.splitlines()[-1]  # after a bar of progress; or, of an argument, the usage
    assert (last.startswith("error: ") and "ermission denied" in last) or "not readable" in " ".join(said.replace("│", "").split()), said
    assert before == {path: path.stat().st_mtime_ns for path in (place / "kept").rglob("*")}


def test_a_record_that_may_not_be_read(place):
    code, said = run_denied("show", place / "secret-r.parquet")
    assert code == 2 and "not readable" in " ".join(said.replace("│", "").split()), said


@pytest.mark.parametrize("jump", [-10 * 365 * 86400.0, 10 * 365 * 86400.0])
def test_a_clock_that_jumps_between_two_lives(tmp_path, monkeypatch, jump):
    checkpoint, puzzles = tiny_checkpoint(tmp_path / "net", "trm_mlp"), generate(Box(2, 2), 10, seed=5)
    measure(checkpoint, puzzles, tmp_path / "whole", **SETTINGS)
    now = time.time
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(campaign, "rollout", broken_after(1))
        measure(checkpoint, puzzles, tmp_path / "r", **SETTINGS)
    for path in (tmp_path / "r.parts").iterdir():  # written, as it seems, long before or after now
        os.utime(path, (now() - jump, now() - jump))
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    monkeypatch.setattr(time, "monotonic", lambda kept=time.monotonic: kept() + jump)
    done: list[int] = []
    measure(checkpoint, puzzles, tmp_path / "r", **SETTINGS, advance=done.append)
    assert done[0] == 4 and sum(done) == 10, "the finished part was measured again"
    assert (tmp_path / "r").read_bytes() == (tmp_path / "whole").read_bytes()
    assert len(read_record(tmp_path / "r")) == 10


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_what_a_file_system_refuses_anywhere_is_one_line(number, capsys):
    """A read-only file system cannot be made here without mounting one: what the kernel would say is raised instead."""

    def refused() -> None:
        raise OSError(number, os.strerror(number), "some/file")

    with pytest.raises(SystemExit) as ended:
        run(refused)
    assert ended.value.code == 2 and capsys.readouterr().err == f"error: some/file: {os.strerror(number)}\n"
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        run(lambda: os.close(1 << 30))  # a mistake of this program stays one


@pytest.mark.parametrize(
    "make", [lambda path: (path / "none.toml").read_text(), lambda path: path.read_text(), lambda path: (path / "a" / "b").open("w")]
)
def test_a_file_that_is_not_there_is_one_line(tmp_path, capsys, make):
    with pytest.raises(SystemExit) as left:
        run(lambda: make(tmp_path))
    err = capsys.readouterr().err
    assert left.value.code == 2 and err.startswith(f"error: {tmp_path}") and err.count("\n") == 1
