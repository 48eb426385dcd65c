"""The page of findings on levers and failures: every budget in its column, every reference in its place, pictures beside the draws."""

import numpy as np
import pytest

from unsettled.fixtures.synthetic.draws import synthetic_draws
from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.record.side import write_side
from unsettled.reports.findings.policies import compared, draw_pictures, failure_grids, lever_grids


@pytest.fixture
def references(tmp_path):
    record = synthetic_record(200, seed=1)
    folder = write_reference(tmp_path, record)
    write_side(synthetic_draws(60, chance=0.4, omen=2.0, record=record), folder / "restarts.parquet")
    write_side(long_record(200, starts=2, checkpoint=record.provenance.checkpoint_tensors), folder / "long.parquet")
    return tmp_path


def test_policies_stand_at_the_budget_that_they_use_and_what_sees_labels_is_named(references):
    against, symmetry, random = lever_grids(compared(references))
    assert {row[1] for row in against.rows} == {"symmetry", "random"} and all(row[2] == "60" for row in against.rows)
    assert symmetry.head[2:] == tuple(f"{factor} × 16 segments" for factor in (1, 2, 4, 8, 16)) and "60 puzzles" in symmetry.title
    assert "random starts" in random.title
    rows = {row[:2]: row[2:] for row in symmetry.rows}
    oracle = [float(cell.split()[0]) for cell in rows["symmetry restarts", "oracle (with labels)"] if cell]
    halting = [float(cell.split()[0]) for cell in rows["symmetry restarts", "halting"] if cell]
    assert oracle == sorted(oracle) and all(best >= found for best, found in zip(oracle, halting, strict=True))
    assert oracle[-1] > 0.9 and oracle[0] < 0.6  # eight independent draws, right with .4 each
    assert rows["one long rollout", "first"][2:] == ("", "", "")  # the table ends at 32 segments


def test_figures_of_references_stand_side_by_side_and_labels_below_each_other(references):
    second = references / "another"
    (first,) = (path for path in references.iterdir() if path != second)
    second.mkdir()
    for name in ("record.parquet", "long.parquet"):
        (second / name).write_bytes((first / name).read_bytes())
    found = {grid.title.split(",")[0]: grid for grid in failure_grids(references)}
    confident = found["Confident failures"]
    assert confident.head == ("failures that are", *sorted((first.name, "another")))
    assert all(row[1] == row[2] for row in confident.rows)
    continued = [row for row in confident.rows if row[0].startswith("…")]
    assert len(continued) == 2  # each goes on from another threshold
    labels = found["Labels of failed runs"]
    assert [row[0] for row in labels.rows].count("another") == len(labels.rows) / 2 and "wandering" in labels.head
    wandering = [float(row[labels.head.index("wandering")].split()[0]) for row in labels.rows]
    assert np.mean(wandering) > 50  # three of four wander in what was made up


def test_a_picture_lies_beside_every_table_of_draws(references):
    (picture,) = draw_pictures(compared(references))
    assert picture.parent.joinpath("restarts.parquet").is_file() and picture.read_bytes().startswith(b"\x89PNG")


def test_without_side_records_there_is_nothing_to_tell(tmp_path):
    assert [*lever_grids(compared(tmp_path)), *failure_grids(tmp_path), *draw_pictures(compared(tmp_path))] == []
