"""`unsettled follow` and `unsettled diagnose` as users meet them: eighty columns, the same figures as JSON, mistakes in one line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.band import otsu_band, percentile_band
from unsettled.measure.analysis.diagnosis import record_tables
from unsettled.measure.analysis.diagnosis_long import long_tables
from unsettled.measure.analysis.diagnosis_text import cell_text, figure
from unsettled.measure.analysis.settling import without_threshold
from unsettled.measure.campaign.long import measure_long
from unsettled.measure.campaign.long_stages import LongSettings
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.side import read_side, write_side
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

RECORD = synthetic_record(300, seed=6)


def alone(rows):
    """Some rows as a record of their own."""
    return RECORD.take(rows).replace(provenance=RECORD.provenance.model_copy(update={"puzzles": int(rows.sum())}))


@pytest.fixture
def folder(tmp_path):
    """A folder with a record and its long record."""
    write_record(RECORD, tmp_path / "record.parquet")
    write_side(long_record(200, seed=6), tmp_path / "long.parquet")
    return tmp_path


def test_tables_fit_eighty_columns_and_json_holds_the_same_figures(folder, unsettled):
    code, text, _ = unsettled("diagnose", folder, "--json", folder / "all.json")
    assert code == 0 and max(map(len, text.splitlines())) <= 80 and "\x1b" not in text
    tables = {table["key"]: table for table in json.loads((folder / "all.json").read_text())}
    expected = [*record_tables(RECORD), *long_tables(read_side(folder / "long.parquet"), RECORD)]
    assert list(tables) == [table.key for table in expected]
    for table in expected:
        assert table.title.split(",")[0].split(":")[0][:40] in text
    wrong = int((~RECORD.solved).sum())
    joint = tables["confident"]["rows"][:4]
    assert sum(row["share"]["counts"]["successes"] for row in joint) == wrong
    row = next(row for row in tables["early.levels"]["rows"] if row["h"] == 4)
    assert row["unsolved"] == (~RECORD.solved_at[:, 3]).sum() and f"{row['λ₁']['value']:.3f}"[1:] in text


def test_the_table_of_thresholds_says_how_much_depends_on_the_choice():
    table = {table.key: table for table in record_tables(RECORD)}["thresholds"]
    assert [row[0] for row in table.rows] == ["otsu", *(f"percentile {percent}" for percent in range(10, 100, 10))]
    for kind, threshold, successes, failures in table.rows:
        band = otsu_band(RECORD) if kind == "otsu" else percentile_band(RECORD, float(kind.split()[1]))
        still = RECORD.late_displacement() <= threshold * (1 + 1e-12)
        assert threshold == band.threshold
        assert successes.estimate.value == still[RECORD.solved].mean() and failures.estimate.value == still[~RECORD.solved].mean()
    free = without_threshold(RECORD)
    assert f"{free.value:.3f} [{free.low:.3f}, {free.high:.3f}]" in table.notes[1]
    assert f"{free.extra['outmoved_share']:.3f}" in table.notes[2]


def test_a_record_alone_is_diagnosed_and_the_rest_is_named(folder, unsettled):
    (folder / "long.parquet").unlink()
    code, text, _ = unsettled("diagnose", folder / "record.parquet")
    assert code == 0 and "Calibration" in text and "Labels" not in text
    assert text.strip().splitlines()[-1].endswith(f"unsettled follow MODEL PUZZLES --out {folder}/long.parquet")


def test_a_record_without_exponents_or_without_failures_is_diagnosed_too(tmp_path, unsettled):
    bare = RECORD.replace(growth=RECORD.growth[:, :, :0], provenance=RECORD.provenance.model_copy(update={"exponents": 0}))
    write_record(bare, tmp_path / "record.parquet")
    assert "λ₁" not in unsettled("diagnose", tmp_path)[1].split("The same for slopes")[0]
    write_record(alone(RECORD.solved), tmp_path / "right.parquet")
    write_record(alone(~RECORD.solved), tmp_path / "wrong.parquet")
    for name in ("right", "wrong"):
        code, text, errors = unsettled("diagnose", tmp_path / f"{name}.parquet")
        assert code == 0 and "nan" not in text.lower(), errors


def test_mistakes_are_one_line(folder, unsettled):
    write_side(long_record(50, checkpoint="1" * 64), folder / "long.parquet")
    cases = [
        ((folder,), "another checkpoint"),
        ((folder / "none",), "no such record"),
        ((folder / "long.parquet",), "not a record"),
        ((folder, "--json", folder), "another checkpoint"),
        ((folder, "--rest", "nan"), "--rest is nan"),
        ((folder, "--rest", -1), "--rest is -1.0 (it must be a number above 0)"),
    ]
    for arguments, told in cases:
        code, _, errors = unsettled("diagnose", *arguments)
        assert code == 2 and told in errors and errors.count("\n") == 1
    net = tiny_checkpoint(folder / "net", "trm_mlp").path
    write_parquet(generate(Box(2, 2), 3, seed=2), folder / "puzzles.parquet")
    for options, told in ((("--segments", 8), "of at least 32"), (("--k", 3), "from 0 to 1"), (("--out", folder), "is a folder")):
        code, _, errors = unsettled("follow", net, folder / "puzzles.parquet", "--out", folder / "x.parquet", *options)
        assert code == 2 and told in errors.strip().splitlines()[-1]


def test_follow_writes_what_diagnose_reads(tmp_path, unsettled):
    net = tiny_checkpoint(tmp_path / "net", "trm_mlp")
    puzzles = generate(Box(2, 2), 6, seed=2)
    write_parquet(puzzles, tmp_path / "puzzles.parquet")
    options = ("--segments", 32, "--deep", 0, "--starts", 1, "--k", 0)
    code, text, _ = unsettled("follow", net.path, tmp_path / "puzzles.parquet", "--out", tmp_path / "long.parquet", *options)
    assert code == 0 and "6 puzzles" in text
    side = read_side(tmp_path / "long.parquet", kind="long")
    assert [table.key for table in long_tables(side, None)][-1] == "labels.confusion"  # λ₁ is missing, and said so
    before = next(table for table in long_tables(side, None) if table.key == "exponent.before")
    assert "without exponents" in str(before.rows)


def test_runs_at_rest_may_be_left_alone_and_are_marked(tmp_path):
    net, puzzles = tiny_checkpoint(tmp_path / "net", "trm_mlp"), generate(Box(2, 2), 4, seed=2)
    usual = {"segments": 64, "deep": 80, "starts": 1, "k": 0}
    whole = measure_long(net, puzzles, tmp_path / "a.parquet", LongSettings(**usual))
    never = measure_long(net, puzzles, tmp_path / "b.parquet", LongSettings(**usual, stop_at_rest=1e-30))
    for name in whole.columns:  # nothing rests that still, so that leaving alone changes nothing
        np.testing.assert_array_equal(never[name], whole[name], err_msg=name)
    always = measure_long(net, puzzles, tmp_path / "c.parquet", LongSettings(**usual, stop_at_rest=10.0))
    assert (always["held"] == 16).all() and (always["followed"] == 80).all()
    np.testing.assert_array_equal(always["conflicts"][:, 16:], np.repeat(whole["conflicts"][:, 15:16], 48, axis=1))
    np.testing.assert_array_equal(always["conflicts"][:, :16], whole["conflicts"][:, :16])
    some = measure_long(net, puzzles, tmp_path / "d.parquet", LongSettings(**usual, deep_every=2))
    assert (some["followed"] == np.where(puzzles.ids % 2, 64, 80)).all()


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.512, 3, ".512"),
        (0.05, 2, ".05"),
        (0.0025, 2, ".0025"),
        (1.0, 3, "1"),
        (0, 3, "0"),
        (12.345, 3, "12.3"),
        (1.2e-7, 3, "1.2e-7"),
        (1234.5, 3, "1,234"),
        (-0.434, 3, "-.434"),
        (float("nan"), 3, "–"),
        (float("-inf"), 2, "−∞"),
    ],
)
def test_figures_are_short(value, digits, text):
    assert figure(value, digits) == text


def test_cells_say_why_a_figure_is_undefined():
    assert cell_text(undefined("no failures")) == "– (no failures)" and cell_text(None) == "–" and cell_text(12345) == "12,345"
    assert cell_text(proportion(1, 4)) == ".250 [.0063, .81]" and cell_text(Estimate(value=0.5)) == ".500"
