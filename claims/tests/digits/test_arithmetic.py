"""What digits exclude without a model, against brute force and against what is known of the paper."""

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsettled.claims.audit.known import load_known
from unsettled.claims.digits.arithmetic import arithmetic, digits_of
from unsettled.claims.digits.feasible import Group, feasible, nearest, solve
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text

HRM = Group(
    right=parse_stated("52.6%"),
    of_wrong={"settled": parse_stated("0.55%"), "wandering": parse_stated("99.45%")},
    complements=(("settled", "wandering"),),
)


@pytest.fixture(scope="module")
def paper():
    return load_ledger()


@pytest.fixture(scope="module")
def result(paper):
    return arithmetic(paper)


@pytest.fixture
def checked(tmp_path):
    """The verdict and the rows of one arithmetic check beside given claims."""

    def check(table, *claims):
        path = tmp_path / "ledger.toml"
        entry = {"id": "a.check", "words": "a check", "locator": "¶1", "population": "paper.trm", **table}
        path.write_text(ledger_text(*[("claim", claim) for claim in claims or (claim_table(),)], ("arithmetic", entry)), encoding="utf-8")
        found = arithmetic(load_ledger(path))
        return found.verdicts[0], [row for row in found.rows if row.check == "a.check"]

    return check


def outcomes(result):
    return {verdict.claim: verdict.outcome for verdict in result.verdicts}


def test_the_hrm_pair_is_impossible_at_the_powers_of_two_and_possible_at_1646_sizes(result):
    found = feasible(HRM, range(2048, 8193))
    assert len(found) == 1646
    assert not {2048, 4096, 8192} & {solution.n for solution in found}
    rows = {row.subject: row for row in result.rows if row.check == "digits.hrm.outcomes"}
    assert "1,646 of 6,145 sizes" in rows["n from 2,048 to 8,192"].finding
    assert [rows[f"n = {n:,}"].possible for n in (2048, 4096, 8192)] == [False] * 3
    assert rows["0.55% of all 8,192 instead of the failures"].possible
    assert "45/8,192" in rows["0.55% of all 8,192 instead of the failures"].finding


def test_a_pair_is_impossible_only_under_the_declared_denominator(result):
    decided = outcomes(result)
    assert decided["digits.hrm.outcomes"] is Outcome.CONSISTENT
    assert decided["digits.hrm.outcomes.notes"] is Outcome.IMPOSSIBLE


def test_every_solution_prints_its_digits():
    for solution in feasible(HRM, range(2048, 8193)):
        counts = solution.numerators
        assert HRM.right.contains(Decimal(solution.right) / Decimal(solution.n))
        assert counts["settled"] + counts["wandering"] == solution.wrong
        for name, stated in HRM.of_wrong.items():
            assert stated.contains(Decimal(counts[name]) / Decimal(solution.wrong))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(-3, 3),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 40)),
)
def test_the_solver_agrees_with_brute_force(n, right, first, off, complement, wrong_count):
    second = min(100, max(0, 100 - first + off))  # near the complement, where a pair may just fit or just fail
    figures = {name: parse_stated(f"{x}%") for name, x in (("right", right), ("a", first), ("b", second))}
    group = Group(
        right=figures["right"],
        wrong_count=wrong_count,
        of_wrong={"a": figures["a"], "b": figures["b"]},
        complements=(("a", "b"),) if complement else (),
    )

    def pair(wrong):
        fits = {x: [k for k in range(wrong + 1) if figures[x].contains(Fraction(k, wrong))] for x in "ab"}
        return any(wrong - a in fits["b"] for a in fits["a"]) if complement else bool(fits["a"] and fits["b"])

    possible = any(
        figures["right"].contains(Fraction(r, n)) and wrong_count in (None, n - r) and r < n and pair(n - r) for r in range(n + 1)
    )
    assert (solve(group, n) is not None) == possible


