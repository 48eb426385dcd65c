"""What would change a verdict: the figure that would turn it, and the sample that would decide it.

Sample sizes are found by asking the rules of judgement again with the present estimate and a larger sample (see
`unsettled.claims.explanation.resizing`). All of it is planning, not judgement.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.explanation.resizing import Decide, deciding_factor
from unsettled.claims.judgement.evidence import ALPHA, Evidence, against_fresh
from unsettled.claims.judgement.other_sample import ratio_of
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import Exists, Form, describe, region
from unsettled.claims.ledger.stated import Stated
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.claims.wording import LINES, WITHOUT_PAIRS, caveat, is_share, span_of_lines
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.proportion import proportion
from unsettled.measure.support.figures import as_percent, number

NARROWER = "a narrower range of lines between settled and unsettled"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The question behind a verdict: the claim, the form that decided (None: the printed digits), and the sample."""

    claim: AnyClaim
    verdict: Verdict
    form: Form | None
    rows: int


def turning(asked: Asked) -> list[str]:
    """What would change the verdict, one sentence each; says so where no size can be computed."""
    verdict = asked.verdict
    if verdict.measured is None or verdict.outcome is Outcome.ERROR:
        return [_WITHOUT.get(verdict.outcome, "a measurement: nothing was measured here")]
    measured = verdict.measured.estimate
    if not measured.defined:
        return [f"a sample on which the statistic is defined ({measured.undefined_reason}); no sample size can be given"]
    if verdict.outcome is Outcome.UNVERIFIABLE:
        return ["the authors' own setting: it is a design choice, which no other measurement can confirm or refute"]
    return _by_another_value(asked, measured)


def _by_another_value(asked: Asked, measured: Estimate) -> list[str]:
    """What would change a verdict on a value that was measured."""
    verdict, claim = asked.verdict, asked.claim
    if verdict.mode == "recompute" or lookup(claim.statistic).exact:
        return [_recomputed(asked, measured)]
    if isinstance(asked.form, Exists):
        return [_existence(asked.form, measured, verdict)]
    if asked.form is None and claim.printed is not None and claim.printed.shape not in ("most", "least"):
        return _printed(asked, measured, claim.printed)
    return _placed(asked, measured)


_WITHOUT = {
    Outcome.UNVERIFIABLE: "the missing input; without it neither a value nor a sample size can be computed",
    Outcome.IMPOSSIBLE: "other digits, or another denominator: no measurement can change what the digits exclude",
    Outcome.ERROR: "an audit that does not fail: until then there is no verdict on the paper",
}


def span_of(asked: Asked) -> tuple[float, float] | None:
    """The open interval in which the value must lie for the claim to stand; None where printed digits decide."""
    if asked.form is not None:
        return region(asked.form)
    stated = asked.claim.printed
    if stated is None or stated.shape not in ("most", "least"):
        return None
    return stated.region


def _size(asked: Asked, measured: Estimate, decide: Decide) -> str:
    """The sample that decides at the present estimate, in words."""
    found = deciding_factor(measured, decide)
    if found is None and (lines := span_of_lines(measured)):
        least, most = map(as_percent if is_share(measured) else asked.verdict.notation.value, lines)
        return f"{NARROWER}: those that could be drawn give {least} to {most}, whatever the number of puzzles"
    if found is None:
        return f"no practicable sample size decides it at the present estimate of {asked.verdict.notation.value(measured.value)}"
    factor, answer = found
    cases, puzzles = math.ceil(measured.n * factor - 1e-6), math.ceil(asked.rows * factor - 1e-6)
    whole = f" (a record of about {puzzles:,} puzzles in place of {asked.rows:,})" if cases != puzzles else ""
    at = f"at the present estimate of {asked.verdict.notation.value(measured.value)}"
    return f"about n = {cases:,} in place of {measured.n:,}{whole} would decide it {at}: {answer}"


