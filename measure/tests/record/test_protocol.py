"""The protocol card: what it says of a record, which lines tell two records apart, and how these are refused or allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unsettled.measure.errors import UserError
from unsettled.measure.record.protocol import LINES, alike, protocol, unlike, unrecorded
from unsettled.measure.record.provenance import Imported
from unsettled.measure.record.record import Record
from unsettled.measure.record.synthetic import synthetic_record

RECORD = synthetic_record(40, segments=8, k=1)
IMPORTED = Imported(source="what an evaluation wrote", files={}, absent=[], last_segment=[])


def with_provenance(**changes: Any) -> Record:
    return RECORD.replace(provenance=RECORD.provenance.model_copy(update=changes))


def test_the_card_says_under_which_conditions_a_record_was_measured():
    card = {line.name: line.shown for line in protocol(with_provenance(weights="ema"))}
    assert tuple(card) == LINES
    assert card["depth"] == "8 segments" and card["compute"] == "168 updates an example (21 a segment)"
    assert card["weights"] == "averaged (EMA)" and card["examples"].startswith("sudoku, 40 examples")
    assert "raw" not in {line.shown for line in protocol(RECORD)}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"dtype": "float64"}, "dtype"),
        ({"puzzles_digest": "1" * 64}, "examples"),
        ({"by_rule": True}, "examples"),
        ({"model": RECORD.provenance.model.model_copy(update={"updates_per_segment": 6})}, "compute"),
    ],
)
def test_each_line_tells_two_records_apart_and_is_named(changes, line):
    other = with_provenance(**changes)
    with pytest.raises(UserError, match=f"unlike in {line}: .*--unlike {line}"):
        alike(RECORD, other)
    assert [one.line for one in alike(RECORD, other, allowed=[line])] == [line]


def test_depth_augmentation_and_weights_too():
    deeper = synthetic_record(40, segments=10, k=1)
    assert {one.line for one in unlike(RECORD, deeper)} == {"depth", "compute"}
    grouped = RECORD.replace(group=np.arange(40, dtype=np.int64) // 4)
    assert [str(one) for one in unlike(RECORD, grouped)] == [
        "augmentation: none: no two examples are of one group; against 40 examples of 10 groups"
    ]
    assert [one.line for one in unlike(with_provenance(weights="ema"), with_provenance(weights="raw"))] == ["weights"]


def test_what_is_not_recorded_is_told_and_refuses_nothing():
    imported = with_provenance(imported=IMPORTED)
    assert not unlike(RECORD, imported) and unrecorded(RECORD, imported) == ["halting"]
    assert unrecorded(RECORD, RECORD) == [] and unrecorded(RECORD, with_provenance(weights="ema")) == ["weights"]


def test_a_line_that_does_not_exist_is_refused():
    with pytest.raises(UserError, match="'batch' is not a line of the protocol"):
        alike(RECORD, RECORD, allowed=["batch"])
