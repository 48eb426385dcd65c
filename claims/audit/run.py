"""One audit, before pytest: the ledger, the populations, and which claim is judged on which."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from unsettled.claims.audit.known import Known, load_known
from unsettled.claims.audit.pictures import ALL, EACH
from unsettled.claims.audit.placebos import discounted, met_by
from unsettled.claims.digits.arithmetic import Arithmetic, arithmetic
from unsettled.claims.judgement.case import form_of, mode_of
from unsettled.claims.judgement.families import adjust
from unsettled.claims.judgement.foreseen import look_ahead
from unsettled.claims.judgement.judge import judge
from unsettled.claims.judgement.policy import POLICIES, Policy
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.ledger import AUDIT, Ledger
from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.claims.ledger.lock import declared_before
from unsettled.claims.ledger.shipped import auditing
from unsettled.claims.manuscript.reader import Manuscript, read_manuscript
from unsettled.claims.populations.fetched import fetched_populations
from unsettled.claims.populations.inputs import REFERENCES, Inputs
from unsettled.claims.populations.populations import Population, discover
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.support.files import short_path

# What agreeing with a form is called: a placebo must not be called so too.
FORMS = (Outcome.TRANSFERS, Outcome.CONSISTENT)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run is asked to do.

    Attributes:
        ledger: the file that is judged.
        manuscript: the text that the ledger is about; the one that the ledger names by default.
        inputs: what the user brings.
        statistics: files with statistics of the user's own, which were run.
        policy: a name of `POLICIES`.
        seed: of every random draw in the run.
        rows: how many random rows of each record are measured again; 0 for none, None for what a few seconds allow.
        remeasure: measure every population afresh that has a checkpoint.
        changes: how to measure, where it differs from the defaults.
        records: records that this run's controller measured, by population.
        rivals: judge the other shipped ledgers beside this one.
    """

    seed: int
    ledger: Path = PAPER
    manuscript: Path | None = None
    inputs: Inputs = field(default_factory=Inputs)
    statistics: tuple[Path, ...] = ()
    policy: str = "draft"
    rows: int | None = None
    remeasure: bool = False
    changes: Mapping[str, int | str] = field(default_factory=dict)
    records: Mapping[str, Path] = field(default_factory=dict)
    rivals: bool = False


