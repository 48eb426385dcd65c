"""The ledger of a paper: one typed claim per printed number, and whom each of them concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from unsettled.claims.ledger.checks import AnyCheck, Identifier, SourcedFigure, Words
from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.measure.errors import UserError

Architecture = Literal["hrm", "trm"]


class DeclaredPopulation(BaseModel):
    """A population that claims may name. With ``members`` it stands for each of them in turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Identifier
    words: Words
    architecture: Architecture | None = None
    members: list[Identifier] = []


# The command that judges the shipped ledger.
AUDIT = "pytest claims/ "


class Paper(BaseModel):
    """Which text the ledger is about; ``manuscript`` is its file, relative to the ledger's folder, where it lies there."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: Words
    source: Words
    manuscript: Words | None = None


class Ledger(BaseModel):
    """All claims of one paper, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    paper: Paper
    populations: tuple[DeclaredPopulation, ...]
    claims: tuple[AnyClaim, ...]
    figures: tuple[SourcedFigure, ...] = ()
    checks: tuple[AnyCheck, ...] = ()
    path: Path

    def __getitem__(self, identifier: str) -> AnyClaim:
        """The claim of that id. Raises UserError when there is none."""
        for claim in self.claims:
            if claim.id == identifier:
                return claim
        raise UserError(f"no claim {identifier!r} in the ledger", where=self.path)

    def population(self, name: str) -> DeclaredPopulation | None:
        return next((p for p in self.populations if p.name == name), None)

    def own(self, claim: AnyClaim) -> frozenset[str]:
        """The names of the populations whose figure the claim is: its population, or the members of a group."""
        declared = self.population(claim.population)
        return frozenset(declared.members if declared and declared.members else [claim.population])

    def concerns(self, claim: AnyClaim, name: str, architecture: str | None) -> bool:
        """Whether a claim has anything to say on a population.

        Its own populations always; another one when the claim's form applies to other checkpoints at all, and the architecture
        agrees with one of its own, is none that a ledger can declare (a network of a user's own), or none is declared.
        """
        own = self.own(claim)
        if name in own:
            return True
        if isinstance(claim.form, NotApplicable):
            return False
        declared = {p.architecture for p in self.populations if p.name in own and p.architecture}
        return not declared or architecture in declared or architecture not in get_args(Architecture)
