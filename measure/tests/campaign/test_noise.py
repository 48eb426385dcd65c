"""The noise of a record is measured: rounding apart from the choice of the tangent start."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign import noise
from unsettled.measure.campaign.noise import FLOOR_PASSES, TANGENT_SEEDS, measure_floor, rows_of
from unsettled.measure.campaign.run import measure_rows
from unsettled.measure.campaign.verify import verify_rows
from unsettled.measure.commands.records import app
from unsettled.measure.errors import UserError
from unsettled.measure.record.compare import tolerances
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.provenance import TangentStarts
from unsettled.measure.tasks.read import write_parquet

SETTINGS = {"k": 2, "segments": 4, "batch": 4}


def test_the_floor_counts_rows_alternates_and_flips(calm, puzzles, calm_record):
    done: list[int] = []
    floor = measure_floor(calm, puzzles, calm_record, advance=done.append)
    assert floor.rows == 12 and sum(done) == FLOOR_PASSES * 12
    assert floor.alternates == ["batch 2", "last-bit start 1", "last-bit start 2", "float64"]
    assert 0 <= floor.quantiles["exponents"]["median"] <= floor.quantiles["exponents"]["largest"] < 1e-4
    flipped = calm_record.replace(solved=~calm_record.solved)
    assert measure_floor(calm, puzzles, flipped).label_flips == 48


def test_other_tangent_starts_are_kept_apart_from_rounding(calm, puzzles, calm_record):
    """Over four segments the start is not forgotten: a thousand times rounding, and it must not widen the tolerances."""
    floor = measure_floor(calm, puzzles, calm_record)
    starts = floor.tangent_starts
    assert len(starts.shared) == calm_record.k and starts.seeds == TANGENT_SEEDS
    assert len(starts.own) == calm_record.k
    assert starts.own[0]["median"] > 1000 * floor.quantiles["exponents"]["largest"] > 0
    noisy = calm_record.replace(provenance=calm_record.provenance.model_copy(update={"noise": floor}))
    assert tolerances(noisy)["exponents"] < starts.own[0]["median"]
    plain = measure_rows(calm, puzzles, **{**SETTINGS, "k": 0})
    assert measure_floor(calm, puzzles, plain).tangent_starts is None


def test_a_common_change_is_told_from_each_rows_own(calm, puzzles, calm_record, monkeypatch):
    moved = {1: 0.3, 2: -0.3, 3: 0.3, 4: -0.3}

    def remeasured(checkpoint, puzzles, record, *, seed, advance):
        return record.replace(growth=record.growth + moved[seed] * record.provenance.model.updates_per_segment)

    monkeypatch.setattr(noise, "remeasure", remeasured)
    starts = noise._tangent_starts(calm, puzzles, calm_record, lambda rows: None)
    assert starts.shared == pytest.approx([0.3, 0.3]) and max(own["largest"] for own in starts.own) < 1e-9


def test_what_one_exponent_moves_is_not_laid_on_another(calm, puzzles, calm_record, monkeypatch):
    def remeasured(checkpoint, puzzles, record, *, seed, advance):
        change = np.zeros_like(record.growth)
        change[::2, :, 1] = record.provenance.model.updates_per_segment  # one nat per update in every other row
        return record.replace(growth=record.growth + change)

    monkeypatch.setattr(noise, "remeasure", remeasured)
    first, second = noise._tangent_starts(calm, puzzles, calm_record, lambda rows: None).own
    assert first["largest"] < 1e-9 and second["median"] == pytest.approx(0.5)


def test_an_older_record_bounds_every_exponent_by_the_largest():
    quantiles = {"median": 0.02, "q90": 0.03, "q99": 0.04, "largest": 0.05}
    older = {"seeds": 4, "shared": [0.01, 0.02, 0.03], "own": quantiles}
    assert TangentStarts.model_validate(older).own == [quantiles] * 3


def test_the_float64_of_a_float64_record_is_float32(calm, puzzles):
    record = measure_rows(calm, puzzles.take(slice(0, 4)), **SETTINGS, dtype="float64")
    assert measure_floor(calm, puzzles, record).alternates[-1] == "float32"


def test_another_checkpoint_or_other_puzzles_are_refused(calm, puzzles, calm_record, tmp_path):
    other = tiny_checkpoint(tmp_path, "trm_mlp", seed=1)
    with pytest.raises(UserError, match="another checkpoint"):
        verify_rows(other, puzzles, calm_record)
    with pytest.raises(UserError, match="example 0 of the record is not in the puzzle set"):
        rows_of(puzzles.take(np.arange(1, 12)), calm_record)


def test_the_command_writes_the_noise_into_a_record_and_changes_nothing_else(calm, puzzles, calm_record, tmp_path):

    path = tmp_path / "record.parquet"
    write_record(calm_record, path)
    write_parquet(puzzles, tmp_path / "puzzles.parquet")
    arguments = ["noise", str(path), str(calm.path.parent), str(tmp_path / "puzzles.parquet"), "--rows", "3"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    written = read_record(path)
    assert written.provenance.noise.rows == 3 and written.provenance.noise.tangent_starts.seeds == TANGENT_SEEDS
    back = written.replace(provenance=calm_record.provenance)
    assert back.digest() == calm_record.digest()
    other = tiny_checkpoint(tmp_path / "other", "trm_mlp", seed=1)
    refused = CliRunner().invoke(app, ["noise", str(path), str(other.path.parent), *arguments[3:]])
    assert isinstance(refused.exception, UserError) and read_record(path).digest() == written.digest()
