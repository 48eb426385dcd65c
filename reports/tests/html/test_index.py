"""The page that leads to the pages of several papers: a row each with its counts, a link that holds, and nothing of a title that acts."""

import re
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import unquote

import pytest

from unsettled.claims.asked import report_of
from unsettled.claims.audit.audit import write_audit
from unsettled.reports.html.index import render_index
from unsettled.reports.plugin import REPORTS, pytest_unsettled_audits


class Table(HTMLParser):
    """The cells of a page by row, and where its links lead."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.links, self.tags = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag == "a":
            self.links.append(unquote(dict(attributes)["href"]))

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


@pytest.fixture
def audits(make_audit, make_verdict):
    def titled(audit, title):
        return audit.model_copy(update={"ledger": audit.ledger.model_copy(update={"title": title})})

    refuted = [make_verdict(claim=f"a.{n}", outcome=outcome) for n, outcome in enumerate(("REFUTED", "REFUTED", "UNDERPOWERED"))]
    return titled(make_audit([make_verdict()]), "One <script>alert(1)</script> paper"), titled(make_audit(refuted), "Another")


def test_each_paper_has_a_row_with_its_counts_and_a_link_to_its_page(tmp_path, audits, capsys):
    files = {"paper": tmp_path / "audit.json", "ren-liu": tmp_path / "audit-ren-liu.json"}
    for audit, path in zip(audits, files.values(), strict=True):
        write_audit(audit, path)
    asked = [tmp_path / "all papers.html", tmp_path / "all.md"]
    pytest_unsettled_audits(SimpleNamespace(stash={REPORTS: asked}), files)
    assert capsys.readouterr().out == "index all papers.html\n" and not asked[1].exists()
    text = asked[0].read_text()
    table = Table(text)
    assert table.rows[0] == ["paper", "verdicts", "TRANSFERS", "REFUTED", "INCONCLUSIVE"]
    assert table.rows[1] == ["One <script>alert(1)</script> paper", "1", "1", "0", "0"]
    assert table.rows[3] == ["Another", "3", "0", "2", "1"] and "2 failed on the paper's own" in table.rows[4][0]
    assert table.links == [report_of(asked[0], name).name for name in files] == ["all papers-paper.html", "all papers-ren-liu.html"]
    assert "script" not in table.tags and "script-src" not in re.search('Security-Policy" content="([^"]*)"', text)[1]
    assert text == render_index({report_of(asked[0], name).name: audit for name, audit in zip(files, audits, strict=True)})
