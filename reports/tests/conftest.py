"""Audits made up on the spot, and a folder of made-up references, for the tests of the reports."""

import pytest

from unsettled.claims.audit.audit import Audit, LedgerEntry, PopulationEntry, Tool, count
from unsettled.claims.audit.planted import Planted
from unsettled.claims.audit.remeasure import Remeasured
from unsettled.claims.verdict import Measurement, Outcome, Verdict
from unsettled.fixtures.synthetic.audits import write_reference
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record


@pytest.fixture(autouse=True)
def nothing_fetched(monkeypatch, tmp_path_factory):
    """What this user has fetched must not enter the audits of tests."""
    monkeypatch.setenv("UNSETTLED_CACHE", str(tmp_path_factory.getbasetemp() / "nothing-fetched"))


@pytest.fixture(scope="session")
def records():
    """Synthetic records by architecture; both outcomes, λ₁ well apart."""
    return {"trm": synthetic_record(400, seed=1), "hrm": synthetic_record(400, facts=HRM_FACTS, seed=2)}


@pytest.fixture
def references(tmp_path, records):
    """A folder of two references that hold records but no checkpoints."""
    root = tmp_path / "references"
    for architecture, record in records.items():
        write_reference(root, record, name=f"reference.{architecture}", architecture=architecture)
    return root


@pytest.fixture
def make_verdict():
    """A verdict of the given outcome, with whatever else is given."""

    def make(outcome="TRANSFERS", **changes):
        given = {
            "claim": "trm.lambda1.auc",
            "population": "reference.trm",
            "mode": "transfer",
            "outcome": Outcome(outcome),
            "stated": "0.993",
            "words": "λ₁ separates",
            "locator": "¶2",
            "criterion": "above 0.5",
            "reason": "because",
            "measured": Measurement(value=0.9312, low=0.9101, high=0.9487, n=2048),
        }
        return Verdict(**{**given, **changes})

    return make


@pytest.fixture
def make_audit():
    """An audit of the given verdicts, with whatever else is given."""

    def make(verdicts, **changes):
        names = dict.fromkeys(v.population for v in verdicts)
        given = {
            "tool": Tool(version="0"),
            "ledger": LedgerEntry(path="paper.toml", digest="0" * 64, title="A paper", claims=1),
            "policy": "draft",
            "seed": 7,
            "complete": True,
            "verdicts": tuple(verdicts),
            "arithmetic": (),
            "populations": tuple(population(n, rows=0 if n.startswith("paper") else 2048) for n in names),
            "remeasured": (
                Remeasured(population="reference.trm", seed=7, of=2048, examples=[1, 5], sensitive=[], differing=[], largest={}),
            ),
            "planted": (
                Planted(
                    name="wrong-auc",
                    what="a lie",
                    population="reference.trm",
                    stated="0.5",
                    expected="REFUTED",
                    outcome="REFUTED",
                    reason="no",
                    truth_stated="0.9",
                    truth="REPRODUCED",
                ),
            ),
            "counts": count(tuple(verdicts)),
            "versions": {"python": "3"},
        }
        return Audit(**{**given, **changes})

    def population(name, *, rows):
        kind = name.split(".")[0] if name.startswith(("paper", "reference")) else "user"
        return PopulationEntry(
            name=name,
            kind=kind,
            architecture="trm",
            title="",
            record=None,
            rows=rows,
            missing=None if rows else "none",
            command=None if rows else "pytest claims/ --checkpoint X",
            same_examples=False,
            fingerprints={},
            measurement={},
        )

    return make
