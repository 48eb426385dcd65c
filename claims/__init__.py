"""The ledger of a paper and its judge: records become verdicts, and the verdicts of a run one audit. No statistic needs torch.

The names below are the public ones; everything else is private by convention and may move. They are loaded when they are
first used.

What a paper claims
    load_ledger    read and validate a ledger (TOML); the shipped one by default
    Ledger         all claims of one paper
    Claim          one typed claim: what is printed, what measures it, what must hold elsewhere
    parse_stated   a printed figure with the values that round to its digits
    statistic      register a statistic that claims may name

Judging
    Population     a checkpoint and its examples, with the record that was measured
    judge          the verdict on one claim for one population
    judge_all      every verdict of a ledger, with Holm's adjustment
    Verdict        what was claimed, what was measured, and how the two compare
    Outcome        the ten verdicts
    Measurement    an estimate and the notation in which every reader shows it
    arithmetic     what the printed digits exclude without any model

A run
    Run            the ledger and the populations of one audit
    Settings       what a run is asked to do
    explain        one verdict in full, and what would change it
    audit_of       the audit of a run
    Audit          everything that a run found, from which alone every report is drawn
    read_audit     read one

>>> from unsettled.claims import Population, judge, load_ledger
>>> from unsettled.measure import synthetic_record
>>> ledger = load_ledger()
>>> mine = Population(name="mine", kind="user", architecture="trm", record=synthetic_record(2000, separation=3.0, seed=1))
>>> verdict = judge(ledger["trm.lambda1.auc"], mine, ledger=ledger)
>>> print(f"{verdict.outcome.shown}: stated {verdict.stated}, measured {verdict.shown}")
TRANSFERS: stated 0.993, measured 0.9828 [0.9773, 0.9869]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unsettled.measure.support.front_door import front_door

if TYPE_CHECKING:  # the same table for type checkers
    from unsettled.claims.audit.audit import Audit, read_audit
    from unsettled.claims.audit.run import Run, Settings
    from unsettled.claims.audit.summary import audit_of
    from unsettled.claims.catalogue.registry import statistic
    from unsettled.claims.digits.arithmetic import arithmetic
    from unsettled.claims.explanation.pages import explain
    from unsettled.claims.judgement.judge import judge, judge_all
    from unsettled.claims.ledger.claim import Claim
    from unsettled.claims.ledger.ledger import Ledger
    from unsettled.claims.ledger.load import load_ledger
    from unsettled.claims.ledger.printed import parse_stated
    from unsettled.claims.populations.populations import Population
    from unsettled.claims.verdict import Measurement, Outcome, Verdict

_HOMES = {
    ".audit.audit": ("Audit", "read_audit"),
    ".audit.run": ("Run", "Settings"),
    ".audit.summary": ("audit_of",),
    ".catalogue.registry": ("statistic",),
    ".digits.arithmetic": ("arithmetic",),
    ".explanation.pages": ("explain",),
    ".judgement.judge": ("judge", "judge_all"),
    ".ledger.claim": ("Claim",),
    ".ledger.ledger": ("Ledger",),
    ".ledger.load": ("load_ledger",),
    ".ledger.printed": ("parse_stated",),
    ".populations.populations": ("Population",),
    ".verdict": ("Measurement", "Outcome", "Verdict"),
}

__all__ = [
    "Audit",
    "Claim",
    "Ledger",
    "Measurement",
    "Outcome",
    "Population",
    "Run",
    "Settings",
    "Verdict",
    "arithmetic",
    "audit_of",
    "explain",
    "judge",
    "judge_all",
    "load_ledger",
    "parse_stated",
    "read_audit",
    "statistic",
]

__getattr__, __dir__ = front_door(__name__, _HOMES)
