"""The populations that claims are judged on: the paper's own, the shipped references, and what a user brings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args
from weakref import WeakValueDictionary

from pydantic import BaseModel, ConfigDict, Field

from unsettled.claims.ledger.ledger import Architecture, Ledger
from unsettled.claims.populations.inputs import NAME, Inputs
from unsettled.claims.populations.sides import find_side
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, record_file
from unsettled.measure.record.protocol import alike
from unsettled.measure.record.record import Record
from unsettled.measure.record.side import SideRecord
from unsettled.measure.support.files import validated


@dataclass(frozen=True, kw_only=True)
class Population:
    """A checkpoint and the puzzles it was measured on, under the name that claims are judged by.

    Attributes:
        name: e.g. ``paper.trm`` or ``reference.hrm``.
        kind: ``paper`` (a population the ledger declares), ``reference`` (shipped), ``user`` (brought along).
        architecture: of the checkpoint; None while neither the ledger nor a record tells.
        record: what was measured; None while nothing was.
        networks: records of further networks of the same kind (seeds of one training); only a mean over networks is judged by them.
        further, unlike: where these lie, and in what their protocols differ, as was allowed.
        checkpoint, puzzles: where they lie, when they can be measured again.
        structure: what the tensors do not tell (``H_cycles``, ``L_cycles``, ``heads``).
        adapter: ``FILE.py:FUNCTION`` of a user's own network, which builds it from the checkpoint.
        missing: why there is no record; None when there is one. ``command`` is what gets it.
        same_examples: the record holds the very examples that the paper's figures were computed on.
    """

    name: str
    kind: Literal["paper", "reference", "user"]
    architecture: str | None = None
    title: str = ""
    record: Record | None = None
    record_path: Path | None = None
    networks: tuple[Record, ...] = ()
    further: tuple[Path, ...] = ()
    unlike: tuple[str, ...] = ()
    checkpoint: Path | None = None
    puzzles: Path | None = None
    structure: Mapping[str, int] = field(default_factory=dict)
    adapter: str | None = None
    missing: str | None = None
    command: str | None = None
    same_examples: bool = False

    @property
    def measurable(self) -> bool:
        """Whether its rows can be measured again here."""
        return self.checkpoint is not None and self.puzzles is not None

    def side(self, kind: str) -> SideRecord:
        """The side record of that kind, read when it is asked for.

        Raises:
            MissingInput: there is none; names the command that gets it.
            UserError: it is unreadable, of another checkpoint, or of other puzzles.
        """
        return find_side(kind, record=self.record, record_path=self.record_path, checkpoint=self.checkpoint, puzzles=self.puzzles)

    def with_record(self, path: Path) -> Population:
        """The same population with the record at ``path``. Raises UserError when it is of another architecture."""
        path = record_file(path)
        record = _read(path)
        measured = record.provenance.model.architecture
        if self.architecture not in (None, measured):
            told = measured.upper() if measured in get_args(Architecture) else measured
            raise UserError(f"a record of the {told}, but {self.name} is of the {str(self.architecture).upper()}", where=path)
        if not len(record):
            raise UserError("the record holds no rows", where=path)
        return replace(self, record=record, record_path=path, architecture=measured, missing=None, command=None)

    def with_networks(self, paths: tuple[Path, ...], *, unlike: frozenset[str] = frozenset()) -> Population:
        """The same population with the records of further networks, whose protocols may differ in the lines of ``unlike`` alone.

        Raises:
            UserError: one is of another architecture, of a network that is there already, or of another protocol.
        """
        networks: list[Record] = []
        differing: dict[str, None] = {}
        for path in paths:
            record = self.with_record(path).record
            assert record is not None and self.record is not None
            if record.provenance.checkpoint_tensors in {one.provenance.checkpoint_tensors for one in (self.record, *networks)}:
                raise UserError(f"a record of a network that {self.name} has already", where=path, hint="a seed is a network of its own")
            differing |= dict.fromkeys(map(str, alike(self.record, record, allowed=unlike, where=path)))
            networks.append(record)
        return replace(self, networks=tuple(networks), further=paths, unlike=tuple(differing))


# The records that somebody holds, by where they lie and when they were written: the ledgers of several papers are judged on one record,
# and share what is computed of it.
_HELD: WeakValueDictionary[tuple[Path, int, int], Record] = WeakValueDictionary()


def _read(path: Path) -> Record:
    """The record at ``path``, which is read once as long as it is held. Raises UserError."""
    if not path.is_file():  # one in parts
        return read_record(path)
    file = path.stat()
    key = (path.resolve(), file.st_mtime_ns, file.st_size)
    record = _HELD.get(key)
    if record is None:
        record = _HELD[key] = read_record(path)
    return record


class _ReferenceCard(BaseModel):
    """`reference.toml` of one shipped checkpoint, or of other puzzles measured on one (``weights``, ``puzzles``: paths
    relative to it)."""

    model_config = ConfigDict(frozen=True, extra="allow")
    population: str = Field(pattern=NAME.pattern)
    architecture: Literal["hrm", "trm"]
    title: str = ""
    weights: str = "model.safetensors"
    puzzles: str = "puzzles.parquet"


def discover(inputs: Inputs, ledger: Ledger) -> list[Population]:
    """Every population of an audit: the ledger's own, the shipped references, then what else the user brings.

    Raises:
        UserError: a reference or record is malformed, or a name stands for two populations.
    """
    found = {population.name: population for population in _declared(ledger)}
    for reference in _references(inputs.references):
        if reference.name in found:
            raise UserError(f"two populations are called {reference.name}", where=inputs.references)
        found[reference.name] = reference
    for name in sorted(inputs.records.keys() | inputs.checkpoints.keys()):
        known = found.get(name, Population(name=name, kind="user", missing="nothing measured yet"))
        if known.kind == "reference":
            raise UserError(f"{name} is a shipped reference", hint="bring a record under a name of its own")
        found[name] = _brought(known, inputs)
    return list(found.values())


def _declared(ledger: Ledger) -> list[Population]:
    """The paper's populations, without records: those the ledger declares and those its claims name."""
    groups = {p.name for p in ledger.populations if p.members}
    names = [p.name for p in ledger.populations] + [n for c in ledger.claims for n in sorted(ledger.own(c))]
    result = []
    for name in dict.fromkeys(n for n in names if n not in groups):
        declared = ledger.population(name)
        result.append(
            Population(
                name=name,
                kind="paper",
                architecture=declared.architecture if declared else None,
                title=declared.words if declared else "",
                missing=f"no checkpoint and no record of {name} was given",
                command=f"pytest claims/ --checkpoint {name}=PATH --puzzles {name}=PATH",
            )
        )
    return result


