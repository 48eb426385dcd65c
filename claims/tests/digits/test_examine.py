"""Each check of printed digits on figures small enough to enumerate, and what it says where figures are given in other ways."""

from __future__ import annotations

from fractions import Fraction

import pytest

from unsettled.claims.digits.arithmetic import arithmetic
from unsettled.claims.digits.examine import _denominators, _resolve, _span, examine
from unsettled.claims.digits.feasible import Group, candidates, feasible, nearest, solve
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text


@pytest.fixture
def checked(tmp_path):
    """The verdict and the rows of one arithmetic check beside given claims and figures."""

    def check(table, *claims, figures=None):
        entry = {"id": "a.check", "words": "a check", "locator": "¶1", "population": "paper.trm", **table}
        tables = [("claim", claim) for claim in claims or (claim_table(),)]
        if figures:
            tables.append(("figure", {"id": "notes", "words": "notes", "locator": "¶2", "population": "paper.trm", "values": figures}))
        (tmp_path / "l.toml").write_text(ledger_text(*tables, ("arithmetic", entry)), encoding="utf-8")
        found = arithmetic(load_ledger(tmp_path / "l.toml"))
        return found.verdicts[0], [row for row in found.rows if row.check == "a.check"]

    return check


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize("text", ["50%", "33%", "14.3%", "0.55%", "100%"])
def test_the_denominators_of_a_count_by_enumeration(k, text):
    target = parse_stated(text)
    fits = [n for n in range(k, 5000) if target.contains(Fraction(k, n))]
    subject, possible, told, decides = _denominators(k, target)
    assert (subject, possible, decides) == (f"{k:,} of another denominator", bool(fits), False)
    if fits:
        ends = f"{fits[0]:,} to {fits[-1]:,}" if len(fits) > 1 else f"{fits[0]:,}"
        assert told == f"{text} is consistent with denominators {ends}"
    for number, digits in ((0, "50%"), (3, "0%"), (3, "≤ 5%"), (3, "≥ 5%")):
        assert _denominators(number, parse_stated(digits))[1:] == (False, "consistent with no denominator", False)


@pytest.mark.parametrize("text", ["33%", "0%", "100%", "60.0%"])
def test_the_nearest_shares_that_miss_by_enumeration(text):
    stated = parse_stated(text)
    for wholes in ([7], [3, 5], range(1, 12)):
        misses = [(Fraction(k, n), k, n) for n in wholes for k in range(n + 1) if not stated.contains(Fraction(k, n))]
        below = max((m[0] for m in misses if m[0] < stated.low), default=None)
        above = min((m[0] for m in misses if m[0] > stated.high), default=None)
        found = [Fraction(k, n) for k, n in nearest(stated, wholes)]
        assert found == [x for x in (below, above) if x is not None]


@pytest.mark.parametrize("wrong_count", [None, 3, 4])
def test_who_may_be_right_and_which_sizes_fit(wrong_count):
    group = Group(
        right=parse_stated("60%"), wrong_count=wrong_count, of_right={"a": parse_stated("50%")}, of_wrong={"b": parse_stated("25%")}
    )
    for n in range(1, 40):
        rights = [r for r in range(n + 1) if group.right.contains(Fraction(r, n)) and wrong_count in (None, n - r)]
        assert list(candidates(group, n)) == rights
        fits = [
            r for r in rights if r and n > r and r % 2 == 0 and any(group.of_wrong["b"].contains(Fraction(k, n - r)) for k in range(n - r))
        ]
        found = solve(group, n)
        assert (found is None) == (not fits) and (found is None or (found.right in fits and found.numerators["a"] * 2 == found.right))
        assert found is None or found.wrong == n - found.right
    assert [one.n for one in feasible(group, range(1, 40))] == [n for n in range(1, 40) if solve(group, n)]


def test_a_reference_is_a_claim_a_figure_digits_or_a_number(checked):
    table = {"check": "sum", "parts": ["some.claim", "notes.rest"], "whole": "100%"}
    assert checked(table, figures={"rest": "40.0%", "other": "39.0%"})[0].outcome is Outcome.CONSISTENT
    assert (
        checked(table | {"parts": ["some.claim", "notes.other"], "whole": "notes.all"}, figures={"other": "39.0%", "all": "99.0%"})[
            0
        ].outcome
        is Outcome.CONSISTENT
    )
    verdict, rows = checked({"check": "sum", "parts": [3, "4"], "whole": "8"})
    assert verdict.outcome is Outcome.IMPOSSIBLE and rows[0].finding == "3 + 4 is 7, printed 8" and verdict.stated == "3, 4, 8"


