"""Two records side by side: what differs is told, noise is not taken for a difference, and the exit code says which."""

import numpy as np
import pytest
from typer.testing import CliRunner

from unsettled.fixtures.faults.hostile import HOSTILE
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.commands.app import build
from unsettled.measure.record.compare import amplified, row_limits
from unsettled.measure.record.difference import difference
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.provenance import NoiseFloor
from unsettled.reports.commands import app
from unsettled.reports.text.difference import render, verdict

# Of 80 rows the first 40 contract, the others amplify a last bit until they are as far apart as two rows; all have the same exponents.
GROWTH = np.array(synthetic_record(80).growth, np.float64)
GROWTH[:40, :, 0], GROWTH[40:, :8, 0], GROWTH[40:, 8:, 0], GROWTH[:, :, 1:] = -1.0, 8.0, -10.0, -20.0
RECORD = synthetic_record(80).replace(growth=GROWTH)
LEVELS = {"median": 1e-6, "q90": 1e-3, "q99": 2e-3, "largest": 3e-3}
NOISE = NoiseFloor(rows=8, alternates=["a"], quantiles=dict.fromkeys(("exponents", "displacement", "halting"), LEVELS), label_flips=0)


def changed(record=RECORD, *, provenance=(), **columns):
    record = record.replace(**columns)
    return record.replace(provenance=record.provenance.model_copy(update=dict(provenance)))


def nudged(size, rows=slice(None), *, together=False):
    """The record with λ₁ of some rows moved by ``size`` nats per update, up and down in turn or all up."""
    growth = RECORD.growth.copy()
    sign = 1 if together else np.resize([1, -1], 80)[rows, None, None]
    growth[rows, 15:] += size * sign * RECORD.segments * RECORD.provenance.model.updates_per_segment
    return changed(growth=growth)


def exponents_of(found):
    return next(gap for gap in found.gaps if gap.name == "exponents")


def test_a_record_is_identical_to_itself():
    found = difference(RECORD, RECORD)
    assert (found.identical, found.beyond_noise, found.settings, found.fingerprints) == (True, False, (), ())
    assert verdict(found) == "The records are identical."


@pytest.mark.parametrize(("size", "noise", "beyond"), [(5e-5, None, 0), (2e-4, None, 80), (9e-3, NOISE, 40), (2e-2, NOISE, 80)])
def test_each_row_is_held_to_its_own_noise(size, noise, beyond):
    """One limit for all, ten times the 90 % quantile of the record's noise, hid 9·10⁻³ nats per update in rows that contract."""
    first, second = RECORD, changed(nudged(size), provenance={"noise": noise})
    for one, other in ((first, second), (second, first)):
        found = difference(one, other)
        gap = exponents_of(found)
        assert (gap.beyond, gap.shifted, found.beyond_noise) == (beyond, None, bool(beyond))
        assert gap.limits == pytest.approx((1e-4, 1e-2 if noise else 1e-4))
        assert gap.largest == pytest.approx(size)
        assert not found.settings


def test_a_row_that_amplifies_a_last_bit_tells_no_more_than_the_spread_over_rows():
    """A record whose noise was measured on rows that contract must not make false alarms of the others."""
    spread = GROWTH.copy()
    spread[::2, 15] -= 0.2 * RECORD.provenance.model.updates_per_segment * RECORD.segments
    first = changed(growth=spread)
    for size, beyond in ((0.25, 40), (0.35, 80)):
        moved = nudged(size)
        second = changed(growth=spread + np.array(moved.growth) - GROWTH)
        assert exponents_of(difference(first, second)).beyond == beyond


def test_rows_that_are_shifted_together_differ_though_each_is_within_its_noise():
    noisy = changed(provenance={"noise": NOISE})
    found = difference(noisy, nudged(9e-3, slice(40, 80), together=True))
    assert exponents_of(found).beyond == 0 and exponents_of(found).shifted < 1e-4 and found.beyond_noise
    assert verdict(found).startswith("The records differ: rows shifted together: exponents (p = ")
    few = difference(noisy, nudged(9e-3, slice(40, 50), together=True))
    assert exponents_of(few).shifted is None and not few.beyond_noise


