"""kill -9 while measuring and merging (see `unsettled.fixtures.faults`), and full disks."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from unsettled.fixtures.faults_commands import Command
from unsettled.fixtures.synthetic import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import read_record, write_record


def test_killed_while_measuring_and_merging():
    command = [sys.executable, "-m", "unsettled.fixtures.faults", "--json", "--kills", "7", "--only", "measure", "--only", "merge"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    assert sum(row["kills_at_moments"] + row["kills_at_random"] for row in json.loads(done.stdout)) >= 12


def test_the_harness_notices_a_writer_that_is_not_whole(tmp_path):
    from unsettled.fixtures.faults import try_command

    def run(folder: Path) -> None:
        out = folder / "out" / "a.txt"
        with out.open("w") as file:
            file.write("half")
            file.flush()
            os.mkdir(folder / "out" / "moment") if not (folder / "out" / "moment").exists() else None
            file.write("whole")

    with pytest.raises(AssertionError, match="half-written"):
        try_command("careless", lambda folder: Command("careless", run), tmp_path, kills=9)


def test_a_full_disk_leaves_the_older_record_and_says_so(tmp_path):
    path = tmp_path / "r.parquet"
    write_record(synthetic_record(5, segments=2, k=1), path)
    before = path.read_bytes()
    if (pid := os.fork()) == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # Python ignores SIGXFSZ: writes fail as on a full disk
            write_record(synthetic_record(2000), path)
        except UserError as error:
            code = 0 if "cannot write the record" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    assert path.read_bytes() == before and len(read_record(path)) == 5
    assert [each.name for each in tmp_path.iterdir()] == ["r.parquet"]
