"""The command line `unsettled`: one table of commands; the modules behind it import what is heavy when it is needed."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable
from importlib import import_module

import typer

from unsettled.measure.errors import UserError

# Modules with a typer `app`; a name makes it a group of commands, None adds its commands to the root.
MODULES: tuple[tuple[str, str | None], ...] = (
    ("unsettled.measure.commands.records", None),
    ("unsettled.measure.commands.puzzles", "puzzles"),
    ("unsettled.fixtures.systems.commands", None),
    ("unsettled.fixtures.bench.commands", None),
    ("unsettled.measure.commands.diagnose", None),
    ("unsettled.measure.commands.policies", None),
    ("unsettled.measure.commands.scale", None),
    ("unsettled.measure.commands.hub", None),
    ("unsettled.claims.commands", None),
    ("unsettled.reports.commands", None),
    ("unsettled.reports.findings.commands", None),
    ("unsettled.fixtures.training.commands", None),
)


DENIED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


def build() -> typer.Typer:
    """The root application with every command."""
    root = typer.Typer(
        name="unsettled",
        help="Audit papers on recursive reasoning models by re-measuring them. The audit itself: pytest claims/",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for module, name in MODULES:
        root.add_typer(import_module(module).app, name=name)
    return root


def main() -> None:
    """Entry point of `unsettled`."""
    run(build())


def run(program: Callable[[], object]) -> None:
    """Run a program's command line: a user's mistake, or what the system denies, is one line and exit code 2."""
    try:
        program()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # wherever it is met: a folder that may not be entered, a disk that is full
        if error.errno not in DENIED:
            raise
        print(f"error: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; what was completed is kept, the same command goes on from there", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
