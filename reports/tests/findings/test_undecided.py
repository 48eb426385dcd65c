"""The tables of inconclusive verdicts: each stands there once, with what the audit says would decide it, counted by what is lacking."""

from pathlib import Path

import pytest

from unsettled.claims.audit.explained import Explained
from unsettled.claims.explanation import turning
from unsettled.claims.explanation.facts import Fact
from unsettled.reports.findings.undecided import LACKING, lacking, undecided


def test_each_inconclusive_verdict_stands_there_once_and_no_other(make_audit, make_verdict):
    few = make_verdict("UNDERPOWERED", claim="a.few")
    lines = make_verdict("UNDERPOWERED", claim="b.lines")
    told = {
        "a.few@reference.trm": "about n = 40 in place of 20 would decide it",
        "b.lines@reference.trm": "a narrower range of lines: 1% to 9%",
    }
    explained = {key: Explained(facts=(Fact("question", "transfer"), Fact("would change it", text))) for key, text in told.items()}
    counts, table = undecided(make_audit([few, make_verdict(claim="c.decided"), lines], explained=explained))
    assert [(row[0], row[1], row[3]) for row in table.rows] == [(*key.split("@"), text) for key, text in told.items()]
    assert sorted(counts.rows) == [("puzzles", "1"), ("two modes of late displacement", "1")]


def test_what_is_not_told_is_not_called_a_small_sample():
    assert lacking([]) == lacking(["something else"]) == "not explained"


@pytest.mark.parametrize("start", [start for start, _ in LACKING])
def test_sentences_are_told_apart_by_words_that_the_explanation_uses(start):
    assert f'"{start}' in Path(turning.__file__).read_text(encoding="utf-8")