def _placed(asked: Asked, measured: Estimate) -> list[str]:
    """A region of values: the interval lies inside, outside, or contains a limit of it."""
    span, verdict = span_of(asked), asked.verdict
    if WITHOUT_PAIRS in measured.extra:
        without, lines = (int(measured.extra[name]) for name in (WITHOUT_PAIRS, LINES))
        nothing = f"with {without} of the {lines} that could be drawn no failure or no success is left to compare"
        return [f"{NARROWER}: {nothing}, whatever the number of puzzles"]
    if not (math.isfinite(measured.low) and math.isfinite(measured.high)) or span is None:
        return ["a confidence interval; the method gives none on so few cases, so no sample size can be given"]
    edges = [edge for edge in span if math.isfinite(edge)]
    words = " and ".join(asked.verdict.notation.value(edge) for edge in edges)
    if verdict.outcome is not Outcome.UNDERPOWERED:
        nearest = min(edges, key=lambda edge: min(abs(measured.low - edge), abs(measured.high - edge)))
        limit = min((measured.low, measured.high), key=lambda x: abs(x - nearest))
        notation = verdict.notation
        far = f"its limit {notation.value(limit)} is {notation.difference(abs(limit - nearest))} from it"
        stands, falls = verdict_names(verdict)
        other = falls if verdict.outcome == stands else stands
        beyond = f"between {words}" if len(edges) == 2 and other == stands else "beyond"
        return [f"inconclusive once the interval contains {notation.value(nearest)} ({far}); {other} once it lies entirely {beyond}"]
    if lookup(asked.claim.statistic).fresh is not None:
        return [f"an interval entirely on one side of {words}; an extreme depends on the number of cases, so no sample size can be given"]
    inside = span[0] < measured.value < span[1]
    doubt = caveat(measured)
    told = []
    if doubt and inside:
        told.append("a difference between outcomes: without it no number of puzzles makes agreement evidence")
    clear = bool(_side(measured, span, verdict))
    if clear and verdict.p_value is not None and verdict.p_adjusted is not None and verdict.p_adjusted > ALPHA:
        told.append(
            f"stronger evidence: p = {number(verdict.p_value, 2)} alone is {number(verdict.p_adjusted, 2)} among the claims judged on this "
            f"network (false discovery rate), and must be at most {ALPHA}"
        )
    if not clear and measured.value in edges:
        told.append(f"another value: the estimate equals the threshold {words}, which no sample size decides")
    elif not clear:
        size = _size(asked, measured, lambda estimate, _: _side(estimate, span, verdict))
        told.append(f"{size}, if there were a difference between outcomes" if doubt and inside else size)
    return told


def _side(estimate: Estimate, span: tuple[float, float], verdict: Verdict) -> str:
    agrees, disagrees = verdict_names(verdict)
    if span[0] < estimate.low and estimate.high < span[1]:
        return agrees
    return disagrees if estimate.high <= span[0] or estimate.low >= span[1] else ""


def verdict_names(verdict: Verdict) -> tuple[str, str]:
    """What a claim that stands and one that falls are called under the question that was asked."""
    other = verdict.mode == "transfer"
    return ("TRANSFERS", "DOES_NOT_TRANSFER") if other else ("CONSISTENT", "REFUTED")


def _printed(asked: Asked, measured: Estimate, stated: Stated) -> list[str]:
    """A fresh sample against printed digits."""
    claim, verdict = asked.claim, asked.verdict
    if lookup(claim.statistic).fresh is not None:
        return ["another count beyond the printed extreme; an extreme depends on the number of cases, so no sample size can be given"]
    if not (math.isfinite(measured.low) and math.isfinite(measured.high)):
        return ["a confidence interval; the method gives none on so few cases, so no sample size can be given"]
    told = [_compatible(asked, measured, stated)]
    if verdict.outcome is not Outcome.UNDERPOWERED:
        return told
    factor = verdict.p_adjusted / verdict.p_value if verdict.p_adjusted and verdict.p_value else 1.0

    def decide(estimate: Estimate, grown: float) -> str:
        evidence = _evidence(asked, estimate, stated, grown)
        if evidence.excluded:
            return "REFUTED" if evidence.p_value * factor <= ALPHA else ""
        return "CONSISTENT" if evidence.close else ""

    return [_size(asked, measured, decide), *told]


