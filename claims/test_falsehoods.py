"""Planted falsehoods: each must be caught in the same run, and the truth beside it must hold."""

from dataclasses import replace

import pytest

from claims.arithmetic import arithmetic
from claims.ledger import load_ledger
from claims.planted import DIGITS, outcome_of, read_falsehoods
from claims.plugin import find, run_of


def pytest_generate_tests(metafunc):
    if "falsehood" in metafunc.fixturenames:
        references = [p for p in run_of(metafunc.config).populations if p.kind == "reference" and p.record is not None]
        cases = [pytest.param(f, p, id=f"{f.name}@{p.name}") for f in read_falsehoods() for p in references]
        metafunc.parametrize(("falsehood", "population"), cases)


def test_falsehood(request, falsehood, population):
    planted = outcome_of(falsehood, population)
    find(request.node, "planted", planted)
    assert planted.truth == "REPRODUCED", f"the truth {planted.truth_stated} came out {planted.truth}"
    assert planted.caught, f"the lie {planted.stated} came out {planted.outcome}, not {planted.expected}: {planted.reason}"


def test_digits():
    outcomes = {verdict.claim: verdict.outcome for verdict in arithmetic(load_ledger(DIGITS)).verdicts}
    assert outcomes == {"agree": "CONSISTENT", "contradict": "IMPOSSIBLE"}
