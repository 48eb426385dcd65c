"""The page in a real browser: silent, self-sufficient, usable by mouse, by keyboard and without sight, on a phone and on paper."""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from unsettled.claims.audit.audit import Audit, read_audit
from unsettled.claims.audit.boards import boards_of
from unsettled.claims.audit.pictures import Boards, Pictured
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.audit.summary import audit_of
from unsettled.claims.populations.inputs import Inputs
from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.measure.analysis.band import otsu_band
from unsettled.reports.html.page import SHOWN, render, unpacked
from unsettled.reports.renderings import write_report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the extra `test` has it)")
CHROMIUM = pytest.importorskip("unsettled.fixtures.screenshot").chromium()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: `apt-get install chromium`")
ROOT = Path(__file__).parents[3]
SMALL = ROOT / "fixtures" / "reference" / "trm-6x6"
WIDTHS = {"desk": (1280, 900), "phone": (390, 844), "narrow": (320, 640)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A real audit of one shipped reference: a run that judges everything on it."""
    root = tmp_path_factory.mktemp("references")
    shutil.copytree(SMALL, root / SMALL.name)
    return Run(Settings(seed=1, inputs=Inputs(references=root)))


@pytest.fixture(scope="module")
def audit(run):
    boards = [boards_of(population, each=run.boards_each) for population in run.watchable()]
    return audit_of(run, {"verdict": [run.judge(key) for key in run.pairs], "boards": boards})


@pytest.fixture(scope="module")
def file(audit, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "audit.html"
    assert write_report(audit, path) < 1_000_000
    return path


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as engine:
        chromium = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Tab:
    """A page with all that it has said. Tests use it one after the other: a context of its own takes Chromium longer than the page does."""

    def __init__(self, browser, **options) -> None:
        self.said: list[str] = []
        context = browser.new_context(**options)
        context.route("**/*", self.guard)
        self.page = context.new_page()
        self.page.set_default_timeout(120_000)  # which only a page that hangs needs
        self.page.on("console", lambda message: self.said.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.said.append("dialog"), dialog.dismiss()))

    def guard(self, route):
        if route.request.url == self.address:
            return route.continue_()
        self.said.append(f"request: {route.request.url}")
        return route.abort()

    def open(self, at: Path, width: str, scheme: str):
        self.address = at.as_uri()
        self.page.set_viewport_size(dict(zip(("width", "height"), WIDTHS[width], strict=True)))
        self.page.emulate_media(media="null", color_scheme=scheme)
        self.page.goto(self.address)
        return self.page

    def leave(self) -> list[str]:
        """What it has said; the next one to open it finds it as it was."""
        self.page.goto("about:blank")
        said, self.said = self.said, []
        return said


@pytest.fixture(scope="module")
def idle():
    """Tabs that no test uses, by their options."""
    return defaultdict(list)


@pytest.fixture
def visit(browser, idle, file):
    """Open the page; whatever it says on the console, raises or requests is gathered, and there must be nothing."""
    used = []

    def open_page(*, at: Path = file, width: str = "desk", scheme: str = "light", **more):
        waiting = idle[tuple(more.items())]
        tab = waiting.pop() if waiting else Tab(browser, **more)
        used.append((waiting, tab))
        return tab.open(at, width, scheme)

    yield open_page
    said = [what for _, tab in used for what in tab.leave()]
    for waiting, tab in used:
        waiting.append(tab)
    assert not said


def shown(page) -> list[str]:
    """Keys of the claims that can be seen."""
    return page.eval_on_selector_all(
        ".claim", "found => found.filter(x => x.checkVisibility()).map(x => x.querySelector('b').textContent + '@' + x.dataset.population)"
    )


def until(page, expression: str, *, seconds: float = 20) -> None:
    """Wait for an expression to be true. The page's own policy forbids `wait_for_function`, which evaluates text."""
    for _ in range(int(20 * seconds)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


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


def filled(page):
    """Wait until each opened row holds its definition: the browser says that a row is open only after the click has ended."""
    page.locator(".claim[open] .defined > a").first.wait_for(state="detached")


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


def status(page) -> dict[str, float]:
    text = page.inner_text("#board-status")
    segment, count = map(int, re.match(r"Segment (\d+) of (\d+)", text).groups())
    wrong = re.search(r"(\d+) cells? wrong", text)
    conflicts = re.search(r"(\d+) rows?, columns? (?:and|or) box(?:es)? conflict", text)
    return {"segment": segment, "count": count, "wrong": int(wrong[1]) if wrong else 0, "conflicts": int(conflicts[1]) if conflicts else 0}


def test_a_converged_failure_is_found_in_two_clicks(visit, run):
    record = next(p.record for p in run.populations if p.name == "reference.trm")
    page = visit()
    page.click("#watch-kinds >> text=converged failures")
    page.click("#watch-list button >> nth=0")
    found = status(page)
    assert found["segment"] == found["count"] == 16 and found["wrong"] > 0
    identity = int(re.match(r"#(\d+),", page.inner_text('#watch-list [aria-current="true"]'))[1])
    row = record.example_id.tolist().index(identity)
    assert not record.solved[row] and otsu_band(record).settled(record)[row]
    assert found["conflicts"] == record.conflicts[row, -1]


def test_every_board_is_that_of_the_record_and_conflicts_are_marked(visit, run):
    record = next(p.record for p in run.populations if p.name == "reference.trm")
    page = visit()
    data = unpacked(page.text_content("#boards"))[0]
    kinds = {example["kind"] for example in data["examples"]}
    assert kinds == {"settled failure", "wandering failure", "slow success", "fast success"} and data["box"] == [2, 3]
    for kind in sorted(kinds):
        page.click(f"#watch-kinds >> text={data['kinds'][kind][0]}")
        example = next(e for e in data["examples"] if e["kind"] == kind)
        row = record.example_id.tolist().index(example["id"])
        for segment in (1, 5, 16):
            page.fill("#segment", str(segment))
            found = status(page)
            assert found["segment"] == segment and found["conflicts"] == record.conflicts[row, segment - 1]
            assert (found["wrong"] == 0) == record.solved_at[row, segment - 1]
            cells = page.eval_on_selector_all("#board td", "found => found.map(x => [x.textContent, x.className])")
            assert "".join(text or "." for text, _ in cells) == example["boards"][segment - 1]
            for (text, names), given, right in zip(cells, example["puzzle"], example["solution"], strict=True):
                assert ("given" in names) == (given != ".") and ("off" in names) == (text != right)
            marked = {index for index, (_, names) in enumerate(cells) if "clash" in names}
            assert bool(marked) == (found["conflicts"] > 0)
            assert marked == repeated(example["boards"][segment - 1])


def repeated(board: str) -> set[int]:
    """Cells of a 6×6 board whose digit occurs again in their row, column or 2×3 box."""
    units = [{r * 6 + c for c in range(6)} for r in range(6)] + [{r * 6 + c for r in range(6)} for c in range(6)]
    units += [{(r + i) * 6 + c + j for i in range(2) for j in range(3)} for r in (0, 2, 4) for c in (0, 3)]
    return {cell for unit in units for cell in unit if board[cell] != "." and any(board[cell] == board[x] for x in unit - {cell})}


def test_the_player_steps_plays_and_obeys_the_keyboard(visit):
    page = visit()
    page.focus("#stage")
    for key, segment in (("Home", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("End", 16), ("ArrowRight", 16)):
        page.keyboard.press(key)
        assert status(page)["segment"] == segment
    assert page.is_disabled("#next") and not page.is_disabled("#back")
    page.click("#first")
    page.click("#next")
    assert status(page)["segment"] == 2 and page.get_attribute("#segment", "aria-valuetext") == "segment 2 of 16"
    page.focus("#stage")
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    until(page, "document.getElementById('segment').value >= 4")
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Play"
    page.locator("#series svg").first.click(position={"x": 60, "y": 40})
    assert status(page)["segment"] <= 2
    assert [len(page.locator(f"#series svg:nth-of-type({n}) .cursor").all()) for n in (1, 2, 3)] == [1, 1, 1]


def luminance(colour: str) -> float:
    channels = [int(c) / 255 for c in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def background(page) -> float:
    return luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_light_and_dark_follow_the_system_until_the_reader_chooses(visit):
    light, dark = visit(), visit(scheme="dark")
    assert background(light) > 0.9 and background(dark) < 0.02
    for page, first in ((light, "auto"), (dark, "auto")):
        assert page.inner_text("#theme") == f"Theme: {first}"
        page.click("#theme")
        assert background(page) > 0.9
        page.click("#theme")
        assert background(page) < 0.02
        page.click("#theme")
    assert background(light) > 0.9 and background(dark) < 0.02


def contrast(page, name: str, ground: str) -> float:
    """WCAG's contrast of two colours of the page."""
    pair = page.evaluate(
        """names => names.map(name => { const x = document.createElement('i'); x.style.color = `var(--${name})`; document.body.append(x);
                                        const found = getComputedStyle(x).color; x.remove(); return found; })""",
        [name, ground],
    )
    high, low = sorted(map(luminance, pair), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out_from_what_they_lie_on(visit, scheme):
    """WCAG 2.2: 4.5:1 for text (1.4.3), 3:1 for graphics that carry a meaning (1.4.11)."""
    page = visit(scheme=scheme)
    weak = [
        (text, ground)
        for text in ("ink", "soft", "accent", "held", "fell", "open")
        for ground in ("bg", "panel")
        if contrast(page, text, ground) < 4.5
    ]
    weak += [
        (mark, "bg")
        for mark in ("success", "failure", "exponent", "displacement", "halting", "drifted", "digits")
        if contrast(page, mark, "bg") < 3
    ]
    assert not weak


def test_axe_finds_nothing_to_complain_about(visit):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed (the extra `test` has it)"
    ).Axe()
    page = visit()
    for index in (0, 2):
        page.locator(".claim > summary").nth(index).click()
    page.locator(".numbers > summary").first.click()
    filled(page)
    drawn = {"exclude": [[".strip"], [".plot > *"]]}  # what is within a drawing has its name and its contrast tested beside this
    rules = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}
    results = axe.run(page, context=drawn, options=rules)
    found = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:120]}" for v in results.response["violations"]]
    assert not found, "\n".join(found)


def test_identities_are_unique_and_references_lead_somewhere(visit):
    page = visit()
    identities = page.eval_on_selector_all("[id]", "found => found.map(x => x.id)")
    assert len(identities) == len(set(identities))
    for attribute in ("aria-labelledby", "aria-describedby", "for"):
        assert set(page.eval_on_selector_all(f"[{attribute}]", f"found => found.map(x => x.getAttribute('{attribute}'))")) <= set(
            identities
        )
    assert set(page.eval_on_selector_all("a[href]", "found => found.map(x => x.getAttribute('href').slice(1))")) <= set(identities)
    drawn = page.locator(".portrait svg[role=img]")
    assert drawn.count() == 7
    for name in drawn.evaluate_all(
        "found => found.map(x => x.ariaLabel + document.getElementById(x.getAttribute('aria-describedby')).textContent)"
    ):
        assert len(name) > 100


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_makes_the_page_scroll_sideways(visit, width):
    page = visit(width=width)
    page.click("#open")
    page.eval_on_selector_all("details", "found => found.forEach(x => { x.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width][0]
    assert page.evaluate("document.getElementById('watch').scrollWidth <= document.getElementById('watch').clientWidth + 1")


def test_texts_of_a_picture_do_not_overlap(visit):
    """Labels within each drawing, as boxes; those of axes may touch nothing but themselves."""
    page = visit()
    overlapping = page.evaluate("""() => [...document.querySelectorAll('.portrait svg.plot, #series svg')].flatMap(svg => {
        const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent).map(t => [t, t.getBoundingClientRect()]);
        return texts.flatMap(([a, x], i) => texts.slice(i + 1).filter(([b, y]) =>
            Math.min(x.right, y.right) - Math.max(x.left, y.left) > 1.5 && Math.min(x.bottom, y.bottom) - Math.max(x.top, y.top) > 4
        ).map(([b]) => svg.ariaLabel.slice(0, 40) + ': ' + a.textContent + ' / ' + b.textContent));
    })""")
    assert not overlapping
    cut = page.evaluate("""() => [...document.querySelectorAll('.portrait svg.plot')].flatMap(svg => {
        const frame = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter(t => {
            const b = t.getBoundingClientRect(); return b.left < frame.left - 2
                || b.right > frame.right + 2 || b.bottom > frame.bottom + 2; }).map(t => t.textContent);
    })""")
    assert not cut


def test_paper_gets_every_row_in_light_colours_and_no_controls(visit, audit, tmp_path):
    page = visit(scheme="dark")
    page.click("#theme")
    page.click("#theme")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert background(page) > 0.9 and len(shown(page)) == len(audit.verdicts)
    for control in ("#tools", "#theme", ".controls", "#save", ".skip"):
        assert not page.locator(control).first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.evaluate("document.getElementById('g-UNVERIFIABLE').open")
    page.emulate_media(media="screen")
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF-") and 5 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 40


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


def test_the_readme_screenshot_is_small_and_a_mistake_is_one_line(file, tmp_path):
    program = "import runpy; runpy.run_module('unsettled.fixtures.screenshot', run_name='__main__')"
    done = fresh(program, file, tmp_path / "shot.png", folder=ROOT)
    assert done.returncode == 0 and (tmp_path / "shot.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "shot.png").stat().st_size <= 250_000 and (ROOT / "reports" / "screenshot.png").stat().st_size <= 250_000
    wrong = fresh(program, tmp_path / "none.html", tmp_path / "x.png", folder=ROOT)
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1 and "no such page" in wrong.stderr
