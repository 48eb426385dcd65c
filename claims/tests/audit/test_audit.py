"""An audit survives its file, holds no NaN, and is written whole or not at all."""

import json
import math

import pytest

from unsettled.claims.audit.audit import count, read_audit, write_audit
from unsettled.claims.audit.entries import PopulationEntry
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.populations.populations import discover
from unsettled.claims.verdict import Measurement
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.estimate import Estimate


def test_audit_survives_its_file(make_audit, make_verdict, tmp_path):
    audit = make_audit([make_verdict(), make_verdict("UNVERIFIABLE", population="paper.trm", measured=None, command="x")])
    write_audit(audit, tmp_path / "audit.json")
    assert read_audit(tmp_path / "audit.json") == audit
    assert [p.name for p in tmp_path.iterdir()] == ["audit.json"]


def test_figures_that_are_none_are_null(make_audit, make_verdict, tmp_path):
    odd = Measurement(estimate=Estimate(value=math.nan, low=-math.inf, high=1.0, n=3, extra={"skew": math.nan}))
    write_audit(make_audit([make_verdict(measured=odd)]), tmp_path / "audit.json")

    def refuse(constant):
        raise AssertionError(f"{constant} in the audit")

    found = json.loads((tmp_path / "audit.json").read_text(), parse_constant=refuse)["verdicts"][0]["measured"]["estimate"]
    assert (found["value"], found["low"], found["high"], found["extra"]) == (None, None, 1.0, {"skew": None})


def test_equal_audits_are_equal_bytes(make_audit, make_verdict, tmp_path):
    for name in ("one", "two"):
        write_audit(make_audit([make_verdict()]), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_counts_name_all_ten_outcomes(make_verdict):
    counts = count((make_verdict(), make_verdict(), make_verdict("REFUTED")))
    assert len(counts) == 10
    assert (counts["TRANSFERS"], counts["REFUTED"], counts["DRIFTED"]) == (2, 1, 0)


def test_only_decided_verdicts_decide(make_audit, make_verdict):
    outcomes = ["UNVERIFIABLE", "UNDERPOWERED", "ERROR", "DOES_NOT_TRANSFER", "REFUTED"]
    assert make_audit([make_verdict(o) for o in outcomes]).decided == 2


def test_population_entry_tells_what_was_measured(references, records):
    by_name = {p.name: PopulationEntry.of(p) for p in discover(Inputs(references=references), load_ledger())}
    entry, absent = by_name["reference.trm"], by_name["paper.trm"]
    assert entry.rows == 400
    assert entry.fingerprints["record"] == records["trm"].digest()
    assert entry.measurement["model"]["updates_per_segment"] == 21
    assert (absent.rows, absent.fingerprints, absent.measurement) == (0, {}, {})
    assert absent.missing and absent.command


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no such audit"),
        ("{", "not an audit"),
        ("[]", "not an audit"),
        ('{"schema_version": 2}', "tool: Field required"),
        ("\xff", "not UTF-8 text"),
    ],
)
def test_bad_file_is_refused_in_one_line(text, told, tmp_path):
    path = tmp_path / "audit.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError) as error:
        read_audit(path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_audit_of_another_schema_is_refused(make_audit, make_verdict, tmp_path):
    path = tmp_path / "audit.json"
    write_audit(make_audit([make_verdict()]), path)
    path.write_text(path.read_text().replace('"schema_version": 2', '"schema_version": 99', 1))
    with pytest.raises(UserError, match="schema version 99"):
        read_audit(path)


def test_unwritable_place_leaves_nothing(make_audit, make_verdict, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write the audit"):
        write_audit(make_audit([make_verdict()]), tmp_path / "file" / "audit.json")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
