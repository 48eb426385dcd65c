"""Planted falsehoods: each must be caught in the same run, and the truth beside it must hold."""

import pytest

from unsettled.claims.audit.planted import DIGITS, Falsehood, read_falsehoods
from unsettled.claims.digits.arithmetic import arithmetic
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.claims.session import find, run_of, sharing_of
from unsettled.measure.record.record import Record
from unsettled.measure.record.synthetic import synthetic_record


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "falsehood" in metafunc.fixturenames:
        references = [p for p in run_of(metafunc.config).populations if p.kind == "reference" and has_both(p.record)]
        planted_in = references or [Population(name="synthetic.trm", kind="user", architecture="trm", record=synthetic_record())]
        cases = [pytest.param(f, p, id=f"{f.name}@{p.name}") for p in planted_in for f in read_falsehoods()]
        metafunc.parametrize(("falsehood", "population"), cases)


def has_both(record: Record | None) -> bool:
    """Whether a record holds successes and failures: without both there is no area to lie about."""
    return record is not None and bool(0 < record.solved.sum() < len(record))


def test_falsehood(request: pytest.FixtureRequest, falsehood: Falsehood, population: Population) -> None:
    planted = sharing_of(request.config).planted(falsehood, population)
    if planted is None:
        pytest.skip(f"on {population.name} numerical noise moves the figure as far")
    find(request.node, "planted", planted)
    assert planted.truth == "REPRODUCED", f"the truth {planted.truth_stated} came out {planted.truth}"
    assert planted.caught, f"the lie {planted.stated} came out {planted.outcome}, not {planted.expected}: {planted.reason}"


def test_digits() -> None:
    outcomes = {verdict.claim: verdict.outcome for verdict in arithmetic(load_ledger(DIGITS)).verdicts}
    assert outcomes == {"agree": "CONSISTENT", "contradict": "IMPOSSIBLE"}
