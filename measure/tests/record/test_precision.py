"""Records keep the digits that the network's arithmetic has, and side records so many bits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from unsettled.measure.record.precision import as_precise_as, round_mantissa

EVERY_FLOAT = arrays.arrays(np.float64, 8, elements=st.floats(width=64))


@given(EVERY_FLOAT)
def test_what_is_kept_of_a_float32_network_is_within_a_unit_of_its_last_bit(values):
    (kept,) = as_precise_as("float32", {"growth": values}).values()
    finite = np.isfinite(values)
    np.testing.assert_array_equal(kept[~finite], values[~finite])
    assert (np.abs(kept[finite] - values[finite]) <= np.abs(values[finite]) * 2.0**-24).all()


@given(EVERY_FLOAT)
def test_rounding_twice_changes_nothing_more(values):
    once = as_precise_as("bfloat16", {"growth": values})
    np.testing.assert_array_equal(as_precise_as("float32", once)["growth"], once["growth"])


@given(EVERY_FLOAT)
def test_a_float64_network_keeps_every_digit_and_counted_columns_always_do(values):
    np.testing.assert_array_equal(as_precise_as("float64", {"growth": values})["growth"], values)
    np.testing.assert_array_equal(as_precise_as("float32", {"token_accuracy": values})["token_accuracy"], values)


@pytest.mark.parametrize("bits", [7, 12, 22, 23])
def test_rounding_keeps_so_many_bits_and_what_is_not_finite(bits):
    values = (10.0 ** np.random.default_rng(1).uniform(-20, 20, 4096)).astype(np.float32) * np.float32(-1) ** np.arange(
        4096, dtype=np.float32
    )
    rounded = round_mantissa(values, bits)
    worst = np.abs(rounded.astype(float) - values) / np.abs(values)
    assert worst.max() <= 2.0 ** -(bits + 1)
    assert bits == 23 or worst.max() > 2.0 ** -(bits + 3)  # it does round
    assert bits == 23 or not (rounded.view(np.uint32) & ((1 << (23 - bits)) - 1)).any()
    special = np.float32([np.nan, np.inf, -np.inf, 0.0])
    np.testing.assert_array_equal(round_mantissa(special, bits), special)
