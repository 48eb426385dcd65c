"""What a record says of itself: network, examples, settings, versions, noise; typed, and readable without torch."""

from __future__ import annotations

import json
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from unsettled.measure.errors import UserError
from unsettled.measure.record.declared import Declared
from unsettled.measure.support.facts import ModelFacts

if TYPE_CHECKING:  # torch is kept out of a reader of records
    from unsettled.measure.networks.adapter import Adapted
    from unsettled.measure.networks.checkpoints import Checkpoint
    from unsettled.measure.tasks.examples import Examples

SCHEMA_VERSION = 2
# Version 1 had Sudoku, HRM and TRM alone; its records are read, without the columns that came later.
READABLE = (1, 2)
# What follows the commit where the program that measured was not quite the committed one.
CHANGED = "+changes"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TangentStarts(_Strict):
    """How far the exponents (nats per update) still depend on the tangent start, which a finite rollout does not forget.

    One start serves all rows, so part of the change is common to them. For each exponent, ``shared`` holds the root mean
    square over ``seeds`` other starts of the mean change of the rows, and ``own`` the quantiles of how far the changes of
    single rows deviate from that mean.
    """

    seeds: int
    shared: list[float]
    own: list[dict[str, float]]

    @field_validator("own", mode="before")
    @classmethod
    def _of_the_largest(cls, own: object, info: ValidationInfo) -> object:
        """Older records hold one dictionary, of the largest deviation among a row's exponents: an upper bound for each."""
        return [own] * len(info.data.get("shared", ())) if isinstance(own, dict) else own


class NoiseFloor(_Strict):
    """How far numerically equivalent re-measurements of the same rows lie apart (see `unsettled.measure.campaign.noise`).

    ``quantiles`` maps a quantity to its absolute differences at the named quantiles; ``label_flips`` counts
    rows whose outcome changed among ``rows`` × ``alternates`` comparisons. ``tangent_starts`` is apart: not noise of
    the arithmetic, but what a choice of the estimator moves.
    """

    rows: int
    alternates: list[str]
    quantiles: dict[str, dict[str, float]]
    label_flips: int
    tangent_starts: TangentStarts | None = None


class Imported(_Strict):
    """Where rows come from that `unsettled measure` did not measure, and what they therefore lack.

    ``files`` maps names to sha256; ``absent`` are columns that the record does not hold, ``last_segment`` those that it
    holds after the last segment alone, and ``late`` those of which it holds the mean over so many last segments alone.
    """

    source: str
    files: dict[str, str]
    absent: list[str]
    last_segment: list[str]
    late: dict[str, int] = Field(default_factory=dict, exclude_if=lambda late: not late)

    @property
    def windows(self) -> dict[str, int]:
        """The columns that are held as the mean over so many last segments."""
        return dict.fromkeys(self.last_segment, 1) | self.late


class Provenance(_Strict):
    """Where a record comes from. No timestamps: measuring twice gives the same bytes."""

    schema_version: int = SCHEMA_VERSION
    model: ModelFacts
    checkpoint_bytes: str
    checkpoint_tensors: str
    puzzles_digest: str
    puzzles: int
    segments: int
    exponents: int
    tangent_seed: int
    qr_every: int
    dtype: str
    device: str
    batch: int
    versions: dict[str, str]
    commit: str = "unknown"
    noise: NoiseFloor | None = None
    task: str = Field(default="sudoku", exclude_if=lambda task: task == "sudoku")
    noise_seed: int | None = Field(default=None, exclude_if=lambda seed: seed is None)
    # of examples with several right answers every one that keeps the rule counts (`--several valid`)
    by_rule: bool = Field(default=False, exclude_if=lambda by_rule: not by_rule)
    # averaged or raw weights, where the checkpoint holds both or names them
    weights: Literal["ema", "raw"] | None = Field(default=None, exclude_if=lambda weights: weights is None)
    # what was declared before it was measured (`unsettled lock`), the time of which is the declaration's
    declared: Declared | None = Field(default=None, exclude_if=lambda declared: declared is None)
    # left out where there is none, so that the bytes of measured records stay as they are
    imported: Imported | None = Field(default=None, exclude_if=lambda imported: imported is None)


def measured_on(checkpoint: Checkpoint | Adapted, puzzles: Examples) -> dict[str, Any]:
    """What every provenance says of what was measured, and by which program: fields of `Provenance` and of `SideProvenance`."""
    return {
        "model": checkpoint.facts,
        "checkpoint_bytes": checkpoint.bytes_digest,
        "checkpoint_tensors": checkpoint.tensors_digest,
        "puzzles_digest": puzzles.digest,
        "puzzles": len(puzzles),
        "versions": {"python": platform.python_version(), **{name: version_of(name) for name in ("torch", "numpy", "pyarrow")}},
        "commit": commit_of_program(),
    }


@cache
def version_of(package: str) -> str:
    """The installed version of a distribution, else "unknown"; read once, as reading what it says of itself takes milliseconds."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def version_of_program() -> str:
    """The installed version of this program, else "unknown"."""
    return version_of("unsettled")


@cache
def commit_of_program() -> str:
    """The commit of this program when it runs from its repository, with `CHANGED` where a tracked Python file differs from it.

    That of the first call, as the code is; "unknown" elsewhere.
    """
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return "unknown"
    try:
        commit, changed = (_git(here, *words) for words in (("rev-parse", "HEAD"), ("diff", "HEAD", "--name-only", "--", "*.py")))
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return commit + (CHANGED if changed else "")


def _git(folder: Path, *words: str) -> str:
    run = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10, check=True)
    return run.stdout.strip()


def version_in(raw: bytes, name: str, *, where: object) -> object:
    """The schema version under ``name`` in a provenance that may be of any version. Raises UserError when it is not a JSON object."""
    try:
        return json.loads(raw)[name]
    except KeyError:
        return None
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f"provenance is malformed: {str(error).splitlines()[0]}", where=where) from None
