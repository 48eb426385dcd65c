"""What was measured, as facts: value and interval, method and counts, what the sample could have shown, and the figures beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from unsettled.claims.explanation.facts import Fact
from unsettled.claims.judgement.power import standard_error
from unsettled.claims.verdict import Measurement, Verdict
from unsettled.claims.wording import figure
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.power import minimum_detectable_difference
from unsettled.measure.support.figures import Notation, number

# What may stand beside λ₁: key of the figures beside an estimate, and its name.
BASELINES = {"auc_displacement": "late displacement", "auc_halting": "halting logit", "auc_spectrum_mean": "mean of the spectrum"}
INCREMENT = ("increment", "increment_low", "increment_high", "increment_p_value")
# what a figure beside the value is called, where its name says too little
SHOWN_AS = {"residual": "AUC of the displacement itself within the bins (½: none is left)"}
# by what the p-values of a question are adjusted
ADJUSTED = {
    "transfer": "by the false discovery rate within this network",
    "replicate": "for its family (Holm)",
    "recompute": "for its family (Holm)",
    "arithmetic": "",
}


def measured_facts(verdict: Verdict, measured: Measurement) -> Iterator[Fact]:
    """The facts of what a verdict rests on, from the value to the figures that came with it."""
    estimate = measured.estimate
    if not estimate.defined:
        yield Fact("measured", f"no value: {estimate.undefined_reason}")
        return
    told = figure(estimate, measured.notation)
    yield Fact("measured", f"{told}, {estimate.level:.0%} interval" if measured.shown_limits else told)
    if estimate.method:
        yield Fact("method", estimate.method)
    if estimate.counts:
        yield Fact("counts", ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in estimate.counts.items()))
    yield Fact("power", _power(verdict, measured))
    yield from _beside(estimate)


def _power(verdict: Verdict, measured: Measurement) -> str:
    """What difference this sample would have noticed."""
    estimate, told_as = measured.estimate, measured.notation.difference
    if verdict.mode == "recompute" or estimate.low == estimate.high:
        noise = f"; numerical noise widened the digits by {told_as(verdict.noise)}" if verdict.noise else ""
        return f"deterministic: no sampling error{noise}"
    if verdict.power is not None:
        power, least = verdict.power, verdict.power.minimum_detectable_difference
        told = f"power {power.power:.2f} at a difference of {told_as(power.smallest_contradiction)}"
        told += f"; minimum detectable difference at 80% power: {told_as(least)}" if least else ""
    elif 0 < (error := standard_error(estimate)) < math.inf:
        least, source = minimum_detectable_difference(error), "" if estimate.error else ", from the width of the interval"
        told = f"minimum detectable difference at 80% power: {told_as(least)} (standard error {told_as(error)}{source})"
    else:
        told = "unknown: the method gives no standard error here"
    if verdict.p_value is not None:
        told += f"; p = {number(verdict.p_value, 2)}"
        told += f", {number(verdict.p_adjusted, 2)} adjusted {ADJUSTED[verdict.mode]}" if verdict.p_adjusted is not None else ""
    return told


def _beside(measured: Estimate) -> Iterator[Fact]:
    """Baselines and incremental value where the claim is about λ₁; then all other figures that came with it."""
    extra: dict[str, float | str] = {n: value for n, value in measured.extra.items() if isinstance(value, str) or not math.isnan(value)}
    if "increment" in extra:
        for key, name in BASELINES.items():
            value = extra.pop(key, None)
            yield Fact("baseline", f"{name} alone: AUC {number(value)}" if isinstance(value, float) else f"{name}: no AUC here")
        gain, low, high, p_value = (extra.pop(name, None) for name in INCREMENT)
        yield Fact("λ₁ adds", _gain(gain, low, high, p_value))
    shown = [
        f"{SHOWN_AS.get(name, name.replace('_', ' '))} {value if isinstance(value, str) else number(value)}"
        for name, value in extra.items()
    ]
    if shown:
        yield Fact("also reported", "; ".join(shown))


def _gain(gain: object, low: object, high: object, p_value: object) -> str:
    what = "to the AUC of late displacement and halting logit together, out of fold"
    if not isinstance(gain, float):
        return f"nothing that could be computed {what}"
    limits = (low, high) if isinstance(low, float) and isinstance(high, float) else ()
    sure = f", p = {number(p_value, 2)}" if isinstance(p_value, float) else ""
    return f"{'' if gain < 0 else '+'}{Notation().measured(gain, *limits)} {what}{sure}"
