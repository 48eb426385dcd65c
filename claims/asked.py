"""What the options of the pytest plugin ask for: one run, the baseline it is held to, where its audit goes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import pytest

from unsettled.claims.audit.audit import read_audit
from unsettled.claims.audit.baseline import Baseline, read_baseline
from unsettled.claims.audit.gate import Gate
from unsettled.claims.audit.run import Run, Settings
from unsettled.claims.catalogue.own import load_statistics
from unsettled.claims.judgement.policy import POLICIES
from unsettled.claims.ledger.load import PAPER
from unsettled.claims.ledger.shipped import CLONE, PAPERS, ledger_named, shipped
from unsettled.claims.populations.inputs import one_of, read_inputs, read_measuring, whole_number
from unsettled.claims.verdict import Outcome
from unsettled.measure.errors import UserError
from unsettled.measure.hub.registry import cache_folder
from unsettled.measure.support.files import check_target, short_path
from unsettled.measure.support.text import harmless

CLAIMS = Path(__file__).parent


def seed_of(config: pytest.Config) -> int:
    """The given seed, or a new one. Raises UserError."""
    given = config.option.audit_seed
    return whole_number("--audit-seed", given) if given else random.SystemRandom().randrange(2**32)


def ledger_of(config: pytest.Config) -> Path:
    """The ledger that is to be judged: a file, a shipped one by its name, or the paper's. Raises UserError."""
    option = config.option
    if option.ledger and option.paper:
        raise UserError("--ledger and --paper both name what is judged", hint="give one of them")
    if option.ledger:
        return Path(option.ledger).expanduser()
    return ledger_named(option.paper) if option.paper else PAPER


def judge_each(config: pytest.Config) -> int:
    """Judge every shipped ledger, one run of pytest after the other, each with an audit and reports of its own; the worst exit code.

    Raises:
        UserError: an option names one file, which each run would write over.
    """
    for flag in ("ledger", "audit", "baseline_file", "manuscript", "claim"):
        if getattr(config.option, flag, None):
            raise UserError(f"--paper all and --{flag.replace('_', '-')} do not go together", hint="judge one: --paper NAME")
    codes = {}
    for name in shipped():
        # what pytest was given, with the name in place of "all"
        given = list(_for_paper(config.invocation_params.args, name))
        print(f"\n===== {name} =====", flush=True)
        command = [sys.executable, "-m", "pytest", *given]
        codes[name] = subprocess.run(command, cwd=config.invocation_params.dir, check=False).returncode
    print("\n===== all =====")
    files = {name: audit_file(shipped()[name], config.invocation_params.dir) for name in codes}
    made = {name: file for name, file in files.items() if codes[name] in (0, 1) and file.is_file()}
    for name, code in codes.items():
        print(harmless(f"{name}: {_told(made[name], code) if name in made else f'no audit (exit code {code})'}"))
    config.hook.pytest_unsettled_audits(config=config, audits=made)
    return max(codes.values())


def report_of(report: Path, name: str) -> Path:
    """Where the report of one paper goes, where one of each is asked for."""
    return report.with_name(f"{report.stem}-{name}{report.suffix}")


def _told(audit: Path, code: int) -> str:
    """What an audit came to, in a line."""
    found = " · ".join(f"{number} {Outcome(name).shown}" for name, number in read_audit(audit).counts.items() if number)
    return f"{found} ({short_path(audit)}{'' if code == 0 else ', failed'})"


def _for_paper(args: tuple[str | os.PathLike[str], ...], name: str) -> Iterator[str]:
    """The arguments with ``--paper all`` replaced, and the paper's name in those of its reports."""
    given = iter(map(str, args))
    for argument in given:
        if argument == "--paper":
            next(given, None)
        elif argument == "--report" or argument.startswith("--report="):
            yield f"--report={report_of(Path(argument.partition('=')[2] or next(given, '')), name)}"
        elif not argument.startswith("--paper="):
            yield argument
    yield f"--paper={name}"


def read_run(config: pytest.Config, *, seed: int, records: dict[str, str]) -> Run:
    """The run that the options ask for; ``records`` are those that the controller measured for it. Raises UserError."""
    option = config.option
    load_statistics(option.statistics or ())
    rows = option.remeasure_rows or config.getini("unsettled_rows")
    inputs = read_inputs(
        records=option.record or (),
        checkpoints=option.checkpoint or (),
        puzzles=option.puzzles or (),
        cycles=option.cycles or (),
        networks=option.network or (),
        same_examples=option.same_examples or (),
        unlike=option.unlike or (),
        references=option.references or config.getini("unsettled_references") or None,
        fetched=cache_folder(),
    )
    return Run(
        Settings(
            ledger=ledger_of(config),
            manuscript=Path(option.manuscript).expanduser() if option.manuscript else None,
            inputs=inputs,
            statistics=tuple(Path(file).expanduser() for file in option.statistics or ()),
            policy=one_of("--policy", option.policy or "draft", POLICIES),
            seed=seed,
            rows=whole_number("--remeasure-rows", rows) if rows else None,
            remeasure=option.remeasure,
            changes=read_measuring(option.measure or ()),
            records={name: Path(path) for name, path in records.items()},
            rivals=not (option.ledger or option.paper or option.claim),
        )
    )


def read_gate(config: pytest.Config, run: Run) -> Gate:
    """The baseline that a run is held to; by default it lies beside the ledger. Raises UserError."""
    option, ledger = config.option, run.settings.ledger
    asked = option.update_baseline
    writes = cast(Literal["new", "all"], one_of("--update-baseline", asked, ("new", "all"))) if asked else None
    beside = ledger if CLONE or ledger not in shipped().values() else config.invocation_params.dir / ledger.name
    path = Path(option.baseline_file) if option.baseline_file else beside.with_name(ledger.stem + ".baseline.json")
    if writes:
        check_target(path, what="baseline")
    must = option.baseline and not writes
    baseline = read_baseline(path) if must or path.is_file() else Baseline()
    return Gate(path=path, baseline=baseline, compare=option.baseline or bool(writes), writes=writes)


def audit_file(ledger: Path, here: Path) -> Path:
    """Where the audit of a ledger goes that is judged in the folder ``here`` and given no other place."""
    rival = ledger.resolve().parent == PAPERS.resolve()
    in_clone = CLONE is not None and here.resolve().is_relative_to(CLONE)
    folder = CLAIMS.parent / "reports" if in_clone and (rival or ledger.resolve() == PAPER.resolve()) else here
    return folder / (f"audit-{ledger.stem}.json" if rival else "audit.json")


def audit_path(config: pytest.Config, run: Run) -> Path:
    """Where the audit goes: with the reports of the clone that one works in for shipped ledgers, else into the working folder.

    Raises:
        UserError: there is no such folder, it is read-only, or a folder is in the file's place.
    """
    path = Path(config.option.audit) if config.option.audit else audit_file(run.ledger.path, config.invocation_params.dir)
    check_target(path, what="audit")
    return path
