"""Names of slow libraries that are imported with their first use: half the command line never estimates anything."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """``name`` of ``module``, or the module itself without one; it stands for a function, a class to call or a namespace.

    Not for ``isinstance``, ``except`` or a base class: those need the thing itself.

    >>> Later("math", "sqrt")(9.0)
    3.0
    """

    def __init__(self, module: str, name: str | None = None) -> None:
        self._module, self._name = module, name
        self._found: Any = None

    def _thing(self) -> Any:
        if self._found is None:
            module = import_module(self._module)
            self._found = module if self._name is None else getattr(module, self._name)
        return self._found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by copy, inspect or doctest of whatever lies in a module: no reason to import it
            raise AttributeError(name)
        return getattr(self._thing(), name)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._thing()(*args, **keywords)

    def __repr__(self) -> str:
        return f"{self._module}.{self._name}" if self._name else self._module
