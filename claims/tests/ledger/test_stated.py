"""Printed digits admit exactly the values that print as them."""

from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unsettled.claims.ledger.printed import parse_stated
from unsettled.claims.ledger.stated import exact

WIDE = Context(prec=60)
TIES = (ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN)


def printed(x: Decimal, places: int) -> set[Decimal]:
    """What x may be printed as with so many places, under every rule for ties."""
    return {x.quantize(Decimal(1).scaleb(-places), rounding=rule, context=WIDE) for rule in TIES}


@st.composite
def figures(draw):
    """Printed digits with their value and number of places."""
    places = draw(st.integers(0, 6))
    value = Decimal(draw(st.integers(-(10**7), 10**7))).scaleb(-places)
    text = format(value, f".{places}f")
    return (f"+{text}" if value > 0 and draw(st.booleans()) else text), value, places


@given(figures(), st.integers(-30_000, 30_000))
def test_a_value_is_admitted_if_and_only_if_it_prints_as_the_digits(figure, offset):
    text, value, places = figure
    x = value + Decimal(offset).scaleb(-places - 4)
    assert parse_stated(text).contains(x) == (value in printed(x, places))


@given(figures(), st.integers(-30_000, 30_000))
def test_percent_digits_admit_shares(figure, offset):
    text, value, places = figure
    x = (value + Decimal(offset).scaleb(-places - 4)).scaleb(-2)
    assert parse_stated(text + "%").contains(x) == (value in printed(x.scaleb(2), places))


@given(figures())
def test_both_sides_of_a_tie_are_accepted_and_nothing_beyond(figure):
    text, value, places = figure
    stated, half, step = parse_stated(text), Fraction(1, 2 * 10**places), Fraction(1, 10**30)
    for side in (1, -1):
        assert stated.contains(Fraction(value) + side * half)
        assert not stated.contains(Fraction(value) + side * (half + step))


@given(st.integers(1, 9000), st.integers(0, 4).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, 10 ** (p + 2)))))
def test_numerators_are_all_counts_that_print_as_the_digits(n, digits):
    places, mantissa = digits
    text = format(Decimal(mantissa).scaleb(-places), f".{places}f") + "%"
    stated = parse_stated(text)
    found = stated.numerators(n)
    around = range(max(0, found.start - 3), min(n, found.stop + 2) + 1)
    assert [k for k in around if k in found] == [k for k in around if stated.contains(Fraction(k, n))]
    assert all(0 <= k <= n for k in (found[0], found[-1])) if found else True


@pytest.mark.parametrize(
    ("text", "shape", "low", "high"),
    [
        ("0.993", "number", "0.9925", "0.9935"),
        ("0.50", "number", "0.495", "0.505"),
        ("0.5", "number", "0.45", "0.55"),
        (".982", "number", "0.9815", "0.9825"),
        ("+0.103", "number", "0.1025", "0.1035"),
        ("−0.152", "number", "-0.1525", "-0.1515"),
        ("-0.152", "number", "-0.1525", "-0.1515"),
        ("52.6%", "number", "0.5255", "0.5265"),
        ("52.6 %", "number", "0.5255", "0.5265"),
        ("99.45%", "number", "0.99445", "0.99455"),
        ("5,028,866", "number", "5028865.5", "5028866.5"),
        ("2,048 to 8,192", "range", "2047.5", "8192.5"),
        ("0.88–0.90", "range", "0.875", "0.905"),
        ("0.88-0.90", "range", "0.875", "0.905"),
        ("0.5–0.6%", "range", "0.0045", "0.0065"),
        ("≤ 1.17%", "most", None, "0.01175"),
        ("at least 0.9", "least", "0.85", None),
        ("1e-4", "number", "0.00005", "0.00015"),
        ("0 of 254", "count", "0", "0"),
        ("21/3894", "count", "21/3894", "21/3894"),
    ],
)
def test_every_way_of_printing(text, shape, low, high):
    stated = parse_stated(text)
    assert stated.shape == shape
    assert stated.low == (None if low is None else Fraction(low))
    assert stated.high == (None if high is None else Fraction(high))


@pytest.mark.parametrize("text", ["≈ 0.5", "~0.5%", "∼0.5", "about 0.5", "approximately 12%"])
def test_a_hedge_is_remembered(text):
    assert parse_stated(text).approximate
    assert not parse_stated(text.lstrip("≈~∼ aboutprximely")).approximate


def test_trailing_zeros_matter():
    assert parse_stated("0.9").contains(0.94) and not parse_stated("0.90").contains(0.94)


def test_a_float_counts_as_the_decimal_that_denotes_it():
    assert exact(0.9935) == Fraction("0.9935")
    assert parse_stated("0.993").contains(0.9935) and parse_stated("0.994").contains(0.9935)
    assert not parse_stated("0.993").contains(0.99350001)
    assert not parse_stated("0.993").contains(float("inf")) and not parse_stated("0.993").contains(float("nan"))


def test_a_count_admits_no_other_denominator():
    stated = parse_stated("0 of 254")
    assert (stated.numerator, stated.denominator, stated.value) == (0, 254, 0.0)
    assert list(stated.numerators(254)) == [0] and not stated.numerators(253)


def test_whole_numbers_are_exact_and_rounded_ones_are_not():
    assert parse_stated("3,665").whole == 3665
    assert [parse_stated(text).whole for text in ("36.5", "45%", "~254", "2 to 3")] == [None] * 4


def test_widening_admits_what_lies_beside_and_no_more():
    stated = parse_stated("0.50")
    assert stated.contains(0.506, widen=0.001) and not stated.contains(0.5061, widen=0.001)
    assert stated.meets(0.506, 0.9, widen=0.001) and not stated.meets(0.506, 0.9)
    assert stated.meets(0.505, 0.9) and stated.meets(0.1, 0.495) and not stated.meets(0.1, 0.4949)


@pytest.mark.parametrize(
    "text", ["", "several hundred", "qualitative", "nan", "inf", "12 of 5", "0 of 0", "0.9–0.8", "1,23", "--1", "5%%", "1" * 60, "1e9999"]
)
def test_what_is_no_printed_figure_is_refused_in_one_line(text):
    with pytest.raises(ValueError, match="stated") as refusal:
        parse_stated(text)
    assert "\n" not in str(refusal.value)
