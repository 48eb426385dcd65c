"""The page on one's own paper, as a reader would follow it: its ledger is judged, its statistic runs, its commands work as printed."""

import re
import shlex
from pathlib import Path

import pytest

from unsettled.claims.audit.audit import read_audit
from unsettled.fixtures.synthetic.forked import unsettled
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.record.parquet import write_record

PAGE = (Path(__file__).parents[1] / "OWN_PAPER.md").read_text(encoding="utf-8")
LEDGER, PYTHON = (re.findall(rf"```{kind}\n(.*?)```", PAGE, flags=re.S)[0] for kind in ("toml", "python"))
COMMANDS = [shlex.split(line, comments=True) for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.S) for line in block.splitlines()]
OWN = """
[[claim]]
id = "own"
kind = "share"
words = "Share of puzzles that are right after two segments"
locator = "§4"
population = "my.net"
stated = "{stated}"
denominator = "puzzles"
statistic = "right_after"
smallest_contradiction = 0.05
form = {{ test = "not_applicable", reason = "a figure of this checkpoint" }}
"""


@pytest.fixture
def place(tmp_path):
    record = synthetic_record(1000, accuracy=0.52, seed=2)
    write_record(record, tmp_path / "record.parquet")
    (tmp_path / "paper.md").write_text("# Networks that wander\n\nOur network solves 52.0% of the puzzles.\n")
    (tmp_path / "own.py").write_text(PYTHON)
    (tmp_path / "none").mkdir()
    return tmp_path


def test_the_commands_work_as_printed_one_after_the_other(place):
    shown = {}
    for command in COMMANDS:
        extra = ["--references", "none"] if command[1] in ("audit", "plan") else []
        done = unsettled(place, *command[1:], *extra)
        assert "Traceback" not in done.stdout + done.stderr
        shown[" ".join(command[1:2] + [word for word in command if word.startswith("--update") or word == "--baseline"])] = done
        if command[1] == "init":
            assert done.returncode == 0 and "1 draft" in done.stdout
            (place / "ledger.toml").write_text(LEDGER)
    assert [done.returncode for done in shown.values()] == [0, 0, 0, 0, 0, 1, 0], {name: d.stdout + d.stderr for name, d in shown.items()}
    assert {v.key: v.outcome for v in read_audit(place / "audit.json").verdicts}.keys() == {"accuracy@my.net", "exponent.tells@my.net"}
    assert 'id="paper"' in (place / "audit.html").read_text()


def test_the_statistic_on_the_page_is_judged(place):
    stated = f"{100 * synthetic_record(1000, accuracy=0.52, seed=2).solved_at[:, 1].mean():.1f}%"
    (place / "ledger.toml").write_text(LEDGER + OWN.format(stated=stated))
    given = ["--record", "my.net=record.parquet", "--same-examples", "my.net", "--references", "none", "--statistics", "own.py"]
    done = unsettled(place, "audit", "ledger.toml", *given, "--claim", "own")
    assert done.returncode == 0, done.stdout
    assert [v.outcome for v in read_audit(place / "audit.json").verdicts] == ["REPRODUCED"]
    (verdict,) = read_audit(place / "audit.json").verdicts
    assert verdict.command.startswith("unsettled audit ledger.toml --statistics own.py ")
    locked, checked = (
        unsettled(place, *words, "--statistics", "own.py")
        for words in (["lock", "ledger.toml"], ["check-text", "paper.md", "--ledger", "ledger.toml"])
    )
    assert locked.returncode == 0 and checked.returncode in (0, 1), locked.stderr + checked.stderr
    listed = unsettled(place, "statistics", "right_after", "--statistics", "own.py").stdout
    assert "segment" in listed and "2 by default" in listed
