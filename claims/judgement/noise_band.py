"""By how much measured numerical noise can move a statistic: the record's noise floor, pushed through the statistic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from unsettled.claims.catalogue.registry import Parameters, Statistic
from unsettled.measure.record.provenance import NoiseFloor
from unsettled.measure.record.record import Record, held
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.laws import beta
from unsettled.measure.statistics.modality import floor_of

DRAWS = 8
# Exponents of all versions of a record that are kept in memory for the next figure; those of a larger record are made one by one.
KEPT = 4_000_000
# The confidence with which the rate of changed outcomes is no higher than what is drawn from.
SURE = 0.95
_FATE = ("growth", "halting_logit", "solved_at")
_LEVELS = {"median": 0.5, "q90": 0.9, "q99": 0.99, "largest": 1.0}


def under_noise(statistic: Callable[[Record], Estimate], record: Record) -> list[Estimate]:
    """The statistic over re-measurements that noise alone could have given; none without a recorded floor.

    Exponents, displacements and halting logits are disturbed as strongly as the record's floor says re-measurements differ,
    the more so the more a row moves: a state at rest comes back to itself, a wandering one does not. Exponents also move as
    another tangent start would move them, since nobody else's start is known. Outcomes change among the rows that are close
    to call, as often as the floor leaves possible (see `donors`).
    """
    if record.provenance.noise is None or not len(record):
        return []
    small = DRAWS * record.growth.size <= KEPT
    return [statistic(version) for version in (_kept_versions(record) if small else _versions(record, record.provenance.noise))]


def noisy_values(statistic: Statistic, parameters: Parameters, record: Record, side: Callable[[str], Any] | None = None) -> list[Estimate]:
    """`under_noise` of a registered statistic, without the figures beside it: once for all who ask it of a record."""
    lean = parameters.lean()

    def found() -> list[Estimate]:
        return under_noise(lambda version: statistic.on(version, lean, side), record)

    # a side record is a population's, not the record's
    return found() if statistic.needs else record.once(("under noise", statistic.name, repr(lean)), found)


def _versions(record: Record, floor: NoiseFloor) -> Iterator[Record]:
    rng = np.random.default_rng(0)
    return (disturb(record, floor, rng, starts=True) for _ in range(DRAWS))


@lru_cache(maxsize=2)
def _kept_versions(record: Record) -> list[Record]:
    """The same of the last two small records, kept while other figures of them are asked for: one is set beside an altered one."""
    floor, rng = record.provenance.noise, np.random.default_rng(0)
    if floor is None:
        return []
    known = Restless.of(record, flip_rate(floor))
    return [disturb(record, floor, rng, starts=True, known=known) for _ in range(DRAWS)]


def largest_change(versions: list[Estimate], value: float) -> float:
    """The largest finite distance of the disturbed values from ``value``; 0 without any."""
    changes = [abs(version.value - value) for version in versions]
    return float(max((change for change in changes if np.isfinite(change)), default=0.0))


@dataclass(frozen=True)
class Restless:
    """What all draws of one record's noise share: the rows from the one that moves least (N,), and those of either outcome that are
    close to call, as `donors` says."""

    order: np.ndarray
    close: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, record: Record, rate: float) -> Restless:
        """Of a record of which outcomes change at a ``rate``."""
        late = _late_steps(record)
        return cls(np.argsort(late, kind="stable"), _close(record, late, rate))


class Disturbed(Record):
    """A record of which some columns are computed when they are asked for, norms excepted: most figures ask for none of them."""

    def __init__(self, record: Record, later: Mapping[str, Callable[[], np.ndarray]]) -> None:
        waiting = {name: partial(getattr, record, name) for name in vars(record).get("_later", {})}
        kept = {name: value for name, value in vars(record).items() if name not in later}
        self.__dict__.update(kept, _known=record.known_of_norms(), _later=waiting | dict(later))

    def __getattr__(self, name: str) -> Any:
        find = self.__dict__.get("_later", {}).get(name)
        if find is None:
            return super().__getattr__(name)
        self.__dict__[name] = found = find()
        return found


def disturb(
    record: Record,
    floor: NoiseFloor,
    rng: np.random.Generator,
    *,
    starts: bool = False,
    possible: bool = True,
    known: Restless | None = None,
) -> Record:
    """The record as another equivalent measurement might have come out, from another tangent start too if ``starts``.

    Outcomes change as often as the floor leaves ``possible``, or as often as it saw. ``known`` is of this record at that rate.
    """
    rows = len(record)
    known = known or Restless.of(record, flip_rate(floor, possible=possible))
    drawn = {name: _draw(floor.quantiles.get(name, {}), rows, rng) for name in ("exponents", "displacement", "halting")}
    start = _other_start(floor, rows, record.k, rng) if starts else None
    told = redecided(record, _taken(rows, known.close, rng))

    @lru_cache
    def dealt(name: str) -> np.ndarray:
        return _dealt(drawn[name](), known.order)[:, None]

    def grown() -> np.ndarray:
        exponents = dealt("exponents") + (0.0 if start is None else start())
        return told.growth + exponents[:, None, :] * record.provenance.model.updates_per_segment

    def moved(latent: str) -> np.ndarray:
        return _scaled(told.displacement(latent), dealt("displacement") * told.norm(latent))

    later: dict[str, Callable[[], np.ndarray]] = {
        f"displacement_{latent}": partial(moved, latent) for latent in record.provenance.model.latents
    }
    if "halting_logit" in held(record):
        later["halting_logit"] = lambda: told.halting_logit + dealt("halting")
    return Disturbed(told, later | {"growth": grown})


def flip_rate(floor: NoiseFloor, *, possible: bool = True) -> float:
    """The rate at which re-measurements changed outcomes; if ``possible`` its upper limit (Clopper & Pearson, one-sided at `SURE`).

    That no outcome changed in m comparisons excludes rates above 3/m, and no smaller ones. 0 without comparisons.

    >>> round(flip_rate(NoiseFloor(rows=32, alternates=["a", "b", "c"], quantiles={}, label_flips=0)), 3)
    0.031
    """
    comparisons = floor.rows * len(floor.alternates)
    if not comparisons:
        return 0.0
    flips = min(floor.label_flips, comparisons)
    if not possible:
        return flips / comparisons
    return 1.0 if flips == comparisons else float(beta.ppf(SURE, flips + 1, comparisons - flips))


def donors(record: Record, rate: float, rng: np.random.Generator) -> np.ndarray:
    """(N,) for each row the one whose fate it takes in another measurement: itself, or of a share ``rate`` one of the other outcome.

    A state at rest stays where it is. Of the others those are close that resemble the other outcome: successes that are doubted
    and move, failures that are trusted and move little. Each of them is decided anew by the toss of a coin, as many of either
    outcome, for noise does not know what is right.
    """
    return _taken(len(record), _close(record, _late_steps(record), rate), rng)


def _close(record: Record, late: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """The failures and the successes that are close to call: a share ``rate`` of all, as many of either, and none at rest."""
    moving, resemblance = ~(late <= floor_of(record.provenance.dtype)), success_likeness(record)
    failures, successes = (np.flatnonzero((record.solved == outcome) & moving) for outcome in (False, True))
    size = min(math.ceil(rate * len(record)), len(failures), len(successes))
    likely = np.argsort(-resemblance[failures], kind="stable")[:size]
    doubted = np.argsort(resemblance[successes], kind="stable")[:size]
    return failures[likely], successes[doubted]


def _taken(rows: int, close: tuple[np.ndarray, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    taken = np.arange(rows)
    for pool, other in zip(close, reversed(close), strict=True):
        changed = pool[rng.random(len(pool)) < 0.5]
        taken[changed] = rng.choice(other, len(changed)) if len(changed) else changed
    return taken


def redecided(record: Record, taken: np.ndarray) -> Record:
    """The record with the later half of each row from the row that it takes its fate from: what another outcome brings with it."""
    changed = np.flatnonzero(taken != np.arange(len(record)))
    if not len(changed):
        return record
    late = slice(record.segments // 2, None)

    def fated(name: str) -> np.ndarray:
        column = np.array(getattr(record, name))
        column[changed, late] = column[taken[changed], late]
        return column

    by_latent = (f"displacement_{latent}" for latent in record.provenance.model.latents)
    there = held(record)
    columns: dict[str, Callable[[], np.ndarray]] = {name: partial(fated, name) for name in (*_FATE, *by_latent) if name in there}
    return Disturbed(record, columns | {"solved": lambda: np.asarray(record.solved)[taken]})


def success_likeness(record: Record) -> np.ndarray:
    """(N,) rank by last halting logit less rank by late step: what tells successes from failures without labels.

    Steps are over the norm where the state has no scale of rest; without a halting logit they alone tell.
    """
    late = _late_steps(record) if record.grows() else record.late_displacement(window=min(4, record.segments))
    likeness = -_ranks(np.nan_to_num(late))
    if "halting_logit" in held(record):
        likeness += _ranks(np.nan_to_num(np.asarray(record.halting_logit[:, -1], np.float64)))
    return likeness


def _late_steps(record: Record) -> np.ndarray:
    """(N,) late displacement over the norm."""
    return record.late_steps(window=min(4, record.segments))


def _dealt(drawn: np.ndarray, order: np.ndarray) -> np.ndarray:
    """The drawn differences (N,) with the largest of them for the last rows of an order (N,)."""
    dealt = np.empty_like(drawn)
    dealt[order] = drawn[np.argsort(np.abs(drawn), kind="stable")]
    return dealt


def _scaled(lengths: np.ndarray, differences: np.ndarray) -> np.ndarray:
    """Lengths that differ by as much, upwards or by the same factor downwards: noise makes nothing stand still."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(lengths > 0, 1 + np.abs(differences) / lengths, 1.0)
        scaled: np.ndarray = np.where(differences >= 0, lengths * factors, lengths / factors)
    return scaled


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0, ties in the order of the rows."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _other_start(floor: NoiseFloor, rows: int, k: int, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """Change of the exponents (rows, k), or (rows, 1) of none: for each exponent one normal draw for all rows, and each row's own."""
    known = floor.tangent_starts
    if known is None:
        return lambda: np.zeros((rows, 1))
    own = [_draw(quantiles, rows, rng) for quantiles in known.own[:k]]
    shared = rng.standard_normal(k) * np.array(known.shared[:k])
    return lambda: np.asarray(shared + np.stack([draw() for draw in own], axis=1))


def _draw(recorded: dict[str, float], rows: int, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """Signed differences (rows,) drawn by inverting the recorded quantiles, linear between them; computed when they are asked for."""
    levels = [0.0] + [level for label, level in _LEVELS.items() if label in recorded]
    sizes = [0.0] + [recorded[label] for label in _LEVELS if label in recorded]
    places = rng.random(rows) if len(levels) > 1 else np.zeros(rows)
    signs = rng.choice([-1.0, 1.0], rows)
    return lambda: np.asarray(np.interp(places, levels, sizes) * signs)