class Run:
    """The ledger and the populations of one run, and the verdicts on them.

    ``shipped`` are the populations as they came; ``populations`` as they are judged, with what was measured for
    this run in place of what came.
    """

    def __init__(self, settings: Settings) -> None:
        """Read everything. Raises UserError for a malformed ledger, manuscript, record or reference."""
        self.settings = settings
        self.policy: Policy = POLICIES[settings.policy]
        self.ledger: Ledger = load_ledger(settings.ledger)
        named = self.ledger.paper.manuscript
        text = settings.manuscript or (self.ledger.path.parent / named if named else None)
        self.manuscript: Manuscript | None = read_manuscript(text) if text else None
        beside = self.ledger.path.with_name("known.toml")
        self.known: Known = load_known(beside, ledger=self.ledger) if beside.exists() else Known()
        self.shipped: list[Population] = discover(settings.inputs, self.ledger)
        if settings.inputs.fetched is not None:
            names = {population.name for population in self.shipped}
            self.shipped += [p for p in fetched_populations(settings.inputs.fetched) if p.name not in names]
        self.shipped = [replace(p, command=self.auditing(p.command)) if p.command else p for p in self.shipped]
        self.populations = [self._measured(p) for p in self.shipped]
        self._judged: dict[str, Verdict] = {}
        self._together: dict[str | None, dict[str, Verdict]] = {}
        self.pairs: dict[str, tuple[AnyClaim, Population]] = {
            f"{claim.id}@{population.name}": (claim, population)
            for population in self.populations
            for claim in self.ledger.claims
            if self.ledger.concerns(claim, population.name, population.architecture)
        }

    @cached_property
    def digits(self) -> Arithmetic:
        """What the printed digits of the ledger say about each other."""
        return arithmetic(self.ledger)

    def _measured(self, population: Population) -> Population:
        path = self.settings.records.get(population.name)
        return population.with_record(path) if path else population

    def to_measure(self) -> list[Population]:
        """The populations that must be measured whole before anything can be judged."""
        everything = self.settings.remeasure
        return [p for p in self.shipped if p.measurable and (everything or p.record is None)]

    def with_records(self, records: Mapping[str, Path]) -> Run:
        """The run on these records, by population, in place of what came. Raises UserError."""
        return Run(replace(self.settings, records=records)) if records else self

    def verifiable(self) -> list[Population]:
        """The populations whose rows are measured again: they have a checkpoint, puzzles, and a record that was measured.

        That may be the record that they came with, or what this run's controller measured, or found measured: neither is trusted more.
        """
        if self.settings.rows == 0 and not self.settings.remeasure:
            return []
        came = [p if p.record is not None else self._measured(p) for p in self.shipped]
        return [p for p in came if p.measurable and p.record is not None and p.record.provenance.imported is None]

    def unverifiable(self) -> dict[str, str]:
        """The populations with a record of which no row can be measured again, and why."""
        able = {population.name for population in self.verifiable()}
        return {p.name: self._without(p) for p in self.populations if p.record is not None and p.name not in able}

    def _without(self, population: Population) -> str:
        if population.record is not None and population.record.provenance.imported is not None:
            return "its record was imported, not measured"
        if not population.measurable:
            return "the audit was not given its " + ("puzzles" if population.checkpoint else "checkpoint")
        return "none was asked for (--remeasure-rows 0)" if self.settings.rows == 0 else "it has no record that was measured"

    def watchable(self) -> list[Population]:
        """The populations that puzzles are run again of, for the boards of a page; none where no row is to be measured again."""
        return [] if self.settings.rows == 0 else [p for p in self.populations if p.measurable and p.record is not None]

    @property
    def boards_each(self) -> int:
        """How many puzzles of one kind are run again of each population: fewer where there are many populations."""
        return max(2, min(EACH, ALL // max(1, len(self.watchable()))))

    def judge(self, key: str) -> Verdict:
        """The verdict on ``claim@population``, with the acknowledgement of `known.toml` where it applies.

        A figure that a fresh sample was compared with is held against chance with those of its family, and a form on another
        network with those on that network.
        """
        verdict = self._alone(key)
        if verdict.p_value is not None:
            verdict = self._held(verdict.population if verdict.mode == "transfer" else None)[key]
        return self.known.acknowledge(verdict)

    def alone(self, keys: Iterable[str]) -> list[Verdict]:
        """The verdicts before they are held against chance together with others."""
        return [self._alone(key) for key in keys]

    def learn(self, verdicts: Iterable[Verdict]) -> None:
        """Take verdicts that another process's `alone` gave: they need not be judged again."""
        self._judged.update({verdict.key: verdict for verdict in verdicts})

    def _alone(self, key: str) -> Verdict:
        if key not in self._judged:
            claim, population = self.pairs[key]
            look_ahead((one for one, on in self.pairs.values() if on is population), population, self.ledger)
            verdict = judge(claim, population, ledger=self.ledger)
            if verdict.outcome in FORMS and form_of(claim, mode_of(claim, population, self.ledger)) is not None:
                verdict = discounted(verdict, met_by(claim, population, ledger=self.ledger))
            declared = declared_before(claim, population.record.provenance.declared) if population.record is not None else None
            self._judged[key] = self.reproduced(verdict.model_copy(update={"declared": declared}))
        return self._judged[key]

    def reproduced(self, verdict: Verdict) -> Verdict:
        """The verdict with the command that judges it again as this run does."""
        return verdict if verdict.command is None else verdict.model_copy(update={"command": self.auditing(verdict.command)})

    def auditing(self, command: str) -> str:
        """A command that judges the shipped ledger as one that judges this run's: with its ledger, statistics, references and policy."""
        return command.replace(AUDIT, self._asking, 1)

    @cached_property
    def _asking(self) -> str:
        """The beginning of such a command."""
        references = self.settings.inputs.references
        parts = [auditing(self.ledger.path)]
        parts += [f"--statistics {shlex.quote(short_path(path))} " for path in self.settings.statistics]
        parts += [f"--references {shlex.quote(short_path(references))} "] if references.resolve() != REFERENCES.resolve() else []
        parts += [f"--policy {self.policy.name} "] if self.policy.name != "draft" else []
        return "".join(parts)

    def _held(self, network: str | None) -> dict[str, Verdict]:
        """The verdicts on another network together, or all on the paper's own populations."""
        if network not in self._together:
            found = [
                key
                for key, (claim, population) in self.pairs.items()
                if (population.name if mode_of(claim, population, self.ledger) == "transfer" else None) == network
            ]
            self._together[network] = {verdict.key: verdict for verdict in adjust([self._alone(key) for key in found])}
        return self._together[network]

    def stale(self, verdict: Verdict) -> str | None:
        """Why an acknowledged contradiction that did not occur must be struck from `known.toml`; None if none.

        Another checkpoint can neither have nor lack the contradiction, and an entry for any population stands while
        it occurs on one of them.
        """
        entries = [e for e in self.known.entries if e.concerns(verdict)]
        if not entries or verdict.mode == "transfer":
            return None
        others = [self.judge(key) for key, (claim, _) in self.pairs.items() if claim.id == verdict.claim and key != verdict.key]
        gone = self.known.stale([verdict, *(v for v in others if v.mode != "transfer")])
        return next((entry.reason for entry in gone if entry in entries), None)
