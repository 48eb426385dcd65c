"""Check my instrument: slips and differences are told from the number itself, and digits that are not earned are not granted."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.fixtures.systems.matrices import MATRICES, cancelling
from unsettled.measure.campaign.instrument import check_network_instrument
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.instrument import CheckedFigure, check_instrument, digits_of
from unsettled.measure.lyapunov.known_slips import FigureReading
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

NAMED = {one.name: one for one in MATRICES}
BOARDS = generate(Box(2, 2), 3, seed=0)


def placed(name):
    """A known matrix as a map at a state, in any dtype."""
    one = NAMED[name]
    return lambda dtype: ([one.step], torch.ones(1, len(one.matrix), dtype=dtype))


def test_a_radius_of_fifty_by_differences_is_exposed_where_1_2_is_right():
    found = check_instrument(cancelling(), "radius")
    assert abs(found.value - 1.2) < 1e-11 and found.digits >= 9
    coarse = {reading.how: reading for reading in found.readings if reading.kind == "differences"}
    wrong = coarse["differences of 1e-05 of the norm, float32"]
    assert wrong.value > 40 and found.digits_at(wrong) == 0
    holds, why = found.against(f"{wrong.value:.0f}")
    assert not holds and "give 1.2" in why and "differences of 1e-05 of the norm, float32" in why
    assert found.digits_at(coarse["differences of 1e-06 of the norm, float64"]) >= 6
    assert found.against("1.2") == (True, found.against("1.2")[1]) and found.against("1.200000")[0] and not found.against("1.21")[0]


def test_a_radius_that_is_the_largest_entry_is_exposed():
    found = check_instrument(placed("non-normal"), "radius")
    holds, why = found.against("50")
    assert not holds and "the largest entry of J" in why and "give 0.9" in why
    assert found.against("0.9")[0] and found.condition > 100  # 50 / (0.9 − 0.8)
    assert "the real part" in check_instrument(placed("rotation"), "radius").against("0.648")[1]  # 1.2 cos 1


def test_a_defective_eigenvalue_earns_few_digits():
    found = check_instrument(placed("defective"), "radius")
    assert abs(found.value - 1.1) < 1e-6 and found.condition > 1e6
    assert found.digits <= 8 and "not earned" in found.against("1.10000000000")[1]


def test_singular_values_and_exponents_have_slips_of_their_own():
    singular = check_instrument(placed("non-normal"), "singular")
    assert singular.against("50.014")[0] and "its root not taken" in singular.against("2501.4")[1]
    exponent = check_instrument(placed("rotation"), "exponent", segments=40)
    assert exponent.value == pytest.approx(math.log(1.2), abs=0.03)
    assert "bits" in exponent.against(f"{exponent.value / math.log(2):.3f}")[1]
    assert exponent.digits <= 3, "two tangent seeds agree on no more over 40 updates"


@pytest.mark.parametrize("quantity", ["radius", "singular", "exponent"])
def test_a_map_that_knows_float64_alone_is_checked_in_float64_alone(quantity):
    fixed = torch.tensor([2.0, 1.0], dtype=torch.float64)
    found = check_instrument(lambda dtype: ([lambda z: z * fixed], torch.ones(1, 2, dtype=dtype)), quantity, segments=30)
    values = {reading.how: reading.value for reading in found.readings}
    assert math.isnan(values["exact derivatives, float32"]) and math.isnan(values["differences of 1e-03 of the norm, float32"])
    assert found.digits >= 1 and values["differences of 1e-03 of the norm, float64"] == pytest.approx(found.value, rel=1e-6)


def test_what_has_not_converged_earns_nothing():
    shift = torch.roll(torch.eye(200, dtype=torch.float64), 1, dims=0)
    found = check_instrument(lambda dtype: ([lambda z: z @ shift.T.to(z)], torch.ones(1, 200, dtype=dtype)), "radius", most=8)
    assert found.digits == 0 and "nothing is earned" in found.against("1")[1]


def test_figures_that_are_none_and_several_states_are_refused():
    found = check_instrument(placed("rotation"), "singular")
    for wrong in ("about 1", "", "nan"):
        with pytest.raises(UserError):
            found.against(wrong)
    with pytest.raises(UserError, match="one example"):
        check_instrument(lambda dtype: ([lambda z: z], torch.ones(2, 3, dtype=dtype)), "radius")
    assert [digits_of(error) for error in (math.nan, math.inf, 0.5, 0.049, 1e-20)] == [0, 0, 0, 1, 15]


def test_the_command_checks_a_network_and_says_what_holds(tmp_path, unsettled):
    checkpoint = tiny_checkpoint(tmp_path / "net", "trm_mlp", hidden=4, H_cycles=1, L_cycles=1)
    write_parquet(BOARDS, tmp_path / "boards.parquet")
    found = check_network_instrument(checkpoint, BOARDS, "singular", segment=2)
    assert found.against(f"{found.value:.4f}")[0]
    command = ["check-instrument", tmp_path / "net", tmp_path / "boards.parquet", "--segment", 2]
    code, out, _ = unsettled(*command, "--singular", f"{found.value + 3:.4f}")
    assert code == 1 and "is not the largest singular value" in out and "bfloat16" in out
    code, _, err = unsettled(*command, "--radius", 1, "--singular", 2)
    assert code == 2 and "say one stated figure" in err


def figure(value, error, *others):
    """A checked radius whose exact value is given, with other readings."""
    readings = (FigureReading("exact", value), *(FigureReading(how, other, kind="slip") for how, other in others))
    return CheckedFigure("radius", readings, error, 1.0)


@pytest.mark.parametrize(
    ("stated", "holds", "words"),
    [
        ("1.25", True, "1.25 holds: exact derivatives in float64 give 1.2, of which 2 digits are earned"),
        ("1.3", True, "1.3 holds"),
        ("1", True, "1 holds"),
        ("1.5", False, "1.5 is not the spectral radius"),
        ("1.2563", False, "1.2563 is not the spectral radius"),
        ("1.2500", False, "1.2500 prints digits that are not earned"),
        ("-1.25", False, "-1.25 is not the spectral radius"),
    ],
)
def test_a_stated_figure_is_held_to_the_digits_that_it_prints(stated, holds, words):
    held, why = figure(1.25, 1e-3).against(stated)
    assert held == holds and why.startswith(words)


def test_what_gives_a_wrong_figure_is_named_and_what_is_exact_is_not():
    found = figure(1.25, 1e-6, ("an entry", 3.02), ("another", 2.97), ("a third", 3.2))
    holds, why = found.against("3.0")
    assert not holds and why.endswith("; 3.0 is what this gives: an entry; another")
    assert found.against("7")[1].endswith("digits are earned")


@pytest.mark.parametrize(
    ("error", "digits"), [(0.5, 0), (0.49, 0), (0.05, 1), (0.0501, 0), (0.005, 2), (5e-16, 15), (1e-30, 15), (0.0, 15), (-1.0, 15)]
)
def test_a_digit_is_earned_where_the_error_is_half_a_unit_of_it(error, digits):
    assert digits_of(error) == digits
    assert figure(2.0, error).digits == digits


def test_a_reading_has_no_more_digits_than_are_earned():
    found = figure(2.0, 1e-5)
    assert found.digits == 4 and found.digits_at(FigureReading("x", 2.0)) == 4
    assert found.digits_at(FigureReading("x", 2.02)) == 1 and found.digits_at(FigureReading("x", 5.0)) == 0
    assert figure(0.0, 1e-5).digits_at(FigureReading("x", 1.0)) == 0


@pytest.mark.parametrize("angle", [0.3, 1.0])
def test_the_condition_is_one_over_the_overlap_of_left_and_right_vectors(angle):
    matrix = torch.tensor([[0.9, 1 / math.tan(angle)], [0.0, -0.1]], dtype=torch.float64)
    found = check_instrument(lambda dtype: ([lambda z: z @ matrix.T.to(z)], torch.ones(1, 2, dtype=dtype)), "radius")
    assert found.condition == pytest.approx(1 / math.sin(angle)) and found.value == pytest.approx(0.9)
    residual = max(reading.residual for reading in found.readings[:2])
    between = abs(found.readings[0].value / found.readings[1].value - 1)
    assert found.error == pytest.approx(max(between, found.condition * max(residual, 4 * torch.finfo(torch.float64).eps)))
    assert [reading.how for reading in found.readings[:2]] == [f"exact derivatives, float64, seed {seed}" for seed in (0, 1)]
    assert sum(reading.kind == "differences" for reading in found.readings) == 14


def test_several_updates_make_a_segment_and_its_exponent_is_that_of_an_update():
    def place(dtype):
        return [lambda z: 2 * z, lambda z: 8 * z], torch.ones(1, 1, dtype=dtype)

    found = check_instrument(place, "exponent", segments=3)
    readings = {reading.how: reading.value for reading in found.readings}
    assert found.value == pytest.approx(2 * math.log(2)) and readings["nats per segment instead of per update"] == pytest.approx(
        4 * math.log(2)
    )
    assert readings["bits instead of nats"] == pytest.approx(2) and readings["differences of 1e-03 of the norm, float64"] == pytest.approx(
        found.value
    )
