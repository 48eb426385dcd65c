"""Columns that a record does not hold: they stand where numpy arrays would and say why they are missing, never a number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from unsettled.measure.errors import UserError


class AbsentColumn(np.lib.mixins.NDArrayOperatorsMixin):
    """A column that a record does not hold, or only after the last segment.

    Args:
        name: of the column.
        dtype, shape: what it would have.
        why: why it is missing, completing "the record holds no …:".
        hint: how to get it, if that is possible.
        last: (N,) values after the last segment, where they are known.
    """

    def __init__(
        self, name: str, dtype: Any, shape: tuple[int, ...], *, why: str, hint: str | None = None, last: np.ndarray | None = None
    ) -> None:
        self.name, self.dtype, self.shape, self.last = name, np.dtype(dtype), shape, last
        self._why, self._hint = why, hint

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> AbsentColumn | np.ndarray:
        """Rows of an absent column are absent, and so are its first segments; the last segment may be known."""
        if isinstance(index, tuple):
            if self.last is not None and index == (slice(None), -1):
                return self.last
            if len(index) == 2 and index[0] == slice(None) and isinstance(index[1], slice):
                return self._cut(index[1])
            self._refuse()
        rows = np.empty(len(self), np.int8)[index]
        if rows.ndim != 1:
            self._refuse()
        last = None if self.last is None else self.last[index]
        return AbsentColumn(self.name, self.dtype, (len(rows), *self.shape[1:]), why=self._why, hint=self._hint, last=last)

    def _cut(self, segments: slice) -> AbsentColumn:
        shape = (len(self), len(range(*segments.indices(self.shape[1]))), *self.shape[2:])
        return AbsentColumn(self.name, self.dtype, shape, why=self._why, hint=self._hint)

    def pieces(self) -> Iterator[np.ndarray]:
        """What is known of it."""
        if self.last is not None:
            yield self.last

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        before = " before the last segment" if self.last is not None else ""
        raise UserError(f"the record holds no {self.name}{before}: {self._why}", hint=self._hint)

    __array_ufunc__ = _refuse
    __array__ = sum = mean = any = all = argmax = max = min = copy = astype = _refuse


class ScalelessColumn(AbsentColumn):
    """A column of lengths that say nothing by themselves: refused as it is, lent to who divides it by another length (``values``)."""

    def __init__(self, name: str, values: Any, *, why: str, hint: str | None = None) -> None:
        super().__init__(name, values.dtype, values.shape, why=why, hint=hint)
        self.values = values

    def __getitem__(self, index: Any) -> AbsentColumn | np.ndarray:
        if isinstance(index, tuple):
            return super().__getitem__(index)
        return ScalelessColumn(self.name, self.values[index], why=self._why, hint=self._hint)

    def _cut(self, segments: slice) -> AbsentColumn:
        return ScalelessColumn(self.name, self.values[:, segments], why=self._why, hint=self._hint)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise UserError(f"{self.name} says nothing by itself: {self._why}", hint=self._hint)

    __array_ufunc__ = _refuse
    __array__ = sum = mean = any = all = argmax = max = min = copy = astype = _refuse
