"""An audit's file alone gives every report of the run, byte for byte, where there is no torch, no record and no checkpoint."""

from __future__ import annotations

import re
import shutil

import pytest

from unsettled.fixtures.synthetic.audits import accuracy_of, write_ledger, write_tiny_reference
from unsettled.fixtures.synthetic.forked import unsettled
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.parquet import write_record
from unsettled.reports.html.page import unpacked
from unsettled.reports.renderings import RENDERINGS

NAMES = ["audit.json" if name == "audit.json" else f"out{name}" for name in RENDERINGS]
WITHOUT_TORCH = """
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("there is no torch on this machine")

sys.meta_path.insert(0, NoTorch())
from unsettled.measure.commands.app import main
main()
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with the reports that a run wrote itself: of a record, and of a reference that is measured again."""
    folder = tmp_path_factory.mktemp("run")
    record = synthetic_record(200, settled_failures=0.2)
    write_record(record, folder / "r.parquet")
    write_tiny_reference(folder / "references", puzzles=6)
    claims = {"right": ("share", "accuracy", accuracy_of(record)), "wrong": ("share", "accuracy", "1%")}
    write_ledger(folder / "my.toml", claims)
    reports = [part for name in NAMES for part in ("--report", f"reports/{name}")]
    (folder / "reports").mkdir()
    given = ["--references", "references", "--record", "my=r.parquet", "--same-examples", "my", "--audit-seed", "1", *reports]
    done = unsettled(folder, "audit", "my.toml", *given, "-q", "-p", "no:cacheprovider", environment={"OMP_NUM_THREADS": "1"})
    assert done.returncode == 1, done.stdout + done.stderr
    return folder


def test_every_report_comes_again_from_the_file_alone(written, tmp_path):
    shutil.copy(written / "audit.json", tmp_path / "kept.json")
    out = [part for name in NAMES for part in ("--out", name)]
    done = fresh(WITHOUT_TORCH, "report", "kept.json", *out, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (written / "reports" / name).read_bytes(), name


def test_the_page_holds_boards_and_pictures(written):
    page = (written / "reports" / "out.html").read_text()
    (boards,) = re.findall(r'id="boards"[^>]*>([^<]*)<', page)
    assert page.count("<figure") == 14 and [found["population"] for found in unpacked(boards)] == ["reference.tiny"]
    assert "my</bdi>: no boards, because the audit was given a record, but not its checkpoint and puzzles" in page
