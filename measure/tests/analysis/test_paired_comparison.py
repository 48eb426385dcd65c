"""Two records compared by example: figures by hand, groups, imported records, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t
from typer.testing import CliRunner

from unsettled.measure.analysis.paired_comparison import PairedComparison, as_table, paired_comparison
from unsettled.measure.commands.records import app
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.provenance import Imported
from unsettled.measure.record.record import Record, lacking_column
from unsettled.measure.record.synthetic import synthetic_record
from unsettled.measure.statistics.auc import auc
from unsettled.measure.statistics.paired import detectable_change

FIRST = synthetic_record(120, segments=6, k=1)
SECOND = FIRST.replace(
    growth=FIRST.growth - 0.42,
    solved=FIRST.solved ^ (np.arange(120) < 9),
    displacement_H=FIRST.displacement_H * 10,
    example_id=FIRST.example_id,
)


def rows(found: PairedComparison) -> dict[tuple[str, str], tuple[float, float]]:
    return {(c.name, c.among): (c.difference.value, c.p_value) for c in found.contrasts}


def test_each_figure_is_the_difference_it_is_said_to_be():
    found = paired_comparison(FIRST, SECOND)
    by = rows(found)
    turned = FIRST.solved[:9].sum()
    assert by["accuracy", "all"][0] == pytest.approx((2 * turned - 9) / 120)
    assert by["λ₁", "all"] == (pytest.approx(0.02), pytest.approx(by["λ₁", "all"][1]))
    assert by["late displacement", "solved by both"][0] == pytest.approx(-1)
    areas = [auc(r.exponents(unit="update")[:, 0], ~r.solved).value for r in (FIRST, SECOND)]
    assert by["AUC of λ₁", "failed, by each"][0] == pytest.approx(areas[0] - areas[1])
    assert all(c.p_adjusted >= c.p_value for c in found.contrasts)
    assert found.contrasts[0].detectable == detectable_change(9, 120)  # 9 outcomes turned
    shifted = found.contrasts[2]
    assert shifted.detectable == pytest.approx(2.8016 * shifted.difference.error, rel=1e-3)


@pytest.mark.parametrize(("groups", "told"), [(20, True), (5, False)])
def test_of_few_groups_no_difference_of_accuracies_is_detectable_and_areas_take_students_t(groups, told):
    grouped = [record.replace(group=np.arange(120, dtype=np.int64) % groups) for record in (FIRST, SECOND)]
    accuracy, area = paired_comparison(*grouped).contrasts[:2]
    assert (accuracy.detectable is not None) == told
    both = t.isf(0.025, groups - 1) + t.isf(0.2, groups - 1)
    assert area.detectable == pytest.approx(both * area.difference.error)


def test_a_network_that_is_the_same_differs_in_nothing():
    found = paired_comparison(FIRST, FIRST)
    assert (
        all(c.difference.value == 0 for c in found.contrasts)
        and min(c.p_adjusted for c in found.contrasts if c.p_adjusted == c.p_adjusted) == 1
    )


def test_examples_of_one_group_count_once():
    grouped = [record.replace(group=np.arange(120, dtype=np.int64) // 6) for record in (FIRST, SECOND)]
    found, alone = paired_comparison(*grouped), paired_comparison(FIRST, SECOND)
    assert found.clusters == 20
    for one, other in zip(found.contrasts[:2], alone.contrasts[:2], strict=True):
        assert one.difference.high - one.difference.low >= other.difference.high - other.difference.low
    assert any("20 independent groups" in note for note in as_table(found).notes)


def imported(record: Record) -> Record:
    """The record as it would be if an evaluation had written its last segment."""
    source = Imported(source="what an evaluation wrote", files={}, absent=["growth"], last_segment=["halting_logit"])
    about = record.provenance.model_copy(update={"imported": source, "exponents": 0})
    last = {"solved_at": record.solved, "halting_logit": record.halting_logit[:, -1]}
    known = {name: getattr(record, name) for name in ("example_id", "givens", "rating", "solved", "token_accuracy")}
    lacking = ("solved_at", "displacement_H", "displacement_L", "norm_H", "norm_L", "halting_logit", "conflicts", "growth")
    return Record(**known, **{n: lacking_column(n, len(record), about, last=last.get(n)) for n in lacking}, provenance=about)


def test_an_imported_record_is_compared_in_what_it_holds():
    found = paired_comparison(imported(FIRST), SECOND)
    assert [c.name for c in found.contrasts] == ["accuracy", "AUC of confidence", "confidence", "confidence", "confidence"]
    assert len(found.absent) == 2 and "no exponents" in found.absent[0] and found.unrecorded == ("halting",)


def test_unlike_records_are_refused_and_compared_if_asked(tmp_path: Path):
    write_record(FIRST, tmp_path / "a.parquet")
    write_record(SECOND.replace(provenance=FIRST.provenance.model_copy(update={"dtype": "bfloat16"})), tmp_path / "b.parquet")
    arguments = ["compare", str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    refused = CliRunner().invoke(app, arguments)
    assert isinstance(refused.exception, UserError) and "unlike in dtype: float32; against bfloat16" in str(refused.exception)
    told = CliRunner().invoke(app, [*arguments, "--unlike", "dtype"])
    assert told.exit_code == 0 and "UNLIKE, compared as asked: dtype: float32; against bfloat16" in told.output
    plain = json.loads(CliRunner().invoke(app, [*arguments, "--unlike", "dtype", "--json"]).output)
    assert plain["contrasts"][0]["name"] == "accuracy" and plain["unlike"][0]["line"] == "dtype"
    shown = CliRunner().invoke(app, ["show", str(tmp_path / "b.parquet")])
    assert "protocol" in shown.output and "bfloat16" in shown.output


def test_without_shared_examples_there_are_no_pairs():
    with pytest.raises(UserError, match="share no example"):
        paired_comparison(FIRST, FIRST.replace(example_id=FIRST.example_id + 1000))