def test_complements_that_miss_each_other_by_one():
    """Of 7, 2 print as 29 % and 4 as 57 %; each is possible, but 2 and 4 are not 7."""
    apart = Group(right=parse_stated("0%"), of_wrong={"a": parse_stated("29%"), "b": parse_stated("57%")})
    together = Group(right=apart.right, of_wrong=apart.of_wrong, complements=(("a", "b"),))
    assert solve(apart, 7) is not None and solve(together, 7) is None
    above = {"a": parse_stated("57%"), "b": parse_stated("57%")}
    assert solve(Group(right=apart.right, of_wrong=above, complements=(("a", "b"),)), 7) is None
    exact = {"a": parse_stated("29%"), "b": parse_stated("71%")}
    solution = solve(Group(right=apart.right, of_wrong=exact, complements=(("a", "b"),)), 7)
    assert solution is not None and solution.numerators == {"a": 2, "b": 5}
    wide = solve(Group(right=apart.right, of_wrong=exact, complements=(("a", "b"),)), 1000)  # 285 to 294 of 1,000 print as 29 %
    assert wide is not None and sum(wide.numerators.values()) == 1000


def test_254_failures_and_876_permille_fix_the_size(result):
    row = next(r for r in result.rows if r.check == "digits.trm.outcomes" and r.decides)
    assert row.possible and "9 of 6,145 sizes" in row.finding
    assert "n = 2,048 (1,794 right, 254 wrong, trm.least_mobile_failure 1,731, trm.settled_failures 0)" in row.finding


def test_the_counts_of_the_notes_against_the_printed_digits(result):
    reasons = {verdict.claim: verdict.reason for verdict in result.verdicts}
    assert outcomes(result)["digits.notes.hrm.settled.second"] is Outcome.IMPOSSIBLE
    assert "21/3,894 = 0.5393% does not round to 0.55%" in reasons["digits.notes.hrm.settled.second"]
    assert "0.55% is consistent with denominators 3,784 to 3,853" in reasons["digits.notes.hrm.settled.second"]
    assert outcomes(result)["digits.notes.hrm.settled.joint"] is Outcome.IMPOSSIBLE
    assert "5/971 = 0.5149%" in reasons["digits.notes.hrm.settled.joint"]
    assert outcomes(result)["digits.notes.hrm.solved.small"] is Outcome.CONSISTENT
    assert outcomes(result)["digits.notes.hrm.solved.large"] is Outcome.IMPOSSIBLE
    assert "4,298/8,192 = 52.47%" in reasons["digits.notes.hrm.solved.large"]


def test_updates_of_a_rollout(result):
    decided = outcomes(result)
    assert decided["digits.trm.updates"] is decided["digits.trm.updates.cycles"] is Outcome.CONSISTENT
    assert decided["digits.hrm.updates.cycles"] is Outcome.IMPOSSIBLE
    reason = next(v.reason for v in result.verdicts if v.claim == "digits.hrm.updates.cycles")
    assert "3 × 2 × 16 = 96, printed 64" in reason and "96/64 = 1.5" in reason and "2 × 2 × 16 = 64" in reason


def test_none_of_254_leaves_the_rate_of_the_hrm_possible(result):
    reason = next(v.reason for v in result.verdicts if v.claim == "digits.trm.zero_bound")
    assert "1.172%" in reason and "does not exclude a rate of 0.55%" in reason and "0.246" in reason
    (row,) = (row for row in result.rows if row.check == "digits.trm.zero_bound" and row.subject.startswith("a rate of"))
    assert row.possible and not row.decides


def test_every_contradiction_of_the_paper_is_acknowledged_and_none_is_stale(paper, result):
    known = load_known(ledger=paper)
    verdicts = [known.acknowledge(verdict) for verdict in result.verdicts]
    assert Counter(v.outcome for v in verdicts) == {Outcome.CONSISTENT: 12, Outcome.IMPOSSIBLE: 5}
    assert all(v.acknowledged for v in verdicts if v.outcome is Outcome.IMPOSSIBLE)
    assert known.stale(verdicts) == []


def test_verdicts_of_arithmetic_say_what_reruns_them(result):
    for verdict in result.verdicts:
        assert verdict.mode == "arithmetic" and verdict.command == f"pytest claims/ --claim {verdict.claim}"
        assert "\n" not in verdict.reason and verdict.measured is None


def test_parts_that_cannot_add_up(checked):
    parts = {"check": "sum", "parts": ["some.claim", "39.8%"], "whole": "100%"}
    assert checked(parts)[0].outcome is Outcome.CONSISTENT  # 100% admits 99.5 to 100.5
    verdict, rows = checked(parts | {"whole": "100.0%"})
    assert verdict.outcome is Outcome.IMPOSSIBLE and "60.0% + 39.8% is between 99.7% and 99.9%" in rows[0].finding
    assert checked({"check": "sum", "parts": ["3", "4"], "whole": 8})[0].outcome is Outcome.IMPOSSIBLE
    assert checked({"check": "sum", "parts": ["3", 4], "whole": "7"})[0].outcome is Outcome.CONSISTENT


