"""The page in a real browser: silent, self-sufficient, searched, opened and saved by mouse and by keyboard, with foreign text on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from unsettled.claims.audit.audit import Audit, read_audit
from unsettled.claims.audit.pictures import Boards, Pictured
from unsettled.fixtures.synthetic.browsing import filled, shown, until
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.reports.html.page import SHOWN, render, unpacked

ROOT = Path(__file__).parents[3]


def test_nothing_is_said_and_nothing_requested(visit, audit):
    page = visit()
    assert page.inner_text("#verdict").endswith(f"{len(audit.verdicts) - audit.decided} of {len(audit.verdicts)} verdicts undecided.")
    measured = {v.key for v in audit.verdicts if v.outcome != "UNVERIFIABLE"}
    assert set(shown(page)) == measured  # what has no input is folded away at first
    page.click("#g-UNVERIFIABLE > summary")
    assert set(shown(page)) == {v.key for v in audit.verdicts}


def test_the_embedded_audit_can_be_read_and_saved(visit, audit, tmp_path):
    page = visit(accept_downloads=True)
    assert unpacked(page.text_content("#audit")) == json.loads(audit.model_dump_json(exclude=SHOWN))
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "audit.json"
    download.value.save_as(tmp_path / "audit.json")
    whole = Audit.model_validate_json(audit.model_dump_json(exclude=SHOWN))
    assert json.loads(read_audit(tmp_path / "audit.json").model_dump_json()) == json.loads(whole.model_dump_json())


def test_search_and_filters_narrow_the_rows_together_and_are_cleared(visit, audit):
    page = visit()
    page.fill("#search", "LAMBDA1 auc")
    expected = {v.key for v in audit.verdicts if "lambda1" in v.claim}
    found = set(shown(page))
    assert {"trm.lambda1.auc@reference.trm"} <= found and found & expected and len(found) < len(audit.verdicts)
    page.fill("#search", "")
    outcomes = [o for o in ("TRANSFERS", "DOES_NOT_TRANSFER") if audit.counts[o]]
    for outcome in outcomes:
        page.click(f'.chip[data-outcome="{outcome}"]')
    assert set(shown(page)) == {v.key for v in audit.verdicts if v.outcome in outcomes}
    assert page.inner_text("#shown") == f"{sum(audit.counts[o] for o in outcomes)} of {len(audit.verdicts)} rows"
    page.select_option("#population", "paper.trm")
    assert not shown(page) and page.is_visible("#nothing")
    page.click("#clear")
    assert page.evaluate("document.activeElement.id") == "search" and not page.is_visible("#nothing")
    assert set(shown(page)) == {v.key for v in audit.verdicts if v.outcome != "UNVERIFIABLE"}
    page.select_option("#population", "paper.trm")  # opens the fold in which they are
    assert set(shown(page)) == {v.key for v in audit.verdicts if v.population == "paper.trm"}


def test_the_address_holds_filters_and_the_opened_row(visit, audit, file):
    page = visit()
    assert "#" not in page.url
    page.fill("#search", "lambda1")
    page.click('.chip[data-outcome="TRANSFERS"]')
    page.select_option("#population", "reference.trm")
    rows = shown(page)
    assert rows and page.url.endswith("#find=lambda1&population=reference.trm&verdict=TRANSFERS")
    page.click(".claim:not([hidden]) > summary")
    until(page, "location.hash.includes('open=c-')")
    address = page.url
    other = visit()
    other.goto(address)
    other.reload()
    until(other, "document.querySelectorAll('.claim[open]').length === 1")
    assert shown(other) == rows and other.input_value("#search") == "lambda1"
    other.click("#clear")
    until(other, "location.hash.startsWith('#c-')")  # what is opened stays in the address


def test_a_mark_of_the_grid_opens_its_row(visit, audit):
    page = visit()
    judged = [v for v in audit.verdicts if v.population == "reference.trm"]
    assert page.locator(".matrix td a").count() == len(judged) > 20
    page.click(".matrix td a >> nth=0")
    until(page, "document.querySelectorAll('.claim[open]').length === 1")
    assert page.get_attribute(".matrix td a >> nth=0", "href") == "#" + page.get_attribute(".claim[open]", "id")


def test_a_row_opens_to_everything_behind_it(visit):
    page = visit()
    row = page.locator('.claim[data-population="reference.trm"]', has_text="trm.lambda1.auc")
    row.locator("> summary").click()
    filled(page)
    text = row.inner_text()
    for wanted in (
        "What is claimed",
        "denominator",
        "definition",
        "0.993: any value in [0.9925, 0.9935]",
        "power",
        "late displacement alone: AUC",
        "λ₁ adds",
        "would change it",
        "weights",
        "unsettled why trm.lambda1.auc@reference.trm --audit audit.json",
        "--claim trm.lambda1.auc@reference.trm",
    ):
        assert wanted in text
    assert row.locator(".zoom svg").is_visible()
    # the same marks in the same colours as in the key above the rows
    assert row.locator(".zoom .key").inner_html() == page.locator("#key").inner_html()
    row.locator("> summary").click()
    row.locator("> summary").click()
    assert row.inner_text().count("What is claimed") == 1
    page.click("#open")
    assert page.locator(".claim:not([open])").count() == 0
    page.click("#close")
    assert page.locator(".claim[open]").count() == 0


def test_rows_out_of_sight_cost_no_layout_until_they_come_near(visit, audit):
    """What makes a page of thousands of rows quick: of all rows a screenful is laid out."""
    page = visit()
    laid_out = "e => e.querySelector('.value').checkVisibility({contentVisibilityAuto: true})"
    last = page.locator(".group[open] .claim").last
    assert not last.evaluate(laid_out)
    page.evaluate("identity => { location.hash = identity; }", last.get_attribute("id"))
    page.wait_for_function(f"identity => ({laid_out})(document.getElementById(identity))", arg=last.get_attribute("id"))
    box = last.bounding_box()
    assert 0 <= box["y"] < page.viewport_size["height"] and box["height"] > 30


def test_a_link_into_a_fold_opens_it(visit, audit, file):
    page = visit()
    identity = page.locator("#g-UNVERIFIABLE .claim").first.get_attribute("id")
    page.evaluate(f"location.hash = '{identity}'")
    until(page, f"document.getElementById('{identity}').open")
    assert page.locator(f"#{identity}").is_visible()


def test_the_keyboard_alone_is_enough(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the claims"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("lambda1.auc")
    assert len(shown(page)) < 5
    page.keyboard.press("Escape")
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("(e => e.tagName + '.' + e.className + '#' + e.id)(document.activeElement)"))
        if page.evaluate("document.activeElement.matches('.claim > summary')"):
            break
    assert seen[0].endswith("#population") and seen[1].startswith("BUTTON.chip")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"  # the focus can be seen
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.parentElement.open")
    page.keyboard.press("Enter")
    assert not page.evaluate("document.activeElement.parentElement.open")


def test_without_its_script_the_page_still_tells_everything_but_the_boards(visit, audit):
    page = visit(java_script_enabled=False)
    assert page.is_visible("#verdict") and not page.is_visible("#tools") and not page.is_visible("#watch")
    assert "does not run here" in page.inner_text("#puzzles")
    page.click("#g-UNVERIFIABLE > summary")
    page.locator(".claim > summary").first.click()
    assert page.locator(".claim[open] .defined a").first.is_visible()


def test_hostile_text_is_shown_and_not_run(visit, audit, tmp_path):
    evil = '</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">\u202e{{7*7}}'
    verdict = audit.verdicts[0].model_copy(update={"words": evil, "claim": evil, "reason": evil, "population": evil})
    hostile = audit.model_copy(update={"verdicts": (verdict, *audit.verdicts), "ledger": audit.ledger.model_copy(update={"title": evil})})
    path = tmp_path / "evil.html"
    (picture,) = audit.pictures
    named = Pictured(population=evil, portrait=replace(picture.portrait, name=evil, title=evil))
    shown = {"pictures": (named,), "boards": (Boards(population=evil, reason=evil),)}
    path.write_text(render(hostile.model_copy(update=shown)), encoding="utf-8")
    page = visit(at=path)
    assert page.evaluate("window.pwned") is None and page.locator("img").count() == 0
    assert page.inner_text("#title") == evil.replace("\u202e", "\\u202e") == page.title().removeprefix("Audit of ")
    page.select_option("#population", index=page.locator("#population option").count() - 1)
    assert page.locator(".claim:visible").count() == 1
    assert "no boards, because" in page.inner_text("#puzzles")


def test_the_readme_screenshot_is_small_and_a_mistake_is_one_line(chromium, file, tmp_path):
    program = "import runpy; runpy.run_module('unsettled.fixtures.screenshot', run_name='__main__')"
    done = fresh(program, file, tmp_path / "shot.png", folder=ROOT)
    assert done.returncode == 0 and (tmp_path / "shot.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "shot.png").stat().st_size <= 250_000 and (ROOT / "reports" / "screenshot.png").stat().st_size <= 250_000
    wrong = fresh(program, tmp_path / "none.html", tmp_path / "x.png", folder=ROOT)
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1 and "no such page" in wrong.stderr
