"""Records and a ledger become verdicts, and the verdicts of a run one audit. Judging measures nothing and loads no torch.

    load_ledger   read a ledger (TOML), checked line by line
    Ledger        a paper's claims, each with its printed figure and what must hold elsewhere
    Population    a checkpoint and its examples, under the name that claims are judged by
    Settings      what a run is asked to do: ledger, inputs, policy, seed
    Run           the ledger and the populations of one run, and the verdicts on them
    judge         one claim on one population
    Verdict       what came of it: an outcome, the estimate with its interval, and the reason in a sentence
    Outcome       the ten outcomes
    audit_of      the audit of a run
    Audit         everything that a run found, from which alone every report is drawn
    read_audit    read one

>>> from unsettled.claims import Run, Settings
>>> run = Run(Settings(seed=1))
>>> verdict = run.judge("trm.lambda1.auc@reference.trm-9x9")
>>> verdict.outcome, verdict.criterion
(<Outcome.TRANSFERS: 'TRANSFERS'>, 'auc of pairs of a TRM failure and a TRM success: above 0.9')
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same table for type checkers
    from unsettled.claims.audit.audit import Audit, read_audit
    from unsettled.claims.audit.run import Run, Settings
    from unsettled.claims.audit.summary import audit_of
    from unsettled.claims.judgement.judge import judge
    from unsettled.claims.ledger.ledger import Ledger
    from unsettled.claims.ledger.load import load_ledger
    from unsettled.claims.populations.populations import Population
    from unsettled.claims.verdict import Outcome, Verdict

_HOMES = {
    "Audit": "audit.audit",
    "Ledger": "ledger.ledger",
    "Outcome": "verdict",
    "Population": "populations.populations",
    "Run": "audit.run",
    "Settings": "audit.run",
    "Verdict": "verdict",
    "audit_of": "audit.summary",
    "judge": "judgement.judge",
    "load_ledger": "ledger.load",
    "read_audit": "audit.audit",
}

__all__ = ["Audit", "Ledger", "Outcome", "Population", "Run", "Settings", "Verdict", "audit_of", "judge", "load_ledger", "read_audit"]


def __getattr__(name: str) -> Any:
    """A public name, loaded when it is first used (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(f"unsettled.claims.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
