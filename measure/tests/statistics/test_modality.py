"""Three answers and their error rate: one hump is never cut, rest has an absolute meaning, and rounding changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.dip import dip_p_value
from unsettled.measure.statistics.modality import Modes, modality, spread, valley_p_value

Draw = Callable[[np.random.Generator, int], np.ndarray]

ONE_MODE: dict[str, Draw] = {
    "uniform over rest and motion": lambda rng, n: 10 ** rng.uniform(-8, 0, n),
    "uniform about the tolerance": lambda rng, n: 10 ** rng.uniform(-5, -1, n),
    "normal above the tolerance": lambda rng, n: 10 ** rng.normal(-3, 1, n),
    "normal below it": lambda rng, n: 10 ** rng.normal(-5, 1.5, n),
    "skewed to the right": lambda rng, n: 10 ** (-7 + rng.exponential(2, n)),
    "skewed to the left": lambda rng, n: 10 ** (-rng.exponential(3, n)),
    "rounded": lambda rng, n: 10 ** np.round(rng.uniform(-6, 0, n), 1),
    "exact zeros, then decay": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, 10 ** (-4 + rng.exponential(1, n))),
    "rounding, then a uniform tail": lambda rng, n: np.where(rng.random(n) < 0.6, 2e-7, 10 ** rng.uniform(-4, 0, n)),
}


@pytest.mark.parametrize("name", ONE_MODE)
@pytest.mark.parametrize("n", [32, 512])
def test_one_hump_is_called_two_modes_no_more_often_than_declared(monkeypatch, name: str, n: int) -> None:
    monkeypatch.setattr("unsettled.measure.statistics.dip.FEW", 0)  # the same minorants, and hundreds of samples sooner
    rng = np.random.default_rng(n)
    found = [modality(ONE_MODE[name](rng, n)) for _ in range(200)]
    assert sum(answer.p_value <= 0.05 for answer in found) <= 19  # 10 of 200 are declared; 19 is three standard errors above


def settling(rng: np.random.Generator, n: int, *, moving: float, floor: float = 2e-7) -> np.ndarray:
    """Runs of which a share moves by about a tenth of the norm, the others resting at the rounding of a number type."""
    return np.where(rng.random(n) < moving, 10 ** rng.normal(-1, 0.3, n), floor * 10 ** rng.normal(0, 0.1, n))


@pytest.mark.parametrize("moving", [0.05, 0.5, 0.9])
def test_rest_and_motion_are_two_modes(moving: float) -> None:
    rng = np.random.default_rng(1)
    found = [modality(settling(rng, 512, moving=moving)).modes for _ in range(100)]
    assert found.count(Modes.TWO) >= 95


def test_the_answer_does_not_hang_on_the_rounding_of_the_arithmetic() -> None:
    """The same linear convergence at many rates in float32 and in float64: raw values differ by eight decades."""
    rng = np.random.default_rng(2)
    exact = 10 ** rng.uniform(-14, -1, 1000)
    single = modality(np.maximum(exact, 2e-7), dtype="float32")
    double = modality(exact, dtype="float64")
    assert single == double and single.modes is Modes.ONE
    rested = settling(rng, 1000, moving=0.2)
    finer = np.where(rested < 1e-5, rested * 1e-8, rested)
    assert modality(rested) == modality(finer, dtype="float64")


def test_a_random_network_whose_every_run_moves_has_no_run_at_rest() -> None:
    rng = np.random.default_rng(3)
    assert modality(rng.uniform(57, 62, 500) / 48.7).modes is Modes.NONE
    two_speeds = np.where(rng.random(500) < 0.5, 0.2, 1.2) * rng.uniform(0.9, 1.1, 500)
    assert modality(two_speeds).modes is Modes.NONE


def test_a_network_at_the_rounding_of_its_arithmetic_is_all_at_rest() -> None:
    rng = np.random.default_rng(4)
    assert modality(10 ** rng.normal(-6.5, 0.3, 500)).modes is Modes.ALL
    assert modality(np.zeros(50)).modes is Modes.ALL


def test_two_humps_whose_slower_one_moves_are_not_rest_and_motion() -> None:
    rng = np.random.default_rng(5)
    slow_and_fast = np.where(rng.random(500) < 0.5, 0.06, 0.5) * 10 ** rng.normal(0, 0.1, 500)
    answer = modality(slow_and_fast, rest=0.05)
    assert answer.p_value <= 0.05 and answer.modes is Modes.ONE
    assert modality(slow_and_fast, rest=0.1).modes is Modes.TWO


def test_a_number_type_that_cannot_resolve_rest_never_shows_all_at_rest() -> None:
    rng = np.random.default_rng(6)
    coarse = 10 ** rng.normal(-2.2, 0.1, 500)
    assert modality(coarse, dtype="bfloat16").modes is Modes.ONE
    many = 10 ** rng.normal(-2.2, 0.1, 5000)  # how far down the slower mode reaches is unknown, so that few show nothing
    apart = np.where(rng.random(5000) < 0.5, many, 10 ** rng.normal(-0.5, 0.1, 5000))
    assert modality(apart, dtype="torch.bfloat16").modes is Modes.TWO
    assert modality(coarse, dtype="float32").modes is not Modes.ALL


def test_few_runs_show_nothing() -> None:
    assert modality([]).modes is Modes.ONE
    assert modality([1e-7, 0.05]).modes is Modes.ONE


def test_a_million_runs_take_seconds() -> None:
    rng = np.random.default_rng(7)
    assert modality(settling(rng, 1_000_000, moving=0.01)).modes in (Modes.TWO, Modes.ALL)


def test_the_floor_must_be_below_rest() -> None:
    with pytest.raises(UserError, match="the smaller first"):
        modality([0.1], floor=0.2, rest=0.1)


@pytest.mark.parametrize("steps", [[-1.0, 0.1], [float("nan"), 0.1]])
def test_steps_that_are_no_lengths_are_refused(steps: list[float]) -> None:
    with pytest.raises(UserError, match="must be lengths"):
        modality(steps)


def test_an_unknown_number_type_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="'int8' is not known") as caught:
        modality([0.1], dtype="int8")
    assert "bfloat16" in str(caught.value)


def test_a_step_at_the_floor_stands_still_and_one_at_a_hundred_floors_is_slow() -> None:
    steps = [0.0, 1e-4, 1.0001e-4, 1e-2, 1.0001e-2, 2.0, 3.0]
    answer = modality(steps)
    assert (answer.n, answer.still, answer.slow, answer.moving, answer.floor) == (7, 2, 2, 3, 1e-4)
    coarse = modality([1e-3, 2**-6, 1.0], dtype="bfloat16")
    assert (coarse.still, coarse.floor) == (2, 2**-6) and modality([1e-3, 0.5], floor=1e-3).still == 1


@pytest.mark.parametrize(("others", "modes"), [(1, Modes.ALL), (2, Modes.ONE)])
def test_one_in_a_hundred_may_move_where_all_are_at_rest(others: int, modes: Modes) -> None:
    assert modality([1e-7] * (100 - others) + [0.5] * others).modes is modes


@pytest.mark.parametrize(("resting", "modes"), [(1, Modes.NONE), (2, Modes.ONE)])
def test_one_in_a_hundred_may_rest_where_none_are(resting: int, modes: Modes) -> None:
    assert modality([0.1] * resting + [0.5] * (100 - resting)).modes is modes  # .1 of the norm is still rest


@pytest.mark.parametrize("counts", [(30, 0, 20), (30, 3, 9), (4, 3, 40), (0, 5, 9)])
@pytest.mark.parametrize("floor", [1e-4, 1e-3])
def test_the_valley_is_two_binomial_tests_in_proportion_to_the_decades(counts: tuple[int, int, int], floor: float) -> None:
    still, slow, moving = counts
    values = np.repeat([floor, 100 * floor, 2.0], counts)
    wide = np.log10(2 / (100 * floor))
    tails = [binom.cdf(slow, slow + still, 2 / 14), binom.cdf(slow, slow + moving, 2 / (2 + wide))]
    assert valley_p_value(np.append(values, 2.5), floor) == pytest.approx(max(tails))  # a step beyond twice the norm is in no decade
    assert valley_p_value(values, 0.002) == 1.0 and valley_p_value(values, 0.0019) <= 1.0


@pytest.mark.parametrize("few", [10_000, 0])
def test_what_stands_still_lies_evenly_below_the_floor_and_a_pile_over_the_smallest_step(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unsettled.measure.statistics.modality.FEW", few)
    told = spread(np.array([0.0, 1e-4, 1e-2, 1e-2, 1e-1, 1.0]), 1e-4)
    assert told.tolist() == pytest.approx([-4 - 3, -4 - 9, -2.25, -1.75, -1, 0])
    assert spread(np.array([0.1, 0.1]), 1e-4).tolist() == [-1, -1] and spread(np.array([0.1, 1.0]), 1e-4).tolist() == [-1, 0]


def test_the_p_value_is_twice_the_smaller_of_the_two_and_at_the_level_two_modes_are_shown() -> None:
    steps = np.concatenate((np.full(30, 1e-7), np.geomspace(0.02, 0.3, 14)))
    answer = modality(steps)
    assert answer.p_value == 2 * min(dip_p_value(spread(steps, 1e-4)), valley_p_value(steps, 1e-4)) < 0.2
    assert modality(steps, alpha=answer.p_value).modes is Modes.TWO and modality(steps, alpha=answer.p_value * 0.99).modes is Modes.ONE
    assert modality(steps) == modality(steps, floor=1e-4, rest=0.1, dtype="float32", alpha=0.05)
    for floor, rest in ((0.0, 0.1), (0.1, 0.1), (0.1, np.inf)):
        with pytest.raises(UserError, match="the smaller first"):
            modality([0.1], floor=floor, rest=rest)
    assert modality([]).p_value == 1.0 and "p = " not in modality(np.zeros(9)).words and "p = 1; 0 of 0" in modality([]).words
