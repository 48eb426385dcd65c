"""An audit in one sentence."""

from __future__ import annotations

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Outcome
from unsettled.measure.support.figures import number, plural


def sentence(audit: Audit) -> str:
    """What the run decided, on the paper's own populations first."""

    def tally(*names: str) -> int:
        return sum(audit.counts[name] for name in names)

    digits = [v for v in audit.arithmetic if v.outcome is Outcome.IMPOSSIBLE]
    if not audit.verdicts:
        return "No claim was judged."
    if not audit.decided:
        return "Nothing was decided: this run says nothing about the paper."
    own = tally("REPRODUCED", "CONSISTENT")
    against = tally("REFUTED", "IMPOSSIBLE")
    parts = [
        f"{plural(own, 'claim')} held and {against} failed on the paper's own populations"
        if own or against
        else "Nothing was decided on the paper's own populations"
    ]
    other = tally("TRANSFERS", "DOES_NOT_TRANSFER")
    if other:
        false = f" (at most {number(audit.expected_false, 2)} of them false in expectation)" if audit.expected_false else ""
        parts.append(f"{tally('TRANSFERS')} of {other} transfer to other checkpoints{false}")
    if digits:
        known = sum(bool(v.acknowledged) for v in digits)
        parts.append(f"{plural(len(digits), 'check')} of the digits cannot hold ({known} acknowledged)")
    for name, what in (("DRIFTED", "drifted from the baseline"), ("ERROR", "could not be judged")):
        if tally(name):
            parts.append(f"{tally(name)} {what}")
    return "; ".join(parts) + "."
