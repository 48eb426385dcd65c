"""Boards in a real browser: those of the record, found in two clicks, stepped through by mouse and keyboard."""

from __future__ import annotations

import re

from unsettled.fixtures.synthetic.browsing import until
from unsettled.measure.analysis.band import otsu_band
from unsettled.reports.html.page import unpacked


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
