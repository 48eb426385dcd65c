"""A package's public names, each loaded from its own module when it is first asked for (PEP 562): a reader loads no torch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any


def front_door(package: str, homes: Mapping[str, Iterable[str]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of ``package``: ``homes`` maps modules, relative ones by a leading dot, to their public names.

    >>> getattr_, dir_ = front_door("unsettled.measure.support", {".figures": ("plural",), "unsettled.measure.errors": ("UserError",)})
    >>> getattr_("plural")(3, "row"), "UserError" in dir_()
    ('3 rows', True)
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def attribute(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(home_of[name], package), name)
        setattr(sys.modules[package], name, value)
        return value

    return attribute, lambda: sorted({*vars(sys.modules[package]), *home_of})
