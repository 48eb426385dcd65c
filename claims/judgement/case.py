"""A claim on a population under one question: everything of a verdict but its decision."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal, Protocol

from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.judgement.evidence import Evidence
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import Form, ShareAbove, ShareBelow, describe
from unsettled.claims.ledger.ledger import AUDIT, Ledger
from unsettled.claims.verdict import Measurement, Mode, Outcome, Power, Printed, Verdict
from unsettled.claims.wording import figure, is_share
from unsettled.measure.errors import UserError
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.networks import mean_over_networks
from unsettled.measure.support.figures import Notation


class PopulationLike(Protocol):
    """What judging needs to know of a population; `unsettled.claims.populations.populations.Population` has it."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["paper", "reference", "user"]: ...
    @property
    def architecture(self) -> str | None: ...
    @property
    def same_examples(self) -> bool: ...
    @property
    def missing(self) -> str | None: ...
    @property
    def command(self) -> str | None: ...
    @property
    def record(self) -> Record | None: ...
    @property
    def networks(self) -> tuple[Record, ...]: ...
    @property
    def record_path(self) -> Path | None: ...
    @property
    def further(self) -> tuple[Path, ...]: ...
    @property
    def unlike(self) -> tuple[str, ...]: ...
    @property
    def checkpoint(self) -> Path | None: ...
    @property
    def puzzles(self) -> Path | None: ...
    @property
    def adapter(self) -> str | None: ...
    def side(self, kind: str) -> SideRecord: ...


def estimate(claim: AnyClaim, record: Record, *, elsewhere: bool = False, side: Callable[[str], SideRecord] | None = None) -> Estimate:
    """The claim's statistic on a record; ``elsewhere`` with the parameters that its form sets for other checkpoints.

    ``side`` looks up the population's side records by their kind.

    Raises:
        MissingInput: the statistic needs what no record holds.
        UserError: the parameters do not fit the record (a window longer than the rollout, an absent exponent).
    """
    return lookup(claim.statistic).on(record, claim.settings(elsewhere=elsewhere), side)


def estimate_over(claim: AnyClaim, records: Sequence[Record], *, elsewhere: bool = False, examples: bool = True) -> Estimate:
    """The mean of the claim's statistic over the records of several networks; ``examples`` as in `mean_over_networks`.

    Raises:
        UserError: as `estimate`, or the statistic needs a side record, which is of one network.
    """
    if lookup(claim.statistic).needs:
        raise UserError(f"{claim.statistic} needs a side record, which is of one network, not of several")
    return mean_over_networks([estimate(claim, record, elsewhere=elsewhere) for record in records], examples=examples)


def mode_of(claim: AnyClaim, population: PopulationLike, ledger: Ledger) -> Mode:
    """Which question a population can answer about a claim."""
    if population.name not in ledger.own(claim):
        return "transfer"
    # a mean over several networks is the figure of none of them
    several = claim.spread == "sd"
    return "recompute" if population.same_examples and claim.mode == "recompute" and not several else "replicate"


def form_of(claim: AnyClaim, mode: Mode) -> Form | None:
    """The form that a claim is judged by under a question; None where printed digits decide."""
    return claim.form if mode == "transfer" else claim.own_form


def is_exact(claim: AnyClaim, mode: Mode) -> bool:
    """Whether a value has no sampling error under a question: the same examples, or a fact of the checkpoint itself."""
    return mode == "recompute" or (mode == "replicate" and lookup(claim.statistic).exact is not None)


def notation_of(claim: AnyClaim, mode: Mode, measured: Estimate | None = None) -> Notation:
    """How measured values are written: as the paper prints its figure, else by what the form or the statistic is.

    Shares are in percent. A value without sampling error has two digits more than the paper prints, at least six.
    """
    stated = claim.printed
    if measured is not None and measured.unit:
        percent = False
    elif stated is not None:
        percent = stated.percent or stated.shape == "count"
    else:
        percent = isinstance(form_of(claim, mode), (ShareAbove, ShareBelow)) or (measured is not None and is_share(measured))
    printed = 0 if stated is None else stated.digits
    return Notation(percent, max(6, printed + 2) if is_exact(claim, mode) else max(4, printed))


