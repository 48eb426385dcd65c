"""Check my instrument: slips and differences are told from the number itself, and digits that are not earned are not granted."""

from __future__ import annotations

import math

import pytest
import torch

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.fixtures.systems.matrices import MATRICES, cancelling
from unsettled.measure.campaign.instrument import check_network_instrument
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.instrument import check_instrument, digits_of
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box, generate

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
