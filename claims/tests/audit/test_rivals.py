"""Other papers beside the audited one: judged on the same networks, told by every reader, and knowing nothing of the paper's own."""

from types import SimpleNamespace

import pytest

from unsettled.claims import session
from unsettled.claims.audit.rivals import RivalVerdict, judged_here, rivals, told
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.populations.inputs import read_inputs
from unsettled.measure.record.parquet import write_record
from unsettled.reports.html.page import render as page
from unsettled.reports.text.markdown import render as markdown
from unsettled.reports.text.overview import overview


@pytest.fixture
def run(references, records, tmp_path):
    write_record(records["trm"], tmp_path / "mine.parquet")
    inputs = read_inputs(records=[f"paper.trm={tmp_path / 'mine.parquet'}"], references=references)
    return Run(Settings(seed=0, inputs=inputs, rivals=True))


def test_each_other_paper_is_judged_on_the_networks_and_not_on_what_the_audited_one_measured(run):
    runs = rivals(run)
    assert list(runs) == ["dissecting-hrm", "efstathiou-balwani", "krishna", "ren-liu"]
    for rival in runs.values():
        kinds = {rival.pairs[key][1].kind for key in judged_here(rival)}
        assert kinds == {"reference"} and rival.policy.name == "draft"
        assert "paper.trm" not in {population.name for population in rival.populations}


def test_what_is_found_is_told_in_the_order_of_the_ledger_and_by_every_reader(run, make_audit, make_verdict):
    runs = rivals(run)
    keys = judged_here(runs["ren-liu"])[:3]
    found = [RivalVerdict(paper="ren-liu", verdict=runs["ren-liu"].judge(key)) for key in reversed(keys)]
    (rival,) = told(runs, found)
    assert [verdict.key for verdict in rival.verdicts] == keys
    assert rival.waiting == len(runs["ren-liu"].pairs) - len(judged_here(runs["ren-liu"])) > 0
    audit = make_audit([make_verdict()], rivals=(rival,))
    assert any("ren-liu" in str(part) for part in overview(audit, 80))
    assert "Other papers" in markdown(audit) and 'class="rival"' in page(audit)
    alone = make_audit([make_verdict()])
    assert "Other papers" not in markdown(alone) + page(alone) and 'class="rival"' not in page(alone)


def test_where_one_ledger_was_asked_for_no_other_is_judged(run):
    alone = Run(Settings(seed=0, inputs=run.settings.inputs))
    config = SimpleNamespace(stash=pytest.Stash())
    config.stash[session.RUN] = alone
    assert session.rivals_of(config) == {}