def test_a_row_s_noise_is_what_its_own_path_makes_of_a_last_bit():
    """ε·exp(G), G the largest sum of the first exponents so far: what grew before it shrank counts."""
    growth = np.zeros((4, 3, 2))
    growth[:, :, 0] = [[2.0, -5.0, 1.0], [-1.0, -1.0, -1.0], [9.0, 1.0, 0.0], [np.nan, 0.0, 0.0]]
    record = synthetic_record(4, segments=3).replace(growth=growth)
    assert amplified(record) == pytest.approx(2.0**-23 * np.exp([2.0, 0.0, 10.0, np.inf]))
    assert np.isnan(amplified(record.replace(growth=growth[:, :, :0]))).all()
    limits = row_limits(record, record.replace(growth=growth[[1, 1, 1, 1]]))
    own = 100 * 2.0**-23 * np.exp([2.0, 0.0, 10.0])
    assert limits["displacement"][:2] == pytest.approx(own[:2]) and limits["halting"][:3] == pytest.approx(np.maximum(own, 1e-3))


def test_turned_outcomes_are_counted_by_direction():
    turned = np.zeros(80, bool)
    turned[np.flatnonzero(RECORD.solved)[:3]] = turned[np.flatnonzero(~RECORD.solved)[:2]] = True
    found = difference(RECORD, changed(solved=RECORD.solved ^ turned))
    assert (found.lost, found.gained, found.beyond_noise) == (3, 2, True)
    assert len(found.told) == 5 and verdict(found) == "The records differ: 5 outcomes turned."


def test_rows_are_matched_by_example_in_any_order():
    found = difference(RECORD.take(np.arange(60)), RECORD.take(np.arange(79, 39, -1)))
    assert (found.shared, found.only_first, found.only_second) == (20, 40, 20)
    assert not any(gap.beyond for gap in found.gaps) and found.beyond_noise


def test_settings_and_fingerprints_are_told_and_decide_nothing():
    provenance = {"batch": 7, "versions": {"torch": "1"}, "checkpoint_bytes": "f" * 64}
    found = difference(RECORD, changed(provenance=provenance))
    assert [(c.name, c.first, c.second) for c in found.settings] == [("batch", "32", "7"), ("versions.torch", "–", "1")]
    assert [c.name for c in found.fingerprints] == ["checkpoint_bytes"]
    assert not found.beyond_noise


def test_rollouts_of_other_lengths_share_no_quantity_fewer_exponents_do():
    short = synthetic_record(80, segments=8)
    assert difference(RECORD, short).incomparable == "rollouts of 16 and of 8 segments share no quantity"
    fewer = changed(growth=RECORD.growth[:, :, :3])
    found = difference(RECORD, fewer)
    assert not found.beyond_noise and len(found.gaps) == 3
    assert difference(RECORD, changed(example_id=RECORD.example_id + 1000)).incomparable == "the records share no example"


def test_text_reads_at_80_columns_and_foreign_text_is_inert():
    hostile = "\n".join(HOSTILE.values())
    found = difference(RECORD, changed(nudged(1.0), provenance={"commit": HOSTILE["terminal"], "device": HOSTILE["bidirectional"]}))
    text = render(found, first=HOSTILE["block"], second=hostile[:200])
    assert max(map(len, text.splitlines())) <= 80
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "[31m" in text and "\x1b[" in render(found, first="a", second="b", colour=True)


@pytest.mark.parametrize(("size", "code", "told"), [(0.0, 0, "identical"), (1e-6, 0, "agree within"), (0.1, 1, "80 in exponents")])
def test_command(tmp_path, size, code, told):
    write_record(RECORD, tmp_path / "a.parquet")
    write_record(nudged(size), tmp_path / "b.parquet")
    result = CliRunner().invoke(app, ["diff", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")], catch_exceptions=False)
    assert (result.exit_code, told in " ".join(result.stdout.split())) == (code, True)


def test_a_hostile_record_does_nothing_when_it_is_shown(tmp_path):
    model = RECORD.provenance.model.model_copy(update={"variant": HOSTILE["terminal"] + "[bold]b[/bold] [/]"})
    path = tmp_path / "[red]a\x1b[31m[.parquet"
    write_record(changed(provenance={"model": model}), path)
    shown = CliRunner().invoke(build(), ["show", str(path)], env={"COLUMNS": "80"}, catch_exceptions=False).stdout
    assert "[red]a" in shown and "[bold]b[/bold]" in shown
    assert all(c.isprintable() or c == "\n" for c in shown) and max(map(len, shown.splitlines())) <= 80
