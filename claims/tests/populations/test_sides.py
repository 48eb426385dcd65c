"""Side records are found beside a record or its checkpoint, read when asked for, and refused when they are not its own."""

import numpy as np
import pytest

from unsettled.claims.catalogue import registry
from unsettled.claims.catalogue.parameters import Nothing
from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.populations.populations import discover
from unsettled.claims.populations.sides import find_side
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.audits import write_ledger
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.side import SideProvenance, SideRecord, read_side, write_side
from unsettled.measure.statistics.proportion import proportion

RECORD = synthetic_record(40, seed=3)


def side_of(record=RECORD, *, rows=slice(0, 20), kind="probing", **changes):
    """A side record of some of a record's puzzles."""
    kept = record.provenance
    about = {
        "kind": kind,
        "model": kept.model,
        "checkpoint_bytes": kept.checkpoint_bytes,
        "checkpoint_tensors": kept.checkpoint_tensors,
        "puzzles_digest": "0" * 64,
        "puzzles": 20,
        "settings": {"draws": 8},
        "versions": {},
    }
    columns = {"example_id": record.example_id[rows], "givens": record.givens[rows], "hit": np.arange(20, dtype=np.uint8) % 4 == 0}
    columns["hit"] = columns["hit"].astype(np.uint8)
    return SideRecord({**columns, **changes.pop("columns", {})}, SideProvenance(**{**about, **changes}))


@pytest.fixture
def probe(monkeypatch):
    """A statistic that needs a side record of the kind ``probing``."""
    monkeypatch.setattr(registry, "STATISTICS", dict(registry.STATISTICS))
    monkeypatch.setitem(registry.SIDE_KINDS, "probing", registry.SideKind("probing", "probes", "probe {checkpoint} {puzzles} {out}"))

    @registry.statistic("probe", Nothing, needs="probing")
    def probe(record, parameters, side):
        """Share of hits."""
        return proportion(int(side["hit"].sum()), len(side))


@pytest.fixture
def verdict(probe, tmp_path):
    """The verdict on a claim of 25 % hits about a record that lies in ``tmp_path``."""
    ledger = load_ledger(write_ledger(tmp_path / "my.toml", {"my.hits": ("share", "probe", "25%")}))
    write_record(RECORD, tmp_path / "mine.parquet")
    (tmp_path / "none").mkdir()

    def judged():
        inputs = Inputs(records={"my": tmp_path / "mine.parquet"}, references=tmp_path / "none", same_examples=frozenset({"my"}))
        (population,) = discover(inputs, ledger)
        return judge(ledger["my.hits"], population, ledger=ledger)

    return judged


def test_without_its_side_record_a_claim_is_unverifiable_and_names_the_command(verdict, tmp_path):
    found = verdict()
    assert found.outcome is Outcome.UNVERIFIABLE
    assert found.reason == f"this needs probes; get it with `probe CHECKPOINT PUZZLES {tmp_path}/mine.probing.parquet`"


@pytest.mark.parametrize("name", ["probing.parquet", "mine.probing.parquet"])
def test_a_side_record_beside_the_record_is_judged(verdict, tmp_path, name):
    write_side(side_of(), tmp_path / name)
    found = verdict()
    assert found.outcome is Outcome.REPRODUCED and found.measured.estimate.counts == {"successes": 5, "n": 20}


def test_the_records_own_side_record_comes_before_a_shared_one(verdict, tmp_path):
    write_side(side_of(columns={"hit": np.zeros(20, np.uint8)}), tmp_path / "probing.parquet")
    write_side(side_of(), tmp_path / "mine.probing.parquet")
    assert verdict().measured.estimate.value == 0.25


@pytest.mark.parametrize(
    ("side", "told"),
    [
        (side_of(checkpoint_tensors="1" * 64), "was measured on another checkpoint"),
        (side_of(columns={"example_id": np.arange(30, 50)}), "is of puzzles that are not in the record"),
        (side_of(columns={"givens": np.full(20, 3)}), "is of puzzles that are not in the record"),
        (side_of(kind="other"), "a side record of 'other', expected 'probing'"),
    ],
)
def test_what_belongs_to_another_record_is_refused(verdict, tmp_path, side, told):
    write_side(side, tmp_path / "probing.parquet")
    found = verdict()
    assert found.outcome is Outcome.UNVERIFIABLE and told in found.reason


def test_a_damaged_side_record_concerns_only_claims_that_need_it(verdict, tmp_path):
    (tmp_path / "probing.parquet").write_bytes(b"PAR1 but no more")
    found = verdict()  # the population was discovered all the same
    assert found.outcome is Outcome.UNVERIFIABLE and "not a readable Parquet file" in found.reason


def test_a_record_measured_elsewhere_finds_what_lies_beside_its_checkpoint(probe, tmp_path):
    write_side(side_of(), tmp_path / "probing.parquet")
    found = find_side("probing", record=RECORD, record_path=tmp_path / "new" / "r.parquet", checkpoint=tmp_path / "model.safetensors")
    assert len(found) == 20
    with pytest.raises(registry.MissingInput) as missing:
        find_side("probing", record=RECORD, checkpoint=tmp_path / "new" / "my model", puzzles=tmp_path / "p")
    assert missing.value.command == f"probe '{tmp_path}/new/my model' {tmp_path}/p {tmp_path}/new/probing.parquet"


def test_what_lies_beside_a_checkpoint_that_other_populations_share_is_passed_over_where_it_is_of_other_puzzles(probe, tmp_path):
    write_side(side_of(columns={"example_id": np.arange(30, 50)}), tmp_path / "probing.parquet")
    with pytest.raises(registry.MissingInput) as missing:
        find_side("probing", record=RECORD, record_path=tmp_path / "hard" / "r.parquet", checkpoint=tmp_path / "model.safetensors")
    assert missing.value.command.endswith(f" {tmp_path}/hard/probing.parquet")  # what lies there of the others is not written over


def test_a_kind_is_declared_once_and_before_it_is_needed(probe):
    with pytest.raises(ValueError, match="declared twice"):
        registry.side_kind("probing", words="probes", command="probe")
    with pytest.raises(KeyError, match="nothing of the kind"):

        @registry.statistic("other", Nothing, needs="nothing of the kind")
        def other(record, parameters, side):
            """Never registered."""


def test_a_side_record_survives_writing_and_equal_ones_are_equal_bytes(tmp_path):
    floats = np.random.default_rng(0).normal(size=(20, 3, 5)).astype(np.float32)
    side = side_of(columns={"floats": floats, "whole": np.arange(100, dtype=np.int16).reshape(20, 5)})
    for name in ("a", "b"):
        write_side(side, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = read_side(tmp_path / "a", kind="probing")
    assert again.digest() == side.digest() and again["floats"].dtype == np.float32
    with pytest.raises(UserError, match="has no column 'boards'"):
        again["boards"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"hit": np.zeros(19, np.uint8)}, "shape"),
        ({"hit": np.zeros(20, bool)}, "uint8 for yes and no"),
        ({"hit": np.array(["a"] * 20)}, "expected integers or floats"),
    ],
)
def test_a_malformed_side_record_is_refused(columns, told):
    with pytest.raises(UserError, match=told):
        side_of(columns=columns)
