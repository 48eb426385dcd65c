"""The command line `unsettled`: the commands that installed distributions register, in panels; it names no other wing.

A distribution adds commands with an entry point of the group ``unsettled.commands``, whose value is a module with a
typer ``app``. An ``app`` with a name becomes a group of commands; the commands of one without a name join the root.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated

import typer
from typer.main import get_command_name

from unsettled.measure.errors import UserError
from unsettled.measure.support.garbage import search_seldom
from unsettled.measure.support.text import harmless

GROUP = "unsettled.commands"

# Panels of `unsettled --help`, and what is in each; a command that is not named here keeps the panel that it gives itself.
PANELS: dict[str, tuple[str, ...]] = {
    "Measure": (
        *("measure", "convergence", "noise", "follow", "spectrum", "few-unknown", "disturb"),
        *("merge", "parts", "import", "import-preds", "fetch", "puzzles"),
    ),
    "Explain": ("show", "diagnose", "compare", "diff", "why"),
    "Report": ("audit", "report", "sign", "verify", "figures", "findings", "compare-accounts", "crate"),
    "Write a paper": ("init", "lock", "plan", "statistics", "check-text", "schema"),
    "Test-time policies": ("policies", "solve"),
    "Train references": ("train", "publish", "card"),
    "Check the tool itself": ("check-instrument", "lyapunov", "calibrate", "bench"),
}
ORDER = [(panel, name) for panel, names in PANELS.items() for name in names]

# What the system says of a file that a command names: told in one line wherever it is met.
DENIED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ABSENT = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


def build(found: Iterable[EntryPoint] | None = None) -> typer.Typer:
    """The root application with the commands of all entry points; one that cannot be loaded costs a line, not the others."""
    root = typer.Typer(
        name="unsettled",
        help="Audit papers on networks that iterate a latent state, by re-measuring them. The audit itself: pytest claims/",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    root.callback()(_options)
    for point in sorted(entry_points(group=GROUP) if found is None else found, key=lambda point: point.name):
        app, problem = _load(point)
        if app is None:
            print(f"warning: the commands of entry point {point.name} = {point.value} are left out: {problem}", file=sys.stderr)
        elif isinstance(app.info.name, str):
            app.info.rich_help_panel = _panel(app.info.name)
            root.add_typer(app)
        else:
            root.registered_commands += app.registered_commands
    for command in root.registered_commands:
        command.rich_help_panel = _panel(_name(command)) or command.rich_help_panel
    root.registered_commands.sort(key=lambda command: _place(_name(command)))
    return root


def _load(point: EntryPoint) -> tuple[typer.Typer | None, str]:
    """The typer application of an entry point's module, or None and what is wrong, in one line."""
    try:
        app = getattr(point.load(), "app", None)
    except Exception as error:  # whatever a foreign module raises when it is imported
        return None, f"{type(error).__name__}: {' '.join(str(error).split())}"
    if not isinstance(app, typer.Typer):
        return None, "the module has no typer application `app`"
    return app, ""


def _name(command: typer.models.CommandInfo) -> str:
    return command.name or get_command_name(getattr(command.callback, "__name__", ""))


def _panel(name: str) -> str | None:
    return next((panel for panel, command in ORDER if command == name), None)


def _place(name: str) -> int:
    return next((place for place, (_, command) in enumerate(ORDER) if command == name), len(ORDER))


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"unsettled {version('unsettled')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_version)]


def _options(show_version: Version = False) -> None:
    """Options of the root: each acts by its callback."""


def asked_for(root: typer.Typer, words: Sequence[str]) -> typer.Typer:
    """The application with nothing but the command or group that the first word names; as it is where none has that name.

    typer reads the signatures of all that an application holds before it runs one of them.
    """
    name = words[0] if words else ""
    commands = [command for command in root.registered_commands if _name(command) == name]
    groups = [group for group in root.registered_groups if group.typer_instance is not None and group.typer_instance.info.name == name]
    if commands or groups:
        root.registered_commands, root.registered_groups = commands, groups
    return root


def main() -> None:
    """Entry point of `unsettled`."""
    run(asked_for(build(), sys.argv[1:]))


class _Interrupted(BaseException):
    """SIGINT, under a name that the command line's library does not take for its own."""


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Within it SIGINT raises `_Interrupted`, in the main thread, which signals reach."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise _Interrupted

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run(program: Callable[[], object]) -> None:
    """Run a program's command line: a user's mistake, or what the system denies, is one line and exit code 2.

    What files say of themselves does nothing to the terminal, and one that knows no more than ASCII is shown escapes.
    """
    search_seldom()
    if os.environ.get("COLUMNS") == "0":  # of a terminal without a size: tables would have no width at all
        del os.environ["COLUMNS"]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        with _interruptible():
            program()
    except UserError as error:
        print(harmless(f"error: {error}"), file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # a folder that may not be entered, a disk that is full, a file that is not there
        if error.errno not in (*DENIED, *ABSENT) or (error.errno in ABSENT and not error.filename):
            raise
        print(harmless(f"error: {error.filename or 'a file'}: {error.strerror or error}"), file=sys.stderr)
        sys.exit(2)
    except Exception as error:
        # a user's own network, which only this module runs: who runs none imports no torch
        adapter = sys.modules.get("unsettled.measure.networks.adapter")
        told = adapter.blamed(error) if adapter else None
        if told is None:
            raise
        print(harmless(f"error: {told}"), file=sys.stderr)
        sys.exit(2)
    except _Interrupted:
        print("interrupted; completed work is kept; run the same command again to resume", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
