"""What the page looks like in a real browser: light and dark, on a phone and on paper, without sight; texts of pictures lie apart."""

from __future__ import annotations

import re

import pytest

from unsettled.fixtures.synthetic.browsing import WIDTHS, filled, shown


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
