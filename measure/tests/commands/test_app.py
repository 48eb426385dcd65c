"""The command line as users meet it: a record and a summary, and one line with exit code 2 for every mistake."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint, version

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.commands.app import GROUP, asked_for, build, run
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.synthetic import synthetic_record
from unsettled.measure.tasks.read import write_parquet, write_published
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    tiny_checkpoint(folder / "net", "hrm")
    puzzles = generate(Box(2, 2), 10, seed=3)
    write_parquet(puzzles, folder / "puzzles.parquet")
    write_published(puzzles, folder / "published", "test")
    return folder


def test_measure_writes_a_record_and_prints_a_summary(place, unsettled):
    code, printed, errors = unsettled(
        "measure", place / "net", place / "puzzles.parquet", "--out", place / "r.parquet", "--k", 2, "--segments", 3, "--noise-rows", 2
    )
    assert code == 0, errors
    for told in ("exact accuracy", "failures", "nats per update", "nats per segment", "late displacement", "10"):
        assert told in printed
    record = read_record(place / "r.parquet")
    assert len(record) == 10 and record.provenance.noise.rows == 2
    assert unsettled("show", place / "r.parquet")[:2] == (0, printed)
    assert "this call took" in errors and "MiB of memory" in errors  # what differs from run to run stays out of the output


def test_published_layout_and_a_random_sample(place, unsettled):
    arguments = ("measure", place / "net", place / "published", "--k", 0, "--segments", 2, "--limit", 4, "--sample-seed", 1)
    assert unsettled(*arguments, "--out", place / "s.parquet")[0] == 0
    record = read_record(place / "s.parquet")
    assert len(record) == 4 and record.growth.shape == (4, 2, 0) and len(np.unique(record.example_id)) == 4


def test_every_mistake_is_one_line_and_exit_code_2(place, tmp_path, unsettled):
    net, puzzles = place / "net", place / "puzzles.parquet"
    (tmp_path / "short.csv").write_text("source,question,answer,rating\nx,12,1234,0\n")
    cases = [
        ((net, tmp_path / "none.parquet"), "none.parquet"),
        ((tmp_path / "none", puzzles), "no such checkpoint"),
        ((puzzles, puzzles), "damaged, or holds something other than tensors"),
        ((net, tmp_path / "short.csv"), "short.csv:2"),
        ((net, puzzles, "--dtype", "float8"), "unknown dtype"),
        ((net, puzzles, "--k", "5000"), "k is 5000"),
        ((net, puzzles, "--device", "nowhere"), "nowhere"),
    ]
    for arguments, told in cases:
        code, _, errors = unsettled("measure", *arguments, "--out", tmp_path / "out.parquet")
        assert code == 2, (arguments, errors)
        line = errors.strip().splitlines()[-1]
        assert line.startswith("error: ") and told in line and "Traceback" not in errors
        assert not list(tmp_path.glob("out*")), "something half-written was left"


def test_a_terminal_without_a_size_shows_tables(tmp_path, unsettled, monkeypatch):
    """``COLUMNS=0``, as in a container: nothing at all was printed."""
    write_record(synthetic_record(20), tmp_path / "r.parquet")
    monkeypatch.setenv("COLUMNS", "0")
    code, printed, _ = unsettled("show", tmp_path / "r.parquet")
    assert code == 0 and "exact accuracy" in printed


def test_an_out_that_is_a_folder(place, unsettled):
    code, _, errors = unsettled("measure", place / "net", place / "puzzles.parquet", "--out", place)
    assert code == 2 and "is a folder" in errors


def test_the_installed_program_refuses_in_one_line(place):
    command = [sys.executable, "-m", "unsettled.measure.commands.app", "show", str(place / "none.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("error: ")


def test_help_does_not_import_torch():
    code = (
        "import sys; from unsettled.measure.commands.app import build; build(); sys.exit('torch' in sys.modules or 'numba' in sys.modules)"
    )
    assert fresh(code).returncode == 0


def test_the_version_is_that_of_the_distribution(unsettled):
    assert unsettled("--version")[:2] == (0, f"unsettled {version('unsettled')}\n")


def test_of_all_commands_the_one_that_is_asked_for_is_built():
    whole = len(build().registered_commands)
    assert [command.callback.__name__ for command in asked_for(build(), ["merge", "a"]).registered_commands] == ["merge"]
    alone = asked_for(build(), ["puzzles", "--help"])
    assert not alone.registered_commands and [group.typer_instance.info.name for group in alone.registered_groups] == ["puzzles"]
    for words in ([], ["--help"], ["no-such-command"]):
        assert len(asked_for(build(), words).registered_commands) == whole > 30


def test_completion_offers_commands():
    asked = {"_UNSETTLED_COMPLETE": "complete_bash", "COMP_WORDS": "unsettled conv", "COMP_CWORD": "1"}
    assert CliRunner().invoke(build(), prog_name="unsettled", env=asked).output.split() == ["convergence"]


def test_help_has_panels_in_order(unsettled):
    code, printed, _ = unsettled("--help")
    heads = [
        "─ Measure ─",
        "─ Explain ─",
        "─ Report ─",
        "─ Write a paper ─",
        "─ Test-time policies ─",
        "─ Train references ─",
        "─ Check the tool itself ─",
    ]
    places = [printed.find(head) for head in heads]
    assert code == 0 and -1 not in places and places == sorted(places)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("unsettled.no_such_module", "ModuleNotFoundError: No module named 'unsettled.no_such_module'"),
        ("unsettled.measure.errors", "the module has no typer application `app`"),
        ("not a reference", "left out"),
    ],
)
def test_an_entry_point_that_cannot_be_loaded_costs_one_line_and_no_command(value, told, capsys):
    points = [EntryPoint("mine", value, GROUP), EntryPoint("hub", "unsettled.measure.commands.hub", GROUP)]
    root = build(points)
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1 and errors.startswith("warning: ") and "mine" in errors and told in errors
    assert [command.callback.__name__ for command in root.registered_commands] == ["fetch"]


def test_a_command_of_another_distribution_keeps_its_own_panel(tmp_path, monkeypatch):
    (tmp_path / "visiting_commands.py").write_text(
        "import typer\napp = typer.Typer()\n@app.command(rich_help_panel='Visitors')\ndef greet():\n    print('good day')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    root = build([EntryPoint("visiting", "visiting_commands", GROUP), EntryPoint("hub", "unsettled.measure.commands.hub", GROUP)])
    assert CliRunner().invoke(root, ["greet"]).output == "good day\n"
    assert "Visitors" in CliRunner().invoke(root, ["--help"]).output


def test_what_a_file_says_of_itself_does_nothing_to_the_terminal(capsys):
    """Names of tensors and of files reached it with their escape sequences."""

    def damaged():
        raise UserError("it begins with model.\x1b[31mred\x07", where="n\x1b[2Jame.pt")

    with pytest.raises(SystemExit):
        run(damaged)
    told = capsys.readouterr().err
    assert told == "error: n\\x1b[2Jame.pt: it begins with model.\\x1b[31mred\\x07\n"


def test_an_interruption_says_what_is_kept(capsys):
    """The library of the command line took it for its own, so that this was never said."""
    app = typer.Typer()

    @app.command()
    def long():
        signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as ended:
        run(lambda: app([]))
    assert ended.value.code == 130 and "completed work is kept" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


def test_without_docstrings_and_on_a_terminal_of_ascii(tmp_path):
    write_record(synthetic_record(40), tmp_path / "r.parquet")
    code = "import sys, unsettled.claims.catalogue.registered; from unsettled.measure.commands.app import main; main()"
    command = [sys.executable, "-OO", "-c", code, "show", str(tmp_path / "r.parquet")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        timeout=100,
        check=False,
    )
    assert done.returncode == 0 and "40" in done.stdout, done.stderr


@pytest.mark.parametrize("code", [errno.EFBIG, errno.ENOSPC, errno.EDQUOT])
def test_a_disk_or_a_limit_that_is_full_is_one_line(capsys, code):
    def program():
        raise OSError(code, os.strerror(code), "out.parquet")

    with pytest.raises(SystemExit) as left:
        run(program)
    assert left.value.code == 2 and capsys.readouterr().err == f"error: out.parquet: {os.strerror(code)}\n"
