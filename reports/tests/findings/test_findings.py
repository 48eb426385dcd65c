"""The page of findings: every record in its table, the same puzzles side by side, foreign names as text."""

import numpy as np
import pytest
from typer.testing import CliRunner

from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record
from unsettled.reports.findings.commands import app
from unsettled.reports.findings.findings import all_records, grids, records_of
from unsettled.reports.findings.grid import Grid, render


@pytest.fixture
def references(tmp_path):
    record = synthetic_record(200, seed=1)
    folder = write_reference(tmp_path, record)
    (folder / "snapshots").mkdir()
    (folder / "variants").mkdir()
    (folder / "tried").mkdir()
    write_record(synthetic_record(50, accuracy=0.3, seed=3), folder / "tried" / "wider-step-50.parquet")
    for step, accuracy in ((50, 0.2), (200, 0.6)):
        write_record(synthetic_record(60, accuracy=accuracy, seed=step), folder / "snapshots" / f"step_{step}.parquet")
    flipped = record.take(np.arange(99, -1, -1))  # other order, half of the puzzles, ten other outcomes
    other = flipped.solved ^ (np.arange(100) < 10)
    measured = record.provenance.model_copy(update={"puzzles": 100})
    write_record(flipped.replace(solved=other, provenance=measured), folder / "variants" / "bfloat16.parquet")
    return tmp_path


class Nothing:
    populations, verdicts = (), ()


def test_snapshots_come_in_the_order_of_training_and_variants_on_the_same_puzzles(references):
    found = {grid.title: grid for grid in grids(Nothing, references, records_of(references))}
    (along,) = (grid for title, grid in found.items() if title.startswith("Along training"))
    assert [row[0] for row in along.rows] == ["step 50", "step 200", "shipped"]
    assert [row[1] for row in along.rows] == ["60", "60", "200"]
    (tried,) = (grid for title, grid in found.items() if title.startswith("Trained otherwise"))
    assert [row[:2] for row in tried.rows] == [("wider step 50", "50"), ("shipped", "200")]
    lengths = {name.split("/", 1)[-1]: len(record) for name, record in all_records(references).items()}
    assert lengths["tried/wider-step-50"] == 50 and lengths["step 50"] == 60
    (variant,) = (grid for title, grid in found.items() if "bfloat16" in title)
    assert "the same 100 puzzles" in variant.title
    assert "90 of 100" in variant.rows[-1][2]
    settling = found["Share of failures that settle, under other definitions of the band"]
    assert len(settling.head) == 2 + 6 and all("failures" in cell for cell in settling.rows[0][2:])


def test_a_record_without_exponents_says_so(references):
    folder = next(references.glob("*/record.parquet")).parent
    record = synthetic_record(60, seed=2, k=0)
    write_record(record, folder / "snapshots" / "step_50.parquet")
    (along,) = (g for g in grids(Nothing, references, records_of(references)) if g.title.startswith("Along"))
    assert along.rows[0].count("not measured") == 3


def test_names_are_text(references):
    page = render([Grid("<b>|x", ("a|b", "`c`"), (("[l](u)", "<img>"),))], "# Words")
    assert page.startswith("# Words\n") and "<b>" not in page and "<img>" not in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == 3


def test_without_its_words_the_command_is_one_line(tmp_path):
    result = CliRunner().invoke(app, ["--references", str(tmp_path)])
    assert isinstance(result.exception, UserError) and "words of the page" in str(result.exception)