def test_ratio_of_rounded_figures_uses_their_intervals(checked):
    ratio = {"check": "ratio", "numerator": ["1.0"], "denominator": ["3.0"]}
    assert checked(ratio | {"claim": "0.35"})[0].outcome is Outcome.CONSISTENT  # 1.05/2.95 = .356
    assert checked(ratio | {"claim": "0.37"})[0].outcome is Outcome.IMPOSSIBLE


def test_a_printed_limit_that_is_wrong(checked):
    zero = claim_table(id="zero", kind="zero_count", stated="0 of 254", statistic="settled_share")
    table = {"check": "zero_bound", "claim": "zero"}
    assert checked(table | {"printed": "1.17%"}, zero)[0].outcome is Outcome.CONSISTENT
    assert checked(table | {"printed": "1.18%"}, zero)[0].outcome is Outcome.IMPOSSIBLE  # 3/254, the rule of three
    assert checked(table | {"printed": "1.45%", "level": 0.975}, zero)[0].outcome is Outcome.IMPOSSIBLE
    assert checked(table | {"printed": "1.44%", "level": 0.975}, zero)[0].outcome is Outcome.CONSISTENT


def test_accuracy_without_a_count_and_failures_that_do_not_fit(checked):
    linked = {"check": "linked", "sizes": {"only": [7]}, "right": "some.claim"}
    verdict, _ = checked(linked)
    assert verdict.outcome is Outcome.IMPOSSIBLE and "nearest 4/7 = 57.14% and 5/7 = 71.43%" in verdict.reason
    count = claim_table(id="count", kind="point", stated="3", statistic="sample_size")
    ten = linked | {"sizes": {"only": [10]}}
    assert checked(ten)[0].outcome is Outcome.CONSISTENT
    assert checked(linked | {"sizes": {"only": [7, 10]}})[0].outcome is Outcome.CONSISTENT  # one size is enough
    verdict, _ = checked(ten | {"wrong_count": "count"}, claim_table(), count)
    assert verdict.outcome is Outcome.IMPOSSIBLE and "60.0% leaves 4 wrong, not 3" in verdict.reason


def test_digits_of_one_claim_against_its_own_denominator(tmp_path):
    def findings(**changes):
        path = tmp_path / "one.toml"
        path.write_text(ledger_text(("claim", claim_table(**changes))), encoding="utf-8")
        return digits_of(load_ledger(path).claims[0])

    assert findings() == []
    assert findings(of=5)[0][1] and "3/5 = 60%" in findings(of=5)[0][2]
    _, possible, finding = findings(of=7)[0]
    assert not possible and "no whole number of 7 rounds to 60.0%; the nearest are 4/7" in finding
    zero = {"kind": "zero_count", "statistic": "settled_share"}
    assert findings(stated="0 of 254", of=254, **zero)[0][1] and not findings(stated="0 of 254", of=253, **zero)[0][1]
    area = {"kind": "range", "statistic": "auc", "stated": "0.88–0.90"}
    assert findings(members=["0.879", "0.900"], **area)[0][1]
    assert not findings(members=["0.879", "0.910"], **area)[0][1]
    assert not findings(members=["0.870", "0.900"], **area)[0][1]


def test_nearest_shares_are_the_closest_that_miss():
    stated = parse_stated("0.55%")
    assert nearest(stated, [3883]) == [(21, 3883), (22, 3883)]
    assert nearest(stated, range(3879, 3888)) == [(21, 3879), (22, 3887)]
    assert nearest(parse_stated("0%"), [3]) == [(1, 3)]
    assert nearest(stated, [0]) == [] == nearest(parse_stated("≤ 5%"), [100])  # no example, and digits without a nearest


def test_each_share_of_failures_is_read_as_one_of_all(checked):
    """One that is possible as it is printed does not hide the next."""
    shares = [claim_table(id=name, stated=text) for name, text in (("right", "50%"), ("half", "50%"), ("third", "33%"))]
    linked = {"check": "linked", "sizes": {"only": [8]}, "right": "right", "of_wrong": ["half", "third"], "also": [12]}
    _, rows = checked(linked, *shares)
    assert [row.subject for row in rows if "instead" in row.subject] == ["33% of all 8 instead of the failures"]