def _evidence(asked: Asked, estimate: Estimate, stated: Stated, grown: float = 1.0) -> Evidence:
    claim = asked.claim
    ratio = ratio_of(claim, estimate, round(asked.rows * grown))
    tests = asked.verdict.family_tests
    return against_fresh(stated, estimate, smallest=claim.smallest_contradiction, ratio=ratio, tolerance=claim.tolerance, tests=tests)


def _compatible(asked: Asked, measured: Estimate, stated: Stated) -> str:
    """Which values this very sample would not have excluded."""
    if is_share(measured):

        def fits(hits: int) -> bool:
            return not _evidence(asked, proportion(hits, measured.n, level=measured.level), stated).excluded

        centre = min(measured.n, max(0, round(stated.value * measured.n)))
        if not fits(centre):
            return f"no count of {measured.n:,} comes near {claim_text(asked)}"
        first, last = _last(fits, centre, 0), _last(fits, centre, measured.n)
        return f"{first:,} to {last:,} of {measured.n:,} do not reject {claim_text(asked)}; any other count would"
    evidence = _evidence(asked, measured, stated)
    hedge = asked.claim.tolerance
    low, high = stated.region
    limits = asked.verdict.notation.interval(low - hedge - (evidence.high - measured.value), high + hedge + measured.value - evidence.low)
    return f"with an interval as wide as this one, values in {limits} do not reject {claim_text(asked)}; any other would"


def _last(fits: Callable[[int], bool], start: int, end: int) -> int:
    """The last count from ``start`` towards ``end`` that fits, by bisection."""
    if fits(end):
        return end
    while abs(end - start) > 1:
        middle = (start + end) // 2
        start, end = (middle, end) if fits(middle) else (start, middle)
    return start


def _existence(form: Exists, measured: Estimate, verdict: Verdict) -> str:
    """One case is enough; how many without one exclude the declared rate is exact."""
    hits, needed = measured.counts.get("successes", 0), math.ceil(math.log(ALPHA) / math.log1p(-form.rate))
    none = f"no case at all among {needed:,} {measured.denominator}, which would exclude a rate of {as_percent(form.rate)}"
    if hits and verdict.outcome is Outcome.UNDERPOWERED:
        return "bimodal late displacement, with failures less often in the low mode; no number of puzzles makes up for it"
    if hits:
        return none
    if verdict.outcome is Outcome.UNDERPOWERED:
        return f"a single case, or n = {needed:,} in place of {measured.n:,} still without one: {verdict_names(verdict)[1]}"
    return "a single case"


def _recomputed(asked: Asked, measured: Estimate) -> str:
    """The same examples, or a fact of the checkpoint: only the value counts, whatever the size."""
    stated, noise = asked.claim.printed, asked.verdict.noise or 0.0
    if asked.verdict.outcome is Outcome.UNDERPOWERED and (lines := span_of_lines(measured)):
        least, most = map(asked.verdict.notation.value, lines)
        return f"{NARROWER}: those that could be drawn give {least} to {most}, and the same examples have no sampling error"
    if asked.form is not None or stated is None or stated.low is None or stated.high is None:
        words = describe(asked.form, asked.verdict.notation) if asked.form is not None else stated.agrees if stated else "as stated"
        return f"a value on the other side of “{words}”; the value has no sampling error, so no sample size matters"
    if stated.shape == "count":
        return f"counts other than {stated.text}; the same examples have no sampling error, so no sample size matters"
    hedge = asked.claim.tolerance + noise
    limits = asked.verdict.notation.interval(float(stated.low) - hedge, float(stated.high) + hedge)
    side = "outside" if stated.contains(measured.value, widen=hedge) else "inside"
    return f"a value {side} {limits}; the value has no sampling error, so no sample size matters"


def claim_text(asked: Asked) -> str:
    """The printed figure, e.g. ``0.993``."""
    return asked.claim.stated
