"""Columns that a record does not hold: they stand where numpy arrays would and say why they are missing, never a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from unsettled.measure.errors import UserError


class AbsentColumn(np.lib.mixins.NDArrayOperatorsMixin):
    """A column that a record does not hold, or of which it knows the mean over its last segments alone.

    Args:
        name: of the column.
        dtype, shape: what it would have.
        why: why it is missing, completing "the record holds no …:".
        hint: how to get it, if that is possible.
        last: (N, …) means over the last ``window`` segments, where they are known: by default the values after the very last one.
    """

    def __init__(
        self,
        name: str,
        dtype: Any,
        shape: tuple[int, ...],
        *,
        why: str,
        hint: str | None = None,
        last: np.ndarray | None = None,
        window: int = 1,
    ) -> None:
        self.name, self.dtype, self.shape, self.last, self.window = name, np.dtype(dtype), shape, last, window
        self._why, self._hint = why, hint

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> AbsentColumn | np.ndarray:
        """Rows of an absent column are absent, and so are its first segments; the last ones may be known."""
        if isinstance(index, tuple):
            if self.last is not None and self.window == 1 and index == (slice(None), -1):
                return self.last
            if len(index) == 2 and index[0] == slice(None) and isinstance(index[1], slice):
                return self._cut(index[1])
            self._refuse()
        rows = np.empty(len(self), np.int8)[index]
        if rows.ndim != 1:
            self._refuse()
        last = None if self.last is None else self.last[index]
        shape = (len(rows), *self.shape[1:])
        return AbsentColumn(self.name, self.dtype, shape, why=self._why, hint=self._hint, last=last, window=self.window)

    def _cut(self, segments: slice) -> AbsentColumn | np.ndarray:
        first, stop, step = segments.indices(self.shape[1])
        shape = (len(self), len(range(first, stop, step)), *self.shape[2:])
        last = self.last if (first, stop, step) == (self.shape[1] - self.window, self.shape[1], 1) else None
        if last is not None and self.window == 1:
            return last[:, None]
        return AbsentColumn(self.name, self.dtype, shape, why=self._why, hint=self._hint, last=last, window=self.window)

    def mean(self, axis: int | tuple[int, ...] | None = None, **_: Any) -> Any:
        """Over segments (``axis`` 1) where that is what is known."""
        known = self.last is not None and axis == 1 and self.shape[1] == self.window
        return self.last if known else self._refuse()

    def sum(self, axis: int | tuple[int, ...] | None = None, **_: Any) -> Any:
        """Over segments, where their mean is known."""
        return self.mean(axis) * self.window

    def pieces(self) -> Iterator[np.ndarray]:
        """What is known of it."""
        if self.last is not None:
            yield self.last

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        before = (
            "" if self.last is None else " before the last segment" if self.window == 1 else f" but its mean over {self.window} segments"
        )
        raise UserError(f"the record holds no {self.name}{before}: {self._why}", hint=self._hint)

    __array_ufunc__ = _refuse
    __array__ = any = all = argmax = max = min = copy = astype = _refuse


class ScalelessColumn(AbsentColumn):
    """A column of lengths that say nothing by themselves: refused as it is, lent to who divides it by another length (``values``)."""

    def __init__(self, name: str, values: Any, *, why: str, hint: str | None = None) -> None:
        super().__init__(name, values.dtype, values.shape, why=why, hint=hint)
        self.values = values

    def __getitem__(self, index: Any) -> AbsentColumn | np.ndarray:
        if isinstance(index, tuple):
            return super().__getitem__(index)
        return ScalelessColumn(self.name, self.values[index], why=self._why, hint=self._hint)

    def _cut(self, segments: slice) -> AbsentColumn | np.ndarray:
        return ScalelessColumn(self.name, self.values[:, segments], why=self._why, hint=self._hint)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UserError(f"{self.name} says nothing by itself: {self._why}", hint=self._hint)

    __array_ufunc__ = _refuse
    __array__ = any = all = argmax = max = min = copy = astype = _refuse