def _references(root: Path) -> list[Population]:
    return [_reference(card) for card in sorted(root.glob("*/reference.toml"))]


def _reference(card_path: Path) -> Population:
    folder = card_path.parent
    try:
        told = tomllib.loads(card_path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        raise UserError(f"not a readable TOML file: {error}", where=card_path) from None
    card = validated(_ReferenceCard, told, card_path)
    weights, puzzles, record = (folder / n for n in (card.weights, card.puzzles, "record.parquet"))
    population = Population(
        name=card.population,
        kind="reference",
        architecture=card.architecture,
        title=card.title,
        checkpoint=weights if weights.is_file() else None,
        puzzles=puzzles if puzzles.is_file() else None,
        missing="its record is not there",
        command=f"unsettled measure {weights} {puzzles} --out {record}",
    )
    return population.with_record(record) if record.is_file() else population


def _brought(known: Population, inputs: Inputs) -> Population:
    population = replace(
        known,
        checkpoint=inputs.checkpoints.get(known.name),
        puzzles=inputs.puzzles.get(known.name),
        structure=inputs.structures.get(known.name, {}),
        adapter=inputs.networks.get(known.name),
        same_examples=known.name in inputs.same_examples,
    )
    record = inputs.records.get(known.name)
    if not record:
        return population
    return _through_adapter(population.with_record(record).with_networks(inputs.further.get(known.name, ()), unlike=inputs.unlike))


def _through_adapter(population: Population) -> Population:
    """The population, once its record and its checkpoint are of one kind of network. Raises UserError otherwise."""
    if population.record is None or population.checkpoint is None:
        return population
    facts = population.record.provenance.model
    if facts.adapter and population.adapter is None:
        hint = f"add --network {population.name}=FILE.py:FUNCTION"
        raise UserError(f"the record was measured through {facts.architecture}, which is not given", where=population.name, hint=hint)
    if population.adapter and not facts.adapter:
        told = f"the record is of the {facts.title} that the checkpoint holds"
        raise UserError(f"{told}, not of a network of your own", where=population.name, hint=f"leave --network {population.name} away")
    return population
