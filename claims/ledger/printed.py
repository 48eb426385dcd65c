"""A printed figure, read: from the string that a paper prints to the exact decimals and the values that round to them."""

from __future__ import annotations

import re
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from unsettled.claims.ledger.stated import Figure, Stated

_EXACT = Context(prec=80)
_MINUS = str.maketrans(
    {"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2a7d": "≤", "\u2a7e": "≥", "\u2266": "≤", "\u2267": "≥"}
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_APPROXIMATE = re.compile(r"^(?:~|≈|≃|∼|about\b|approximately\b|roughly\b|ca?\.)\s*", re.IGNORECASE)
# shape, whether the limit itself is excluded, and how it is written
_BOUNDS: tuple[tuple[Literal["most", "least"], bool, re.Pattern[str]], ...] = (
    ("most", False, re.compile(r"^(?:≤|<=|at most\b|up to\b|no more than\b)\s*", re.IGNORECASE)),
    ("least", False, re.compile(r"^(?:≥|>=|at least\b|no (?:fewer|less) than\b)\s*", re.IGNORECASE)),
    ("most", True, re.compile(r"^(?:<|(?:less|fewer|lower) than\b|under\b|below\b)\s*", re.IGNORECASE)),
    ("least", True, re.compile(r"^(?:>|(?:more|greater|higher) than\b|over\b|above\b)\s*", re.IGNORECASE)),
)
_SCALES = {"k": 3, "K": 3, "M": 6, "B": 9}
_POWER = r"(?:[eE](?P<e>[+-]?\d{1,3})|\s*[×x·*]\s*10\s*\^?\s*\{?(?P<power>[+-]?\d{1,3})\}?|\s?(?P<scale>[kKMB])(?![A-Za-z]))"
_NUMBER = re.compile(rf"(?P<digits>[+-]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+|(?=\.\d))(?:\.\d+)?)(?:{_POWER})?\s*(?P<percent>%?)")
_FIGURE = re.sub(r"\?P<\w+>", "?:", _NUMBER.pattern)
_SINGLE = re.compile(rf"^(?P<a>{_FIGURE})$")
_SPREAD = re.compile(rf"^(?P<a>{_FIGURE})\s*(?:±|\+/-|\\pm)\s*(?P<b>{_FIGURE})$")
_LAST_DIGITS = re.compile(r"^(?P<a>[+-]?[\d,]*\.?\d+)\((?P<b>\d+)\)\s*(?P<percent>%?)$")
_RANGE = re.compile(rf"^(?P<a>{_FIGURE})\s*(?:–|—|\bto\b|-)\s*(?P<b>{_FIGURE})$")
_COUNT = re.compile(r"^(?P<k>\d[\d,]*)\s*(?:of|/|out of)\s*(?P<n>\d[\d,]*)$")
_LONGEST = 40


@lru_cache(maxsize=4096)
def parse_stated(text: str) -> Stated:
    """Read a printed figure, such as "0.993", "+0.103", "52.6%", "~0.5%", "0.88–0.90", "0 of 254" or "≤ 1.17%".

    The result is cached: a ledger's strings are parsed once.

    Raises:
        ValueError: not a figure, or an absurd one; the message says what was expected.

    >>> stated = parse_stated("52.6%")
    >>> stated.region, stated.contains(0.5263), stated.contains(0.527)
    ((0.5255, 0.5265), True, False)
    >>> parse_stated("0.55%").numerators(254), list(parse_stated("52.6%").numerators(971))
    (range(2, 2), [511])
    """
    body = text.strip().translate(_MINUS)
    body = re.sub(r"(10\s*)([⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+)", lambda found: found[1] + "^" + found[2].translate(_RAISED), body)
    if not body or len(body) > _LONGEST:
        raise ValueError(f"stated {text[:_LONGEST]!r} is not a printed figure")
    hedge = _APPROXIMATE.match(body)
    body = body[hedge.end() :] if hedge else body
    approximate = hedge is not None
    if found := _COUNT.match(body):
        return _count(text, found, approximate)
    for shape, strict, pattern in _BOUNDS:
        if (bound := pattern.match(body)) and (found := _SINGLE.match(body[bound.end() :])):
            figure = _figure(found["a"])
            limit = Fraction(figure.value) if strict else figure.high if shape == "most" else figure.low
            low, high = (None, limit) if shape == "most" else (limit, None)
            return Stated(text, shape, (figure,), low, high, approximate, strict=strict)
    if found := _SINGLE.match(body):
        figure = _figure(found["a"])
        return Stated(text, "number", (figure,), figure.low, figure.high, approximate)
    if found := _RANGE.match(body):
        last = _figure(found["b"], percent="%" in found["a"])
        first = _figure(found["a"], percent=last.percent)
        if first.value > last.value:
            raise ValueError(f"stated range {text!r} runs downwards")
        return Stated(text, "range", (first, last), first.low, last.high, approximate)
    if spread := _with_spread(text, body, approximate):
        return spread
    raise ValueError(
        f"stated {text!r} is not a printed figure; expected digits such as 0.993, +0.103, 52.6%, ~0.5%, "
        "0.88–0.90, 2,048 to 8,192, 0 of 254, ≤ 1.17%, less than 5%, 0.72 ± 0.01, 87.4(3) or 1.2×10⁻³"
    )


def _figure(text: str, *, percent: bool = False) -> Figure:
    """One number; ``percent`` when a later member of a range carries the sign for both."""
    digits = text.strip()
    found = _NUMBER.fullmatch(digits)
    if found is None:
        raise ValueError(f"{digits!r} is not a number")
    percent = percent or bool(found["percent"])
    bare = found["digits"].replace(",", "")
    with localcontext(_EXACT):
        value = Decimal(bare)
        half = Decimal(5).scaleb(int(value.as_tuple().exponent) - 1)
        power = int(found["e"] or found["power"] or _SCALES.get(found["scale"] or "", 0)) - 2 * percent
        value, half = value.scaleb(power), half.scaleb(power)
    return Figure(digits, value, half, percent, bare[0] in "+-")


def _with_spread(text: str, body: str, approximate: bool) -> Stated | None:
    """ "0.72 ± 0.01", "72.3 ± 1.2%" or "87.4(3)"; None for anything else."""
    if found := _SPREAD.match(body):
        last = _figure(found["b"])
        figure = _figure(found["a"], percent=last.percent)
        if figure.percent and not last.percent:
            last = _figure(found["b"], percent=True)
        return Stated(text, "number", (figure,), figure.low, figure.high, approximate, spread=Fraction(last.value))
    if found := _LAST_DIGITS.match(body):
        figure = _figure(found["a"] + found["percent"])
        spread = Fraction(figure.half) * 2 * int(found["b"])
        return Stated(text, "number", (figure,), figure.low, figure.high, approximate, spread=spread)
    return None


def _count(text: str, found: re.Match[str], approximate: bool) -> Stated:
    """k of n: an exact share."""
    k, n = (int(found[key].replace(",", "")) for key in "kn")
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"stated {text!r} counts {k} of {n}")
    share = Fraction(k, n)
    figures = tuple(Figure(str(x), Decimal(x), Decimal("0.5"), False, False) for x in (k, n))
    return Stated(text, "count", figures, share, share, approximate, k, n)
