"""Groups of options: a command that names one takes all of its options, and is given their values in one object."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any

Command = Callable[..., None]


def grouped(command: Command) -> Command:
    """The command with the fields of a dataclass, which are options, in the place of each parameter that is of its type.

    typer reads a command's options off its signature, and calls it by keyword. So a command that marks its parameters as
    keywords (``*``) may name a group, which has no default, where its options are to stand.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Place:
    ...     folder: str
    ...     port: int = 80
    >>> @grouped
    ... def serve(*, quiet: bool = False, place: Place) -> None:
    ...     print(place, quiet)
    >>> print(*inspect.signature(serve).parameters.values(), sep=", ")
    quiet: bool = False, folder: str, port: int = 80
    >>> serve(folder="here", port=8080)
    Place(folder='here', port=8080) False
    """
    own = inspect.signature(command, eval_str=True)
    groups = {name: kind.annotation for name, kind in own.parameters.items() if _is_group(kind.annotation)}

    @wraps(command)
    def called(**given: Any) -> None:
        values = {
            name: group(**{field.name: given.pop(field.name) for field in fields(group) if field.name in given})
            for name, group in groups.items()
        }
        command(**given, **values)

    flat = [
        option.replace(kind=option.KEYWORD_ONLY)
        for name, kind in own.parameters.items()
        for option in (inspect.signature(groups[name], eval_str=True).parameters.values() if name in groups else (kind,))
    ]
    called.__dict__["__signature__"] = own.replace(parameters=flat)
    called.__annotations__ = {option.name: option.annotation for option in flat}
    return called


def _is_group(kind: object) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)
