"""A claim on a population under one question: everything of a verdict but its decision."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from typing import Any, Literal, Protocol

from unsettled.claims.judgement.evidence import Evidence
from unsettled.claims.ledger.forms import Form, describe
from unsettled.claims.ledger.ledger import AnyClaim, Ledger
from unsettled.claims.verdict import Measurement, Outcome, Power, Verdict
from unsettled.claims.wording import figure
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate

Mode = Literal["recompute", "replicate", "transfer"]


class PopulationLike(Protocol):
    """What judging needs to know of a population; `unsettled.claims.populations.populations.Population` has it."""

    @property
    def name(self) -> str: ...
    @property
    def architecture(self) -> str | None: ...
    @property
    def same_examples(self) -> bool: ...
    @property
    def missing(self) -> str | None: ...
    @property
    def record(self) -> Record | None: ...


def side_of(population: PopulationLike) -> Callable[[str], Any] | None:
    """How to look up the side records of a population, if it has any place for them."""
    return getattr(population, "side", None)


def mode_of(claim: AnyClaim, population: PopulationLike, ledger: Ledger) -> Mode:
    """Which question a population can answer about a claim."""
    if population.name not in ledger.own(claim):
        return "transfer"
    return "recompute" if population.same_examples and claim.mode == "recompute" else "replicate"


class Case:
    """One claim, one population, one question; `verdict` wraps what was decided."""

    def __init__(self, claim: AnyClaim, population: PopulationLike, mode: Mode) -> None:
        self.claim, self.population, self.mode = claim, population, mode

    @property
    def form(self) -> Form | None:
        """The form to judge by; None where printed digits decide."""
        return self.claim.form if self.mode == "transfer" else self.claim.own_form

    @property
    def criterion(self) -> str:
        """What must be so for the claim to stand, in words."""
        if self.form is not None:
            return f"{self.claim.statistic} of {self.claim.denominator}: {describe(self.form)}"
        if self.mode == "recompute":
            return f"the same examples print {self.claim.stated}"
        return f"a fresh sample that could have excluded {self.claim.stated} does not"

    @property
    def agrees(self) -> Outcome:
        """The verdict on a claim that stands, which depends on what was asked."""
        return _AGREES[self.mode]

    @property
    def disagrees(self) -> Outcome:
        """The verdict on a claim that falls."""
        return Outcome.DOES_NOT_TRANSFER if self.mode == "transfer" else Outcome.REFUTED

    def got(self, measured: Estimate) -> str:
        """What the same examples (or the same checkpoint) give, in words."""
        percent = self.claim.printed is not None and self.claim.printed.percent
        where = "the same examples give" if self.mode == "recompute" else "the checkpoint gives"
        return f"{where} {figure(measured, percent=percent, digits=6)}"

    def verdict(
        self,
        outcome: Outcome,
        reason: str,
        measured: Estimate | None = None,
        *,
        evidence: Evidence | None = None,
        p_value: float | None = None,
        noise: float | None = None,
        criterion: str | None = None,
        mode: str | None = None,
    ) -> Verdict:
        """The verdict with its figures. ``reason`` is one plain sentence."""
        power = None
        if evidence is not None and self.mode == "replicate":
            power = Power(
                smallest_contradiction=self.claim.smallest_contradiction,
                power=min(1.0, evidence.power),
                minimum_detectable_difference=_finite(evidence.detectable),
            )
        return Verdict(
            claim=self.claim.id,
            population=self.population.name,
            mode=mode or self.mode,
            outcome=outcome,
            stated=self.claim.stated,
            words=self.claim.words,
            locator=self.claim.locator,
            criterion=criterion or self.criterion,
            measured=None if measured is None else as_measurement(measured),
            power=power,
            p_value=_finite(p_value if evidence is None else evidence.p_value),
            noise=noise,
            reason=" ".join(reason.split()),
            command=command(self.claim, self.population),
        )


_AGREES: dict[Mode, Outcome] = {"recompute": Outcome.REPRODUCED, "replicate": Outcome.CONSISTENT, "transfer": Outcome.TRANSFERS}


def as_measurement(estimate: Estimate) -> Measurement:
    """An estimate as an audit stores it: NaN and infinite figures become null."""
    return Measurement(
        value=_finite(estimate.value),
        low=_finite(estimate.low),
        high=_finite(estimate.high),
        level=estimate.level,
        n=estimate.n,
        method=estimate.method,
        unit=estimate.unit,
        denominator=estimate.denominator,
        counts={name: int(count) for name, count in estimate.counts.items()},
        extra={k: v if isinstance(v, str) else _finite(v) for k, v in estimate.extra.items()},
        error=_finite(estimate.error),
    )


def _finite(x: float | None) -> float | None:
    return None if x is None or not math.isfinite(x) else float(x)


def command(claim: AnyClaim, population: PopulationLike) -> str:
    """The command that judges just this claim on just this population again."""
    parts = ["pytest claims/"]
    if getattr(population, "kind", "reference") != "reference":
        brought = [(option, getattr(population, name, None)) for option, name in _BROUGHT]
        parts += [f"{option} {shlex.quote(f'{population.name}={path}')}" for option, path in brought if path]
        if population.same_examples:
            parts.append(f"--same-examples {population.name}")
    return " ".join([*parts, f'-k "{claim.id} and {population.name}"'])


_BROUGHT = (("--record", "record_path"), ("--checkpoint", "checkpoint"), ("--puzzles", "puzzles"))


def how_to_get(population: PopulationLike) -> str:
    """Why there is no record, and the exact command that gets one."""
    reason = population.missing or f"no record of {population.name}"
    get = getattr(population, "command", None)
    return f"{reason}; get it with `{get}`" if get and get not in reason else reason
