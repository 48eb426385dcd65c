"""Printed figures as papers write them: strict bounds, spreads, powers of ten, scales, ranges that share a percent sign."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from unsettled.claims.judgement.judge import judge
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.measure.errors import UserError
from unsettled.measure.record.synthetic import synthetic_record


@pytest.mark.parametrize(
    ("text", "shape", "strict", "limit"),
    [
        ("< 72%", "most", True, "0.72"),
        ("less than 5%", "most", True, "0.05"),
        ("under 3", "most", True, "3"),
        ("over 77%", "least", True, "0.77"),
        ("more than 0.9", "least", True, "0.9"),
        ("⩾99%", "least", False, "0.985"),
        ("≤ 1.17%", "most", False, "0.01175"),
    ],
)
def test_a_bound_is_strict_where_its_words_are(text: str, shape: str, strict: bool, limit: str) -> None:
    stated = parse_stated(text)
    assert (stated.shape, stated.strict) == (shape, strict)
    edge = stated.high if shape == "most" else stated.low
    assert edge == Fraction(limit) and stated.contains(edge) is not strict


def test_a_strict_bound_counts_no_case_at_its_limit() -> None:
    assert list(parse_stated("< 3%").numerators(100)) == [0, 1, 2]
    assert list(parse_stated("> 97%").numerators(100)) == [98, 99, 100]
    assert not parse_stated("<1e-3").contains(0.0015) and parse_stated("<1e-3").contains(0.0009)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1.2×10⁻³", "0.00115", "0.00125"),
        ("1.2 x 10^-3", "0.00115", "0.00125"),
        ("1.2 × 10^{-3}", "0.00115", "0.00125"),
        ("27M", "26500000", "27500000"),
        ("1.5k", "1450", "1550"),
        ("5%-7", "0.045", "0.075"),
        ("5–7%", "0.045", "0.075"),
    ],
)
def test_powers_scales_and_shared_percent_signs(text: str, low: str, high: str) -> None:
    stated = parse_stated(text)
    assert (stated.low, stated.high) == (Fraction(low), Fraction(high))


@pytest.mark.parametrize(
    ("text", "value", "spread"),
    [("72.3 ± 1.2%", 0.723, "0.012"), ("0.04 ± 0.002", 0.04, "0.002"), ("87.4(3)", 87.4, "0.3"), ("87.4(3)%", 0.874, "0.003")],
)
def test_a_spread_is_in_the_unit_of_the_value(text: str, value: float, spread: str) -> None:
    stated = parse_stated(text)
    assert stated.shape == "number" and stated.value == pytest.approx(value) and stated.spread == Fraction(spread)


def ledger_of(tmp_path: Path, **changes: object):
    path = tmp_path / "ledger.toml"
    path.write_text(ledger_text(("claim", claim_table(**changes))), encoding="utf-8")
    return load_ledger(path)


def test_a_spread_must_say_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="say what its ± is"):
        ledger_of(tmp_path, kind="point", stated="60.0 ± 1.2%")
    with pytest.raises(UserError, match="it has no ±"):
        ledger_of(tmp_path, kind="point", stated="60.0%", spread="sd")


@pytest.mark.parametrize(("spread", "outcome"), [("se", Outcome.REFUTED), ("sd", Outcome.UNDERPOWERED), ("interval", Outcome.REFUTED)])
def test_a_printed_error_widens_what_agrees_with_the_figure(tmp_path: Path, spread: str, outcome: Outcome) -> None:
    """60 % against 52 ± 6 (sd over networks) or 52 ± 1: as an error of the mean the first leaves it open, the second does not."""
    printed = "52.0 ± 6.0%" if spread == "sd" else "52.0 ± 1.0%"
    ledger = ledger_of(tmp_path, kind="point", stated=printed, spread=spread, smallest_contradiction=0.02)
    record = synthetic_record(4000, accuracy=0.6, seed=2)
    verdict = judge(ledger["some.claim"], stand_in(record=record, same_examples=spread == "sd"), ledger=ledger)
    assert verdict.outcome is outcome and verdict.mode == "replicate"


def test_the_same_examples_that_miss_a_strict_bound_refute_it(tmp_path: Path) -> None:
    record = synthetic_record(400, accuracy=0.6, seed=1)
    above, at = (f"< {100 * record.solved.mean() + more:.2f}%" for more in (0.01, 0.0))
    for stated, outcome in ((above, Outcome.REPRODUCED), (at, Outcome.REFUTED)):
        ledger = ledger_of(tmp_path, kind="bound", stated=stated)
        verdict = judge(ledger["some.claim"], stand_in(record=record, same_examples=True), ledger=ledger)
        assert verdict.outcome is outcome, verdict.reason


def test_a_byte_order_mark_is_not_part_of_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ledger_text(("claim", claim_table())).encode())
    assert load_ledger(path)["some.claim"].stated == "60.0%"
