"""Figures that share one sample, solved together: which sizes n can print all of them at once.

The idea is that of the GRIM test (Brown & Heathers 2017): a share of a whole number of cases takes few values. Here
several shares are linked, because the failures that one share counts are what another one leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from unsettled.claims.ledger.stated import Stated


@dataclass(frozen=True, kw_only=True)
class Group:
    """The printed figures of one sample of n = right + wrong examples.

    ``right`` is the share right/n. ``of_right`` and ``of_wrong`` are shares of either part, by name;
    ``complements`` are pairs of names of one part whose numerators add up to the part.
    """

    right: Stated
    wrong_count: int | None = None
    of_right: dict[str, Stated] = field(default_factory=dict)
    of_wrong: dict[str, Stated] = field(default_factory=dict)
    complements: tuple[tuple[str, str], ...] = ()

    @cached_property
    def paired(self) -> dict[str, str]:
        """The complement of each share that has one of the same part."""
        parts = (self.of_right, self.of_wrong)
        return {a: b for a, b in self.complements if any(a in part and b in part for part in parts)}


@dataclass(frozen=True, kw_only=True)
class Solution:
    """One way to print all figures: n, the right ones, and a numerator for each share by name."""

    n: int
    right: int
    numerators: dict[str, int]

    @property
    def wrong(self) -> int:
        return self.n - self.right


def solve(group: Group, n: int) -> Solution | None:
    """A solution for this n, or None when no whole numbers print all the digits."""
    for right in candidates(group, n):
        found: dict[str, int] = {}
        for shares, whole in ((group.of_right, right), (group.of_wrong, n - right)):
            part = _numerators(shares, whole, group.paired)
            if part is None:
                break
            found |= part
        else:
            return Solution(n=n, right=right, numerators=found)
    return None


def candidates(group: Group, n: int) -> Iterator[int]:
    """The numbers of right ones that print the accuracy, and leave the stated number of wrong ones."""
    for right in group.right.numerators(n):
        if group.wrong_count is None or n - right == group.wrong_count:
            yield right


def feasible(group: Group, sizes: Iterable[int]) -> list[Solution]:
    """A solution for each of the sizes that has one."""
    return [solution for solution in (solve(group, n) for n in sizes) if solution is not None]


def _numerators(shares: dict[str, Stated], whole: int, paired: dict[str, str]) -> dict[str, int] | None:
    """A numerator for each share of one part; complements are solved as a pair."""
    found: dict[str, int] = {}
    for name, stated in shares.items():
        if name in found:
            continue
        numbers = stated.numerators(whole)
        if name in paired:
            other = shares[paired[name]].numerators(whole)
            if not other:
                return None
            numbers = range(max(numbers.start, whole - other.stop + 1), min(numbers.stop, whole - other.start + 1))
        if not numbers:
            return None
        found[name] = numbers[0]
        if name in paired:
            found[paired[name]] = whole - numbers[0]
    return found


def nearest(stated: Stated, wholes: Iterable[int]) -> list[tuple[int, int]]:
    """The closest shares on either side that do *not* print as the digits: (numerator, whole), below then above."""
    below: tuple[int, int] | None = None
    above: tuple[int, int] | None = None
    for whole in wholes:
        if whole < 1 or stated.low is None or stated.high is None:
            continue
        under = -(-stated.low.numerator * whole // stated.low.denominator) - 1
        over = stated.high.numerator * whole // stated.high.denominator + 1
        if under >= 0 and (below is None or under * below[1] > below[0] * whole):
            below = (under, whole)
        if over <= whole and (above is None or over * above[1] < above[0] * whole):
            above = (over, whole)
    return [pair for pair in (below, above) if pair]
