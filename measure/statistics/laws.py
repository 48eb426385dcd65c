"""The laws that the statistics ask most, by the functions of scipy.special that scipy.stats itself takes, to the same last bit.

scipy.stats takes half a second to be imported, and checks arguments for fifty times as long as one of its functions takes. Methods are
named as there, of arguments in the same order, which broadcast.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Literal

import numpy as np

from unsettled.measure.support.later import Later

special = Later("scipy.special")
# A number or an array of them: what comes in comes out.
Numbers = Any


class _Normal:
    def cdf(self, x: Numbers) -> Numbers:
        return special.ndtr(x)

    def sf(self, x: Numbers) -> Numbers:
        return special.ndtr(-x)

    def ppf(self, q: Numbers) -> Numbers:
        return special.ndtri(q)

    def isf(self, q: Numbers) -> Numbers:
        return -special.ndtri(q)


class _Student:
    def sf(self, x: Numbers, degrees: Numbers) -> Numbers:
        return special.stdtr(degrees, -x)

    def isf(self, q: Numbers, degrees: Numbers) -> Numbers:
        return -special.stdtrit(degrees, q)


class _Beta:
    def ppf(self, q: Numbers, a: Numbers, b: Numbers) -> Numbers:
        return special.betaincinv(a, b, q)

    def isf(self, q: Numbers, a: Numbers, b: Numbers) -> Numbers:
        return special.betainccinv(a, b, q)


class _NoncentralF:
    def cdf(self, x: Numbers, of: Numbers, over: Numbers, noncentrality: Numbers) -> Numbers:
        return special.ncfdtr(of, over, noncentrality, x)


class _Binomial:
    """Counts are whole numbers, any of them: none lies outside 0 … n."""

    def pmf(self, k: Numbers, n: Numbers, p: Numbers) -> Numbers:
        return np.where((k < np.asarray(0)) | (k > np.asarray(n)), 0.0, _counted("binom_pmf")(_clipped(k, 0, n), n, p))[()]

    def cdf(self, k: Numbers, n: Numbers, p: Numbers) -> Numbers:
        return np.where(k < np.asarray(0), 0.0, _counted("binom_cdf")(_clipped(k, 0, n), n, p))[()]

    def sf(self, k: Numbers, n: Numbers, p: Numbers) -> Numbers:
        return np.where(k < np.asarray(0), 1.0, _counted("binom_sf")(_clipped(k, 0, n), n, p))[()]

    def ppf(self, q: Numbers, n: Numbers, p: Numbers) -> Numbers:
        return _counted("binom_ppf")(q, n, p)


class _Hypergeometric:
    """``drawn`` of a ``whole`` without replacement, of which ``marked`` count."""

    def pmf(self, k: Numbers, whole: Numbers, marked: Numbers, drawn: Numbers) -> Numbers:
        least, most = np.maximum(drawn - (whole - marked), 0), np.minimum(marked, drawn)
        return np.where((k < least) | (k > most), 0.0, _counted("hypergeom_pmf")(_clipped(k, least, most), marked, drawn, whole))[()]

    def cdf(self, k: Numbers, whole: Numbers, marked: Numbers, drawn: Numbers) -> Numbers:
        least, most = np.maximum(drawn - (whole - marked), 0), np.minimum(marked, drawn)
        return np.where(k < least, 0.0, _counted("hypergeom_cdf")(_clipped(k, least, most), marked, drawn, whole))[()]


norm, student, beta, ncf, binom, hypergeom = _Normal(), _Student(), _Beta(), _NoncentralF(), _Binomial(), _Hypergeometric()


def one_sided_fisher(table: list[list[int]], *, alternative: Literal["less", "greater"]) -> float:
    """p-value of Fisher's exact test that the odds of the first row are no lower (``"less"``), or no higher, than those of the second.

    >>> round(one_sided_fisher([[8, 2], [1, 5]], alternative="greater"), 4)
    0.0245
    """
    (a, b), (c, d) = table
    if 0 in (a + b, c + d, a + c, b + d):
        return 1.0
    seen, alike = (a, a + c) if alternative == "less" else (b, b + d)
    return min(1.0, float(hypergeom.cdf(seen, a + b + c + d, a + b, alike)))


def _clipped(k: Numbers, least: Numbers, most: Numbers) -> Numbers:
    return np.minimum(np.maximum(k, least), most)


@cache
def _counted(name: str) -> Any:
    """A function of scipy.special that has no public name; of a scipy that has it no more, the method of scipy.stats."""
    found = getattr(import_module("scipy.special._ufuncs"), f"_{name}", None)
    if found is not None:
        return found
    law, method = name.split("_")
    public = getattr(getattr(import_module("scipy.stats"), law), method)
    return public if law == "binom" else lambda k, marked, drawn, whole: public(k, whole, marked, drawn)