@pytest.mark.parametrize(("whole", "possible"), [("99.4%", True), ("99.3%", False), ("100.6%", True), ("100.7%", False), ("100%", True)])
def test_a_sum_reaches_as_far_as_its_parts_are_rounded(checked, whole, possible):
    """60% and 40.0% add up to 99.45% … 100.55%, ends included; a printed whole has its own rounding."""
    verdict, rows = checked({"check": "sum", "parts": ["60%", "40.0%"], "whole": whole})
    assert (verdict.outcome is Outcome.CONSISTENT) == rows[0].possible == possible
    assert rows[0].finding == f"60% + 40.0% is between 99.45% and 100.55%, printed {whole}"


@pytest.mark.parametrize(
    ("top", "bottom", "claim", "outcome", "words"),
    [
        (["3"], ["5"], "60%", "CONSISTENT", "3/5 = 60% rounds to 60%"),
        (["1", "2"], ["4", "1"], "60%", "CONSISTENT", "3/5 = 60% rounds"),
        (["3"], ["5"], "61%", "IMPOSSIBLE", "3/5 = 60% does not round to 61%"),
        (["5 of 971"], ["1"], "0.51%", "CONSISTENT", "5/971 = 0.5149% rounds"),
        (["1.0"], ["3.0"], "0.37", "IMPOSSIBLE", "between 31.1"),
        (["3.0"], ["5"], "0.60", "CONSISTENT", "between 59% and 61% rounds"),
    ],
)
def test_a_quotient_of_counts_or_of_rounded_figures(checked, top, bottom, claim, outcome, words):
    verdict, rows = checked({"check": "ratio", "numerator": top, "denominator": bottom, "claim": claim})
    assert verdict.outcome == outcome and rows[0].finding.startswith(words) and rows[0].decides
    others = [row.subject for row in rows[1:]]
    counted = outcome == "IMPOSSIBLE" and words.startswith("3/5")
    assert others == (["3 of another denominator", "another count of 5"] if counted else []) and not any(row.decides for row in rows[1:])
    if counted:
        assert rows[2].finding == "nearest 3/5 = 60% and 4/5 = 80%" and not rows[2].possible


@pytest.mark.parametrize(("equals", "outcome"), [("24", "CONSISTENT"), ("25", "IMPOSSIBLE"), ("2.4e1", "CONSISTENT")])
def test_a_product_and_what_stands_instead(checked, equals, outcome):
    verdict, rows = checked({"check": "product", "factors": [2, 3, 4], "equals": equals, "instead": {"five by five": [5, 5]}})
    assert verdict.outcome == outcome and rows[0].finding.startswith(f"2 × 3 × 4 = 24, printed {equals}")
    beside = [row for row in rows if not row.decides]
    assert [row.possible for row in beside] == [equals == "25"] if beside else True
    assert outcome == "CONSISTENT" or "5 × 5 = 25" in verdict.reason


@pytest.mark.parametrize(("rate", "excluded"), [("1.2%", True), ("1.17%", False), ("1.1%", False), ("50%", True)])
def test_a_rate_beside_none_of_254_is_excluded_where_none_would_be_seen_too_seldom(checked, rate, excluded):
    zero = claim_table(id="zero", kind="zero_count", stated="0 of 254", statistic="settled_share")
    verdict, rows = checked({"check": "zero_bound", "claim": "zero", "rate": "rate"}, zero, claim_table(id="rate", stated=rate))
    chance = (1 - float(rate[:-1]) / 100) ** 254
    verb = "excludes" if excluded else "does not exclude"
    assert rows[1].finding == f"0 of 254 {verb} a rate of {rate}: none would be seen with probability {chance:.3f}"
    assert (rows[1].possible, rows[1].decides, rows[0].possible) == (not excluded, False, True) and verdict.outcome is Outcome.CONSISTENT
    assert rows[0].finding.startswith("1.172% is the exact one-sided 95% upper limit of 0 of 254") and "printed" not in rows[0].finding
    with_level = checked({"check": "zero_bound", "claim": "zero", "level": 0.9}, zero)[1]
    assert len(with_level) == 1 and "one-sided 90% upper limit" in with_level[0].finding