class Case:
    """One claim, one population, one question; `verdict` wraps what was decided."""

    def __init__(self, claim: AnyClaim, population: PopulationLike, mode: Mode, *, tests: int = 1) -> None:
        self.claim, self.population, self.mode, self.tests = claim, population, mode, tests
        self.dependent = 0  # examples that were left out because they depend on others

    @property
    def form(self) -> Form | None:
        """The form to judge by; None where printed digits decide."""
        return form_of(self.claim, self.mode)

    @property
    def exact(self) -> bool:
        """Whether the value has no sampling error."""
        return is_exact(self.claim, self.mode)

    def notation(self, measured: Estimate | None = None) -> Notation:
        """How measured values are written."""
        return notation_of(self.claim, self.mode, measured)

    def criterion(self, measured: Estimate | None = None) -> str:
        """What must be so for the claim to stand, in words."""
        if self.form is not None:
            return f"{self.claim.statistic} of {self.claim.denominator}: {describe(self.form, self.notation(measured))}"
        if self.mode == "recompute":
            return f"the same examples give {self.claim.stated}"
        return f"an adequately powered independent sample does not reject {self.claim.stated}"

    @property
    def agrees(self) -> Outcome:
        """The verdict on a claim that stands, which depends on what was asked."""
        return _AGREES[self.mode]

    @property
    def disagrees(self) -> Outcome:
        """The verdict on a claim that falls."""
        return Outcome.DOES_NOT_TRANSFER if self.mode == "transfer" else Outcome.REFUTED

    def told(self, measured: Estimate) -> str:
        """What was measured, in words."""
        return figure(measured, self.notation(measured))

    def got(self, measured: Estimate) -> str:
        """What the same examples (or the same checkpoint) give, in words."""
        where = "the same examples give" if self.mode == "recompute" else "the checkpoint gives"
        return f"{where} {self.told(measured)}"

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
        mode: Mode | None = None,
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
            criterion=criterion or self.criterion(measured),
            printed=Printed.of(self.claim.printed),
            measured=None if measured is None else Measurement(estimate=measured, **asdict(self.notation(measured))),
            power=power,
            p_value=_finite(p_value if evidence is None else evidence.p_value),
            noise=noise,
            family=self.claim.family,
            family_tests=self.tests,
            reason=" ".join(reason.split()) + self._left_out() + self._unlike(measured),
            command=command(self.claim, self.population),
        )

    def _left_out(self) -> str:
        """That examples were not counted, in words; empty where all were."""
        if not self.dependent:
            return ""
        return f"; one example of each group is counted, {self.dependent:,} others depend on these"

    def _unlike(self, measured: Estimate | None) -> str:
        """In what the records of a mean over networks are unlike, as was allowed, in words."""
        several = measured is not None and "networks" in measured.counts
        return f"; records unlike in {'; '.join(self.population.unlike)}" if several and self.population.unlike else ""


_AGREES: dict[Mode, Outcome] = {"recompute": Outcome.REPRODUCED, "replicate": Outcome.CONSISTENT, "transfer": Outcome.TRANSFERS}


def _finite(x: float | None) -> float | None:
    return None if x is None or not math.isfinite(x) else float(x)


def command(claim: AnyClaim, population: PopulationLike) -> str:
    """The command that judges just this claim of the shipped ledger on just this population again; see `Run.judge` for another ledger."""
    parts: list[str] = []
    if population.kind != "reference":
        brought: dict[str, Path | str | None] = {
            "--record": population.record_path,
            "--checkpoint": population.checkpoint,
            "--puzzles": population.puzzles,
            "--network": population.adapter,
        }
        parts += [f"{option} {shlex.quote(f'{population.name}={path}')}" for option, path in brought.items() if path]
        if population.same_examples:
            parts.append(f"--same-examples {population.name}")
        parts += [f"--record {shlex.quote(f'{population.name}={path}')}" for path in population.further]
        parts += [f"--unlike {told.partition(':')[0]}" for told in population.unlike]
    return AUDIT + " ".join([*parts, f"--claim {shlex.quote(f'{claim.id}@{population.name}')}"])


def how_to_get(population: PopulationLike) -> str:
    """Why there is no record, and the exact command that gets one."""
    reason = population.missing or f"no record of {population.name}"
    get = population.command
    return f"{reason}; get it with `{get}`" if get and get not in reason else reason
