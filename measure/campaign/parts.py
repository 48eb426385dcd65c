"""One resume engine for whatever takes long: numbered parts of one measurement by one writer, until they are joined.

Parts lie in ``OUT.parts``, each written whole. A part counts as done when its provenance is that of this measurement to the
last setting *and* to the commit of the program: a file never mixes rows of two settings or of two programs. Who measures the
parts is another matter (`unsettled.measure.campaign.workers`): whoever it was, the same call goes on from them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.errors import UserError
from unsettled.measure.networks.adapter import blaming
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.record.seal import holds
from unsettled.measure.record.side import SideProvenance
from unsettled.measure.support.kinds import RECORD, refuse_other, side_kind
from unsettled.measure.support.lock import sole_writer
from unsettled.measure.tasks.examples import Examples


class Part(Protocol):
    """Rows with a provenance: a record or a side record."""

    def __len__(self) -> int: ...

    @property
    def example_id(self) -> np.ndarray: ...

    @property
    def provenance(self) -> Provenance | SideProvenance: ...


P = TypeVar("P", bound=Part)
P_contra = TypeVar("P_contra", contravariant=True)
E = TypeVar("E", bound=Examples)


class Write(Protocol[P_contra]):
    """Writes a part into its file."""

    def __call__(self, part: P_contra, path: Path, /, *, fingerprint: str | None) -> None: ...


class StaleParts(UserError):
    """Unfinished parts of another measurement lie where this one would put its own (``where`` is their folder)."""


@dataclass(frozen=True)
class Parts(Generic[P]):
    """The parts of a measurement whose writer this process is.

    Args:
        out: the file that is to hold them all.
        provenance: of the whole; every part carries it.
        ids: (N,) example ids in order, of which each part holds the next ``size``.
        size: rows of a part; the last may have fewer.
        made: a part out of its columns.
        read: a part's file, or the whole.
        write: a part's file, sealed for the fingerprint.
        fingerprint: of what decides the rows beside the provenance.
    """

    out: Path
    provenance: Provenance | SideProvenance
    ids: np.ndarray
    size: int
    made: Callable[[dict[str, np.ndarray]], P]
    read: Callable[[Path], P]
    write: Write[P]
    fingerprint: str

    @property
    def folder(self) -> Path:
        """Where the parts lie."""
        return self.out.with_name(self.out.name + ".parts")

    @property
    def count(self) -> int:
        """How many parts make the whole."""
        return -(-len(self.ids) // self.size)

    def path(self, number: int) -> Path:
        """Where a part lies."""
        return self.folder / f"part-{number:06d}.parquet"

    def rows(self, number: int) -> slice:
        """The rows of a part."""
        return slice(number * self.size, min((number + 1) * self.size, len(self.ids)))

    def finished(self) -> dict[int, int]:
        """The parts that are there: number → rows. Raises `StaleParts` when one is of another measurement."""
        found = {}
        for path in sorted(self.folder.glob("part-*.parquet")):
            part = self.read(path)
            if part.provenance != self.provenance:
                self._refuse(f"their {_first_difference(part.provenance, self.provenance)} differs")
            number = path.stem.removeprefix("part-")
            if not number.isdecimal() or not np.array_equal(part.example_id, self.ids[self.rows(int(number))]):
                self._refuse("their examples differ")
            if not holds(path, self.fingerprint):
                self._refuse("how the network is built, its code, or a version of the program differs, or a part was changed")
            found[int(number)] = len(part)
        return found

    def fill(
        self,
        examples: E,
        measure: Callable[[E], dict[str, np.ndarray]],
        *,
        finished: Container[int],
        workers: Workers = here,
        enough: Callable[[], bool] = lambda: False,
    ) -> Iterator[int]:
        """Let ``workers`` measure the parts that are not ``finished``, and write each as it is done; yields the rows of each.

        Args:
            examples: of the whole, in the order of ``ids``.
            measure: the columns of the examples of one part.
            enough: asked before every part but the first whether to stop there.
        """

        def missing() -> Iterator[tuple[int, E]]:
            wanted = [number for number in range(self.count) if number not in finished]
            for place, number in enumerate(wanted):
                if place and enough():
                    return
                yield number, examples.take(np.arange(len(examples))[self.rows(number)])

        for number, columns in workers(partial(blaming, measure), missing()):
            self.write(part := self.made(columns), self.path(number), fingerprint=self.fingerprint)
            yield len(part)

    def __iter__(self) -> Iterator[P]:
        """The parts that are there from the first one on, in order."""
        for number in range(self.count):
            if not self.path(number).is_file():
                return
            yield self.read(self.path(number))

    def remove(self) -> None:
        """Remove all parts: the whole is written."""
        shutil.rmtree(self.folder, ignore_errors=not self.folder.exists())

    def _refuse(self, why: str) -> None:
        raise StaleParts(
            f"unfinished parts are of another measurement: {why}", where=self.folder, hint="remove the folder, or name another output"
        )


def _first_difference(kept: Provenance | SideProvenance, wanted: Provenance | SideProvenance) -> str:
    """The name of the first field that differs, of a side record's settings the name of the setting."""
    before, now = kept.model_dump(), wanted.model_dump()
    name = next(name for name in now if before.get(name) != now[name])
    if isinstance(now[name], dict) and isinstance(before.get(name), dict):
        return next(str(key) for key in [*now[name], *before[name]] if before[name].get(key) != now[name].get(key))
    return name


@contextmanager
def resumed(parts: Parts[P], *, what: str) -> Iterator[Parts[P]]:
    """Be the only writer of a measurement's output while the context lasts, and tell in one line what the system denies.

    Raises:
        UserError: another process writes there, a file of another kind lies there, or a file or folder cannot be written (``what``
            names it).
    """
    try:
        refuse_other(parts.out, RECORD if isinstance(parts.provenance, Provenance) else side_kind(parts.provenance.kind), what=what)
        parts.out.parent.mkdir(parents=True, exist_ok=True)
        with sole_writer(parts.out):
            yield parts
    except OSError as error:
        raise UserError(f"cannot write the {what}: {error.strerror or error}", where=error.filename or parts.out) from None
