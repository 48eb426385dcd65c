"""What a user brings to an audit: records, checkpoints and puzzles, each under the name of a population."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from unsettled.claims.populations.measuring import MEASURING
from unsettled.measure.errors import UserError
from unsettled.measure.record.protocol import LINES
from unsettled.measure.tasks.reading import NAMES as TASKS

REFERENCES = Path(__file__).parents[2] / "fixtures" / "reference"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
EXAMPLES = {
    "--record": "paper.trm=RECORD.parquet",
    "--checkpoint": "paper.trm=CHECKPOINT",
    "--puzzles": "paper.trm=FOLDER",
    "--network": "my.net=my_net.py:build",
    "--cycles": "paper.trm=3,6",
    "--measure": "limit=2048",
}
CHOICES: dict[str, tuple[str, ...]] = {"task": TASKS, "several": ("refuse", "valid")}
CYCLES = re.compile(r"(\d{1,4}),(\d{1,4})(?:,(\d{1,4}))?")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a user brings to an audit, each under the name of its population.

    ``further`` records of a population are of other networks of its kind: seeds of one training, whose protocols may differ in the
    lines of ``unlike`` alone. ``fetched`` is the folder in which `unsettled fetch` keeps things; None looks for none.
    """

    records: Mapping[str, Path] = field(default_factory=dict)
    further: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    unlike: frozenset[str] = frozenset()
    checkpoints: Mapping[str, Path] = field(default_factory=dict)
    puzzles: Mapping[str, Path] = field(default_factory=dict)
    structures: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    same_examples: frozenset[str] = frozenset()
    references: Path = REFERENCES
    fetched: Path | None = None


def read_inputs(
    *,
    records: Iterable[str] = (),
    checkpoints: Iterable[str] = (),
    puzzles: Iterable[str] = (),
    cycles: Iterable[str] = (),
    networks: Iterable[str] = (),
    same_examples: Iterable[str] = (),
    unlike: Iterable[str] = (),
    references: Path | str | None = None,
    fetched: Path | None = None,
) -> Inputs:
    """The inputs from the command line's ``NAME=VALUE`` texts.

    A single checkpoint may take its puzzles without a name. Records may come under one name: several networks of one kind.

    Raises:
        UserError: a text is not of that form, a name comes twice, a file is missing, or puzzles and checkpoints
            do not pair up.
    """
    at, puzzles = _pairs("--checkpoint", checkpoints), list(puzzles)
    if len(puzzles) == 1 and len(at) == 1 and not re.match(NAME.pattern + "=", puzzles[0]):
        puzzles = [f"{next(iter(at))}={puzzles[0]}"]
    each = _several("--record", records)
    inputs = Inputs(
        records=_paths({name: paths[0] for name, paths in each.items()}),
        further={name: tuple(_paths({path: path for path in paths[1:]}).values()) for name, paths in each.items() if paths[1:]},
        checkpoints=_paths(at),
        puzzles=_paths(_pairs("--puzzles", puzzles)),
        structures={name: _cycles(name, text) for name, text in _pairs("--cycles", cycles).items()},
        networks={name: _adapter(text) for name, text in _pairs("--network", networks).items()},
        same_examples=frozenset(same_examples),
        unlike=frozenset(one_of("--unlike", line, LINES) for line in unlike),
        references=REFERENCES if references is None else Path(references),
        fetched=fetched,
    )
    for name in inputs.checkpoints.keys() - inputs.puzzles.keys():
        raise UserError(f"--checkpoint {name} has no puzzles", hint=f"add --puzzles {name}=PATH")
    for option, names in (("--puzzles", inputs.puzzles), ("--cycles", inputs.structures), ("--network", inputs.networks)):
        for name in sorted(names.keys() - inputs.checkpoints.keys()):
            raise UserError(f"{option} {name} has no checkpoint", hint=f"add --checkpoint {name}=PATH")
    for name in sorted(inputs.structures.keys() & inputs.networks.keys()):
        raise UserError(f"--cycles {name} is of an HRM or a TRM, --network {name} of neither")
    for name in sorted(inputs.same_examples - inputs.records.keys() - inputs.checkpoints.keys()):
        raise UserError(f"--same-examples {name} has no record", hint=f"add --record {name}=PATH")
    if references is not None and not inputs.references.is_dir():
        raise UserError("no such folder of references", where=inputs.references)
    return inputs


def read_measuring(texts: Iterable[str]) -> dict[str, int | str]:
    """The settings of `--measure KEY=VALUE`. Raises UserError for an unknown key or a number that is none."""
    settings: dict[str, int | str] = {}
    for key, value in _pairs("--measure", texts).items():
        if key not in MEASURING:
            raise UserError(f"--measure knows no {key!r}", hint="one of " + ", ".join(MEASURING))
        if isinstance(MEASURING[key], int):
            settings[key] = whole_number(f"--measure {key}", value)
        else:
            settings[key] = one_of(f"--measure {key}", value, CHOICES[key]) if key in CHOICES else value
    return settings


def whole_number(name: str, text: str) -> int:
    """A whole number from 0 upward. Raises UserError otherwise."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise UserError(f"{name} is {text!r}, not a whole number from 0")
    return int(text)


def one_of(name: str, text: str, known: Iterable[str]) -> str:
    """A text that is one of the known ones. Raises UserError otherwise."""
    if text not in set(known):
        raise UserError(f"{name} is {text!r}", hint="one of " + ", ".join(known))
    return text


def _pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    found = _several(option, texts)
    for name, values in found.items():
        if len(values) > 1:
            raise UserError(f"{option} names {name} twice")
    return {name: values[0] for name, values in found.items()}


def _several(option: str, texts: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value or not NAME.fullmatch(name):
            raise UserError(f"{option} {text!r} is not NAME=VALUE", hint=f"for example {option} {EXAMPLES[option]}")
        if value in found.setdefault(name, []):
            raise UserError(f"{option} names {name}={value} twice")
        found[name].append(value)
    return found


def _paths(pairs: Mapping[str, str]) -> dict[str, Path]:
    paths = {name: Path(value).expanduser() for name, value in pairs.items()}
    for path in paths.values():
        if not path.exists():
            raise UserError("no such file or folder", where=path)
    return paths


def _adapter(text: str) -> str:
    """``FILE.py:FUNCTION`` as it is. Raises UserError where there is no such file, or no function is named."""
    file, separator, function = text.rpartition(":")
    if not separator or not function.isidentifier():
        raise UserError(f"{text!r} does not name a function in a file", hint="write it as my_net.py:build")
    path = Path(file).expanduser()
    if not path.is_file():
        raise UserError("no such adapter", where=path)
    return f"{path}:{function}"


def _cycles(name: str, text: str) -> dict[str, int]:
    found = CYCLES.fullmatch(text)
    if not found:
        raise UserError(f"--cycles {name}={text} is not H,L or H,L,heads", hint=f"for example --cycles {name}=3,6")
    given = zip(("H_cycles", "L_cycles", "heads"), found.groups(), strict=True)
    return {key: int(value) for key, value in given if value is not None}
