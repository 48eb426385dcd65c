"""The tables of contradictions as they are drawn: what holds, with its interval, and which architecture a paper speaks of."""

import json
import math
from dataclasses import replace

from typer.testing import CliRunner

from unsettled.claims.audit.accounts import answers
from unsettled.fixtures.synthetic.ledgers import stand_in
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.reports.commands import app
from unsettled.reports.findings.accounts import account_grids, as_table, cell

RECORD = synthetic_record(300, accuracy=0.6, seed=11)


def test_a_cell_says_verdict_figure_and_whom_the_paper_speaks_of():
    found = answers([stand_in(record=RECORD, architecture="trm")])
    grids = account_grids(found)
    assert [grid.title.split("?")[0] for grid in grids][:2] == ["Does a failed run settle", "Is it trapped, for good or a long time"]
    trapped = next(a for a in found if a.side.claim == "failures.trapped")
    assert cell(trapped).endswith("(of the other architecture)") and "%" in cell(trapped)
    assert cell(next(a for a in found if a.side.claim == "gain.persistent")) == "not measured"
    assert all(len(row) == len(grid.head) for grid in grids for row in grid.rows)
    limits = {-math.inf: None, 0.25: 0.25, math.nan: None}
    for limit, shown in limits.items():  # a median of few has no limit on one side
        estimate = trapped.verdict.measured.estimate
        open_ended = replace(
            trapped,
            verdict=trapped.verdict.model_copy(
                update={"measured": trapped.verdict.measured.model_copy(update={"estimate": replace(estimate, low=limit)})}
            ),
        )
        assert as_table([open_ended])[0]["low"] == shown
    json.dumps(as_table(found), allow_nan=False)


def test_the_command_refuses_a_population_that_is_not_there(tmp_path):
    done = CliRunner().invoke(app, ["compare-accounts", "--references", str(tmp_path), "--population", "nobody"])
    assert done.exit_code != 0 and "no population 'nobody'" in str(done.exception)
