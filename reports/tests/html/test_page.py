"""The page without a browser: what stands on it, that foreign text stays text, that it is small and the same every time."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from unsettled.claims.audit.audit import as_json, read_audit, write_audit
from unsettled.claims.audit.explained import Explained
from unsettled.claims.audit.pictures import Board, Boards, Pictured, pictures_of
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.audit.summary import audit_of
from unsettled.claims.digits.arithmetic import Row as Digits
from unsettled.claims.explanation.facts import Fact
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.populations.populations import Population
from unsettled.claims.verdict import Measurement, Outcome
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.portrait import portrait_of
from unsettled.measure.columns.absent import AbsentColumn
from unsettled.measure.record.parquet import write_record
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.text import harmless
from unsettled.reports.claim_grid import MARKS
from unsettled.reports.html.page import SHOWN, embedded, read, render, unpacked
from unsettled.reports.renderings import renderer_of


class Page(HTMLParser):
    """Elements, attributes and text of a page, as a parser that knows scripts sees them."""

    VOID: ClassVar = {"meta", "input", "br", "wbr", "hr", "img", "link"}
    UNENDED: ClassVar = {"td", "tr", "th", "dt", "dd"}  # their end tags may be left out

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: list[str] = []
        self.raw: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, name, attributes):
        self.tags[name] += 1
        self.attributes += [(name, key, value) for key, value in attributes]
        if name not in self.VOID | self.UNENDED:
            self.open.append(name)
            if name == "script":
                self.open[-1] = f"script#{dict(attributes).get('id', '')}"

    def handle_startendtag(self, name, attributes):
        self.tags[name] += 1
        self.attributes += [(name, key, value) for key, value in attributes]

    def handle_endtag(self, name):
        assert self.open and self.open.pop().split("#")[0] == name, f"</{name}> closes something else"

    def handle_data(self, data):
        if self.open and self.open[-1].startswith(("script", "style")):
            self.raw[self.open[-1]] = self.raw.get(self.open[-1], "") + data
        else:
            self.text.append(data)


def words(page: Page) -> str:
    return " ".join("".join(page.text).split())


def test_everything_that_was_judged_stands_on_the_page_failures_first(make_verdict, make_audit):
    verdicts = [make_verdict(outcome, claim=f"claim.{outcome.lower()}") for outcome in Outcome]
    html = render(make_audit(verdicts))
    page = Page(html)
    assert not page.open
    for verdict in verdicts:
        assert verdict.claim in words(page)
    places = [html.index(f'id="g-{outcome}"') for outcome in MARKS]
    assert places == sorted(places) and list(MARKS)[-1] == "UNVERIFIABLE" and set(MARKS) == set(Outcome)
    assert "10 verdicts, 7 of them decided." in words(page)


def test_the_sentence_counts_what_is_undecided(make_verdict, make_audit):
    page = Page(render(make_audit([make_verdict(), make_verdict("UNDERPOWERED", claim="b"), make_verdict("UNVERIFIABLE", claim="c")])))
    assert "1 of 1 transfer to other checkpoints; 2 of 3 verdicts undecided." in words(page)


def test_the_audit_is_embedded_whole(make_verdict, make_audit):
    audit = make_audit([make_verdict(reason="a < b & c </script><!-- ")])
    found = unpacked(Page(render(audit)).raw["script#audit"])
    assert found == json.loads(audit.model_dump_json(exclude=SHOWN))
    assert found["verdicts"][0]["reason"] == "a < b & c </script><!-- "


def test_embedded_json_has_nothing_that_html_reads():
    value = {"a": "</script><!--<script>&\u2028\u202e é"}
    text = str(embedded(value))
    assert unpacked(text) == value and text.isascii() and not set("<>&") & set(text)
    assert text == str(embedded(value)), "no time of its making is in it"
    with pytest.raises(ValueError):
        embedded(math.nan)


EVIL = (
    "<script>window.pwned=1</script>",
    "</script><script>window.pwned=1</script>",
    '" onmouseover="pwned=1',
    "' onfocus='pwned=1' autofocus='",
    "<img src=x onerror=pwned=1>",
    "{{ 7*191 }}{% raw %}",
    "javascript:pwned=1",
    "a\u202ereversed\u2066\u200f",
    "nul\x00bell\x07esc\x1b[2J",
    "<!-- <svg/onload=pwned=1>",
    "</style><style>*{display:none}</style>",
    "]]>&lt;b&gt;&amp;",
    "</details></section></main>",
    "</title><h1>owned</h1>",
)


def hostile_audit(make_verdict, make_audit, evil: str):
    """An audit in which every text is foreign."""
    found = Estimate(value=0.5, low=0.4, high=0.6, n=9, method=evil, unit=evil, denominator=evil, counts={evil: 3}, extra={evil: evil})
    measured = Measurement(estimate=found)
    fields = dict.fromkeys(("claim", "population", "stated", "words", "locator", "criterion", "reason", "acknowledged", "command"), evil)
    verdict = make_verdict(measured=measured, **fields)
    other = make_verdict("UNVERIFIABLE", measured=None, **fields | {"claim": evil + "2"})
    audit = make_audit([verdict, other], drift=(evil,))
    row = Digits(check=evil, population=evil, locator=evil, subject=evil, possible=False, finding=evil)
    entry = audit.populations[0].model_copy(
        update={
            "title": evil,
            "record": evil,
            "missing": evil,
            "command": evil,
            "fingerprints": {evil: evil},
            "measurement": {evil: evil, "model": {evil: evil}},
        }
    )
    return audit.model_copy(
        update={
            "arithmetic": (make_verdict("IMPOSSIBLE", **fields),),
            "digits": (row,),
            "populations": (entry,),
            "versions": {evil: evil},
            "ledger": audit.ledger.model_copy(update={"path": evil, "title": evil, "digest": evil}),
            "planted": tuple(p.model_copy(update={"name": evil, "population": evil, "reason": evil}) for p in audit.planted),
            "remeasured": tuple(r.model_copy(update={"population": evil, "differing": [evil]}) for r in audit.remeasured),
            "tool": audit.tool.model_copy(update={"version": evil}),
        }
    )


def pictured(audit, text, record):
    """The audit with pictures, boards and facts in which every text is foreign."""
    facts = (Fact("elsewhere", text), Fact("would change", text), Fact("record", text, whole=True))
    board = Board(kind="fast success", id=1, givens=1, enters=1, agrees=True, puzzle=text, solution=text, boards=[text], **SERIES)
    return audit.model_copy(
        update={
            "definitions": {verdict.claim: facts for verdict in audit.verdicts},
            "explained": {verdict.key: Explained(facts=facts) for verdict in audit.verdicts},
            "pictures": (Pictured(population=text, portrait=portrait_of(text, record, title=text)), Pictured(population=text, reason=text)),
            "boards": (Boards(population=text, reason=text), Boards(population=text, examples=(board,))),
        }
    )


SERIES = {"conflicts": [0], "displacement": [1.0], "growth": [None], "halting": [0.5]}


@pytest.mark.parametrize("evil", [EVIL[0], EVIL[1], " ".join(EVIL)], ids=["script", "end of script", "all"])
def test_foreign_text_stays_text_everywhere(make_verdict, make_audit, small, evil):
    evil_page, tame_page = (render(pictured(hostile_audit(make_verdict, make_audit, text), text, small)) for text in (evil, "tame"))
    found, tame = Page(evil_page), Page(tame_page)
    assert found.tags - Counter(wbr=99) == tame.tags and [(t, k) for t, k, _ in found.attributes] == [(t, k) for t, k, _ in tame.attributes]
    assert not any(key.startswith("on") for _, key, _ in found.attributes)
    assert all(value.startswith("#") for _, key, value in found.attributes if key in ("href", "src"))
    assert not any(c in evil_page for c in "\u202e\u2066\u200f\x00\x07\x1b")
    assert found.raw["script#"] == read("script.js") and found.raw["style"] == read("style.css")
    assert unpacked(found.raw["script#audit"])["ledger"]["title"] == evil
    shown = " ".join(harmless(evil).split())
    assert words(found).count(shown) > 30


def test_the_policy_names_the_hashes_of_what_is_inlined(make_verdict, make_audit):
    page = Page(render(make_audit([make_verdict()])))
    policy = next(value for _, key, value in page.attributes if key == "content" and "default-src" in value)
    for raw, rule in ((page.raw["script#"], "script-src"), (page.raw["style"], "style-src")):
        digest = base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy


def test_our_own_files_fetch_nothing_and_make_no_markup_from_text():
    style, script = read("style.css"), read("script.js")
    assert not re.search(r"url\(|@import|@font-face", style)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|Function\(|fetch\(|XMLHttp|import\(|https?://(?!www\.w3\.org/2000/svg)",
        script,
    )


def test_a_page_of_8192_puzzles_is_under_a_megabyte(tmp_path):
    path = tmp_path / "record.parquet"
    write_record(synthetic_record(8192), path)
    run = Run(Settings(seed=1, inputs=Inputs(records={"paper.trm": path}, references=tmp_path)))
    audit = audit_of(run, {"verdict": [run.judge(key) for key in run.pairs]})
    page = render(audit)
    assert len(page.encode()) < 1_000_000 and len(as_json(audit)) < 500_000
    assert "A sample is drawn" in page and "not its checkpoint and puzzles" in page


def test_a_record_that_lacks_columns_costs_its_pictures_and_nothing_else(small, make_verdict, make_audit):
    absent = AbsentColumn("displacement_H", "float64", small.displacement_H.shape, why="it was imported from <elsewhere>")
    population = Population(name="my.net", kind="user", record=small.replace(displacement_H=absent))
    page = Page(render(make_audit([make_verdict()], pictures=pictures_of([population]))))
    assert "my.net: no pictures, because the record holds no displacement_H: it was imported from <elsewhere>" in words(page)
    assert "trm.lambda1.auc" in words(page)


def test_one_audit_gives_one_page_byte_for_byte_also_from_its_file(judged, verdicts, tmp_path):
    audit = audit_of(judged, {"verdict": verdicts})
    write_audit(audit, tmp_path / "audit.json")
    kept = read_audit(tmp_path / "audit.json")
    assert render(kept) == render(kept)
    write_audit(kept, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "audit.json").read_bytes()


def test_the_table_of_renderings_finds_it(tmp_path):
    assert renderer_of(tmp_path / "audit.html") is render
