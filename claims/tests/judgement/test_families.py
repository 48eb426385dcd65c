"""Holm within a paper's families and Benjamini and Hochberg within a network: which verdicts are held to what, and at which edge."""

from __future__ import annotations

import pytest

from unsettled.claims.judgement.families import adjust, expected_false
from unsettled.claims.judgement.families import tests_of as figures_of
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text


@pytest.fixture
def told(make_verdict):
    def verdict(claim, p_value, *, mode="replicate", outcome="REFUTED", **more):
        return make_verdict(outcome, claim=claim, mode=mode, p_value=p_value, **more)

    return verdict


def test_refutations_of_one_family_are_held_to_holm_over_all_of_its_figures(told):
    """Five figures of which three were measured: those that were not count as p = 1."""
    verdicts = [told(name, p, family="main", family_tests=5) for name, p in (("a", 0.009), ("b", 0.0125), ("c", 0.02))]
    other = told("d", 0.05, family="other", family_tests=1)
    held = adjust([*verdicts, other])
    assert [one.p_adjusted for one in held] == pytest.approx([0.045, 0.05, 0.06, 0.05])
    assert [one.outcome for one in held] == [Outcome.REFUTED, Outcome.REFUTED, Outcome.UNDERPOWERED, Outcome.REFUTED]
    assert held[2].reason.endswith("; not beyond chance among the 5 figures of its family (main; Holm, p = 0.06)")
    fewer = [told(name, p, family="main", family_tests=1) for name, p in (("a", 0.01), ("b", 0.03))]
    assert [one.p_adjusted for one in adjust(fewer)] == pytest.approx([0.02, 0.03])  # at least those that were measured


def test_the_largest_size_that_is_told_of_a_family_counts(told):
    verdicts = [
        told("a", 0.01, family="main", family_tests=2),
        told("b", 0.9, family="main", family_tests=6),
        told("c", 0.9, family="main", family_tests=3),
    ]
    assert adjust(verdicts)[0].p_adjusted == pytest.approx(0.06)


def test_decisions_on_a_network_are_held_to_its_false_discovery_rate(told):
    verdicts = [
        told(name, p, mode="transfer", outcome="TRANSFERS", population="net") for name, p in (("a", 0.01), ("b", 0.025), ("c", 0.06))
    ]
    elsewhere = told("a", 0.06, mode="transfer", outcome="DOES_NOT_TRANSFER", population="other")
    alone = told("b", 0.05, mode="transfer", outcome="DOES_NOT_TRANSFER", population="third")
    held = adjust([*verdicts, elsewhere, alone])
    assert [one.p_adjusted for one in held] == pytest.approx([0.03, 0.0375, 0.06, 0.06, 0.05])
    assert [str(one.outcome) for one in held] == ["TRANSFERS", "TRANSFERS", "UNDERPOWERED", "UNDERPOWERED", "DOES_NOT_TRANSFER"]
    assert "among 3 claims on this network (false discovery rate, p = 0.06)" in held[2].reason
    assert adjust(verdicts, alpha=0.03)[1].outcome is Outcome.UNDERPOWERED and adjust(verdicts, alpha=0.03)[0].outcome is Outcome.TRANSFERS


def test_what_has_no_p_value_or_was_recomputed_is_left_as_it_is_and_agreement_is_not_lost(told):
    kept = [told("a", None), told("b", 0.9, mode="recompute"), told("c", None, mode="transfer")]
    assert adjust(kept) == kept
    agreed = adjust([told("d", 0.9, outcome="CONSISTENT")])[0]
    assert agreed.outcome is Outcome.CONSISTENT and agreed.p_adjusted == pytest.approx(0.9)


def test_of_what_was_decided_elsewhere_alpha_may_be_false_and_what_was_planted_does_not_count(told):
    decided = [
        told(str(i), 0.01, mode="transfer", outcome=outcome) for i, outcome in enumerate(("TRANSFERS", "DOES_NOT_TRANSFER", "REFUTED"))
    ]
    planted = told("p", 0.01, mode="transfer", outcome="TRANSFERS", planted=True)
    assert expected_false([*decided, planted]) == pytest.approx(0.1) and expected_false(decided, alpha=0.2) == pytest.approx(0.4)
    assert expected_false([]) == 0


def test_only_figures_that_a_sample_could_refute_count_in_a_family(tmp_path):
    """One for each of a claim's own populations; a fact of the checkpoint, a choice, and what no record holds have no sampling error."""
    tables = [
        claim_table(id="one"),
        claim_table(id="both", population="paper.both"),
        claim_table(id="size", statistic="sample_size", kind="point", stated="2,048", smallest_contradiction=1),
        claim_table(id="width", statistic="hidden_size", kind="point", stated="512", smallest_contradiction=1),
        claim_table(id="never", statistic="external", parameters={"needs": "a survey"}),
    ]
    (tmp_path / "l.toml").write_text(ledger_text(*(("claim", table) for table in tables)), encoding="utf-8")
    ledger = load_ledger(tmp_path / "l.toml")
    assert [figures_of(claim, ledger) for claim in ledger.claims] == [3] * 5
    (tmp_path / "l.toml").write_text(ledger_text(("claim", tables[2])), encoding="utf-8")
    lone = load_ledger(tmp_path / "l.toml")
    assert figures_of(lone.claims[0], lone) == 1