def test_the_sizes_that_decide_and_those_beside_them(checked):
    claims = [claim_table(id=name, stated=text) for name, text in (("right", "60%"), ("half", "50%"))]
    linked = {"check": "linked", "right": "right", "of_wrong": ["half"]}
    verdict, rows = checked(linked | {"sizes": {"only": [5, 10]}, "also": [15, 7]}, *claims)
    assert verdict.outcome is Outcome.CONSISTENT and verdict.stated == "60%, 50%"
    assert [(row.subject, row.possible, row.decides) for row in rows[:3]] == [
        ("n one of 5 and 10", True, True),
        ("n = 15", True, False),
        ("n = 7", False, False),
    ]
    assert rows[0].finding == "n = 5: possible: n = 5 (3 right, 2 wrong, half 1); n = 10: possible: n = 10 (6 right, 4 wrong, half 2)"
    assert "no count of right answers rounds to 60%, nearest 4/7 = 57.14% and 5/7 = 71.43%" in rows[2].finding
    sizes = claim_table(id="sizes", kind="range", stated="8 to 11", statistic="sample_size", smallest_contradiction=1)
    verdict, rows = checked(linked | {"sizes": {"claim": "sizes"}}, *claims, sizes)
    fits = [n for n in range(8, 12) if any(parse_stated("60%").contains(Fraction(r, n)) and (n - r) % 2 == 0 for r in range(n))]
    assert rows[0].subject == "n from 8 to 11" and rows[0].finding.startswith(f"{len(fits)} of 4 sizes are consistent") and fits == [10]
    short = claim_table(id="sizes", kind="range", stated="8 to 9", statistic="sample_size", smallest_contradiction=1)
    found = checked(linked | {"sizes": {"claim": "sizes"}}, *claims, short)[1][0].finding
    assert found.startswith("0 of 2 sizes are consistent"), "both ends are declared, and 10 is not"
    odd = [claim_table(id="right", stated="60%"), claim_table(id="half", stated="51%")]
    verdict, rows = checked(linked | {"sizes": {"claim": "sizes"}}, *odd, sizes)
    assert verdict.outcome is Outcome.IMPOSSIBLE and rows[0].finding == "0 of 4 sizes are consistent with all of these digits"


def test_each_figure_alone_may_be_possible_and_all_together_not(checked):
    claims = [claim_table(id=name, stated=text) for name, text in (("right", "0%"), ("a", "29%"), ("b", "57%"))]
    linked = {"check": "linked", "right": "right", "of_wrong": ["a", "b"], "complements": [["a", "b"]], "sizes": {"only": [7]}}
    assert "each figure alone is possible, but not all together" in checked(linked, *claims)[0].reason
    third = [claim_table(id="right", stated="60%"), claim_table(id="third", stated="33%")]
    verdict, rows = checked({"check": "linked", "right": "right", "of_right": ["third"], "sizes": {"only": [5, 20]}}, *third)
    assert "no share of 12 right rounds to" not in verdict.reason and rows[0].possible  # 4 of 12
    verdict, _ = checked(
        {"check": "linked", "right": "right", "of_right": ["third"], "sizes": {"only": [10]}},
        third[0],
        claim_table(id="third", stated="34%"),
    )
    assert "no share of 6 right rounds to 34%, nearest 2/6 = 33.33% and 3/6 = 50%" in verdict.reason


@pytest.mark.parametrize(("stated", "asked"), [("33%", True), ("67%", False), ("3 of 9", False)])
def test_a_share_of_failures_is_tried_as_one_of_all_where_most_are_not(checked, stated, asked):
    """Of four failures none of these is a share; more than a half of all examples are no failures, and a count has its denominator."""
    claims = [claim_table(id="right", stated="60%"), claim_table(id="part", stated=stated)]
    _, rows = checked({"check": "linked", "right": "right", "of_wrong": ["part"], "sizes": {"only": [10]}}, *claims)
    assert [row.subject for row in rows[1:]] == (["33% of all 10 instead of the failures"] if asked else [])


def test_what_cannot_enter_arithmetic_is_refused():
    ledger = load_ledger()
    assert _resolve(7, ledger).whole == 7 and _resolve("12.5%", ledger).value == 0.125 and _span(parse_stated("7")) == (7, 7)
    assert _span(parse_stated("1.0")) == (Fraction(95, 100), Fraction(105, 100)) and _span(parse_stated("3 of 4")) == (Fraction(3, 4),) * 2
    for bound in ("≤ 5%", "≥ 5%"):
        with pytest.raises(ValueError, match="cannot enter arithmetic"):
            _span(parse_stated(bound))
    with pytest.raises(TypeError, match="no arithmetic for"):
        examine(object(), ledger)
