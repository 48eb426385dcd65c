"""A record in parts, read as it is used, is judged as the same record in one file and in memory: digit for digit."""

from __future__ import annotations

import numpy as np
import pytest

from unsettled.claims.audit.placebos import PLACEBOS
from unsettled.claims.catalogue.early import EarlyTogether
from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.foreseen import look_ahead
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record
from unsettled.measure.columns import streamed
from unsettled.measure.columns.streamed import StreamedColumn
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.parts import split
from unsettled.measure.record.record import held


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """The same record of dependent examples: one file in memory, and parts on disk."""
    folder = tmp_path_factory.mktemp("records")
    record = synthetic_record(900, accuracy=0.55, k=1, facts=HRM_FACTS, seed=4)
    write_record(record.replace(group=np.arange(900) // 2), folder / "one.parquet")
    split(folder / "one.parquet", folder / "parts", rows=250)
    return read_record(folder / "one.parquet"), read_record(folder / "parts", in_memory=0)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(streamed, "PIECE_ROWS", 97)
    monkeypatch.setattr(streamed, "TAKEN_BYTES", 0)
    monkeypatch.setattr(streamed, "REMEMBERED_BYTES", 20_000)


def test_verdicts_agree_digit_for_digit(pair):
    ledger, compared = load_ledger(), 0
    whole, parts = (Population(name="big.hrm", kind="user", architecture="hrm", record=record) for record in pair)
    assert isinstance(parts.record.growth, StreamedColumn) and isinstance(parts.record.independent().growth, StreamedColumn)
    for claim in ledger.claims:
        if ledger.concerns(claim, "big.hrm", "hrm"):
            one, other = (judge(claim, population, ledger=ledger) for population in (whole, parts))
            assert other.model_dump_json() == one.model_dump_json(), claim.id
            compared += one.measured is not None
    assert compared > 15


def test_what_claims_will_ask_is_read_with_the_digest(tmp_path, monkeypatch):
    monkeypatch.setattr(streamed, "REMEMBERED_BYTES", 1 << 20)
    write_record(synthetic_record(900, accuracy=0.55, k=1, facts=HRM_FACTS, seed=4), tmp_path / "r")
    whole, large = (read_record(tmp_path / "r", in_memory=most) for most in (1 << 28, 0))
    whole, large = (Population(name="big.hrm", kind="user", architecture="hrm", record=record) for record in (whole, large))
    ledger, read, pieces = load_ledger(), [], streamed.ColumnFile.pieces
    claims = [claim for claim in ledger.claims if ledger.concerns(claim, "big.hrm", "hrm")]
    look_ahead(claims, large, ledger)
    monkeypatch.setattr(streamed.ColumnFile, "pieces", lambda self, names: read.extend(names) or pieces(self, names))
    early = [claim for claim in claims if claim.statistic in ("early_auc", "retrospective_gain")]
    for claim in early:
        one, other = (judge(claim, population, ledger=ledger) for population in (whole, large))
        assert other.model_dump_json() == one.model_dump_json(), claim.id
    assert large.record.digest() == whole.record.digest() and len(early) > 1
    assert set(read) <= {"group"}


def test_all_early_scores_together_hold_the_first_segments_alone(tmp_path, monkeypatch):
    write_record(synthetic_record(300, segments=12, k=2, seed=1), tmp_path / "r")
    read, whole = [], streamed.ColumnFile.read
    monkeypatch.setattr(streamed.ColumnFile, "read", lambda self, column: read.append(column) or whole(self, column))
    one, other = (
        lookup("early_auc_together").on(record, EarlyTogether(horizon=3))
        for record in (read_record(tmp_path / "r", in_memory=most) for most in (1 << 28, 0))
    )
    assert one.defined and vars(one) == vars(other)
    assert read and all(column.ndim == 1 or column.dtype == bool or column.shape[1] <= 3 for column in read)


@pytest.mark.parametrize("name", PLACEBOS)
def test_placebos_agree_to_the_last_bit(pair, name):
    one, other = (PLACEBOS[name](record) for record in pair)
    for column in held(one):
        np.testing.assert_array_equal(np.asarray(getattr(other, column)), np.asarray(getattr(one, column)), err_msg=column)
    np.testing.assert_array_equal(other.late_displacement(), one.late_displacement())


def test_a_step_of_a_placebo_is_drawn_in_order(pair):
    """As one draw of the whole: numpy's uniform numbers take one draw each."""
    record, norm = PLACEBOS["every run moving"](pair[0]), pair[0].norm()
    drawn = 1.2 * np.random.default_rng(20_240_002).uniform(0.95, 1.05, norm.shape) * float(np.median(norm))
    np.testing.assert_array_equal(record.displacement(), drawn)
