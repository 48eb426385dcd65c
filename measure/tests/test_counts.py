"""Every count that the Python API takes, wrong in every way: one line that names it, and no traceback, empty result or endless loop."""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from unsettled import measure
from unsettled.measure.analysis.band import otsu_band, percentile_band
from unsettled.measure.analysis.capture_exponent import before_capture_in, sliding
from unsettled.measure.analysis.portrait import portrait_of
from unsettled.measure.analysis.portrait_areas import matchings_of
from unsettled.measure.analysis.portrait_states import cloud_of, confidence_of
from unsettled.measure.analysis.settling import enter_and_stay, without_threshold
from unsettled.measure.campaign.instrument import check_network_instrument
from unsettled.measure.campaign.long_stages import LongSettings
from unsettled.measure.campaign.probes import probe_disturbed, probe_unknown
from unsettled.measure.campaign.spectrum import SpectrumSettings
from unsettled.measure.campaign.watch import choose
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.precision import batch_means
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.policies.draws import run_draws
from unsettled.measure.policies.solve import solve
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.parts import split
from unsettled.measure.rollout.convergence import network_convergence
from unsettled.measure.rollout.rollout import rollout
from unsettled.measure.rollout.starts import Starts
from unsettled.measure.rollout.trajectory import follow
from unsettled.measure.scale.processes import process_workers
from unsettled.measure.statistics.bootstrap import bootstrap_examples
from unsettled.measure.statistics.calibration import brier, calibration_error, reliability
from unsettled.measure.statistics.dip import p_value_of, simulated
from unsettled.measure.statistics.early import area_for_later, early_auc
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.statistics.increment import incremental_auc
from unsettled.measure.statistics.logistic import fold_of
from unsettled.measure.statistics.matching import quantile_edges
from unsettled.measure.statistics.median import order_statistic_ranks
from unsettled.measure.statistics.order import extreme_power, failures_below_successes, fresh_rank_bound, outmoved_share, typical_extreme
from unsettled.measure.statistics.proportion import acceptance_counts, binomial_power, zero_event_power
from unsettled.measure.statistics.ratio import risk_ratio
from unsettled.measure.statistics.roc import roc_curve
from unsettled.measure.statistics.splits import over_splits
from unsettled.measure.statistics.strata import stratified_auc
from unsettled.measure.statistics.windows import combined, leaked, windowed
from unsettled.measure.tasks.maze.generate import Source
from unsettled.measure.tasks.maze.generate import generate as generate_mazes
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.sudoku.unknown import with_unknown

REFERENCE = Path(__file__).parents[2] / "fixtures" / "reference" / "trm-4x4"
PUZZLES = REFERENCE / "puzzles.parquet"
RECORD = measure.synthetic_record(60, segments=8, k=2, seed=1)
FAILED, LATE, SCORES = ~RECORD.solved, RECORD.late_displacement(), np.random.default_rng(0).normal(size=60)
WHOLE = {
    "growth": RECORD.growth,
    "displacement": RECORD.displacement_H,
    "halting_logit": RECORD.halting_logit,
    "solved_at": RECORD.solved_at,
}
BAND = percentile_band(RECORD, 50)
STATE = torch.ones(2, 2, dtype=torch.float64)
PUZZLE = measure.read_puzzles(PUZZLES, limit=2)


def step(state):
    return 0.5 * state


def place(dtype):
    return [step], STATE[:1].to(dtype)


def grown(**changed):
    return measure.tangent_growth(step, STATE, **({"k": 1, "segments": 2} | changed))


def singular(**changed):
    return measure.singular_growth(step, STATE, **({"k": 1, "segments": 2} | changed))


def covariant(**changed):
    return measure.covariant_vectors(step, STATE, **({"k": 1, "segments": 2, "warmup": 1, "tail": 1} | changed))


def precise(**changed):
    return measure.exponents_to_precision(step, STATE, **({"k": 1, "precision": 1.0, "most": 20, "warmup": 1} | changed))


def frozen(**changed):
    starts = STATE * torch.tensor([[1.0], [2.0]])
    return measure.frozen_noise(lambda seed: lambda z, n: z + seed, starts, paths=[0, 1], **({"k": 1, "segments": 1} | changed))


def seeds(**changed):
    return measure.growth_over_seeds(step, STATE, **({"k": 1, "segments": 1} | changed))


@cache
def checkpoint():
    return load_checkpoint(REFERENCE)


def converged(**changed):
    return network_convergence(checkpoint().model, PUZZLE, **({"k": 1, "segments": 1} | changed))


def followed(**changed):
    return follow(checkpoint(), PUZZLE, **({"segments": 1} | changed))


def rolled(**changed):
    return rollout(checkpoint().model, PUZZLE, **({"k": 0, "segments": 1, "seed": 0} | changed))


def measured(tmp, **changed):
    return measure.measure(checkpoint(), PUZZLE, tmp / "r.parquet", **({"k": 0, "segments": 1} | changed))


def drawn(**changed):
    return run_draws(checkpoint().model, PUZZLE, Starts(kind="random"), **({"draws": 1, "segments": 1} | changed))


def solved(**changed):
    settings = {"draws": 1, "segments": 1} | changed
    return list(solve(checkpoint().model, PUZZLE.inputs[0], starts=Starts(kind="random"), rule="consistent", **settings))


def parts(tmp, rows):
    write_record(RECORD, tmp / "r.parquet")
    return split(tmp / "r.parquet", tmp / "parts", rows=rows)


def workers(count):
    with process_workers(count):
        pass


def below(**stated):
    return failures_below_successes(SCORES, FAILED, share=0.9, **stated)


def bins(function, **settings):
    return lambda count, tmp: function(SCORES, FAILED, bins=count, **settings)


def counts(function, *names, lowest=1, **other):
    """Rows of the table below: a function of keyword arguments, of which each is tried alone."""
    lowest_of = dict.fromkeys(names, lowest) | other
    return {f"{function.__name__}.{name}": (least, name, function) for name, least in lowest_of.items()}


# function.argument → (the smallest that it takes, its name, a function of it by that name; or of it and a folder)
KEYWORDS = (
    counts(grown, "segments", "updates_per_segment", "qr_every", k=0, warmup=0, clock=0)
    | counts(singular, "segments", "updates_per_segment", "qr_every", k=0, sweeps=0)
    | counts(covariant, "k", "segments", "updates_per_segment", warmup=0, tail=0)
    | counts(precise, "k", most=20, warmup=0)
    | counts(frozen, "k", "segments")
    | counts(seeds, "k", "segments")
    | counts(converged, "k", "segments", "sweeps", seeds=2)
    | counts(followed, "segments", "batch", k=0, passed=0)
    | counts(rolled, "segments", k=0)
    | counts(drawn, "draws", "segments", "batch")
    | counts(solved, "draws", "segments")
    | counts(LongSettings, "controls", "deep_every", "batch", segments=32, deep=0, starts=0, k=0, seed=0)
    | counts(SpectrumSettings, "segments", "most", "batch", seed=0)
    | counts(measure.synthetic_record, "segments", n=0, k=0, seed=0)
)
CALLS = {
    **{name: (lowest, of, lambda count, tmp, of=of, f=f: f(**{of: count})) for name, (lowest, of, f) in KEYWORDS.items()},
    **{
        f"measure.{name}": (lowest, name, lambda count, tmp, name=name: measured(tmp, **{name: count}))
        for name, lowest in {"k": 0, "segments": 1, "batch": 1, "qr_every": 1}.items()
    },
    **{
        f"{probe.__name__}.{name}": (
            lowest,
            name,
            lambda count, tmp, name=name, probe=probe: probe(checkpoint(), PUZZLE, tmp / "s.parquet", **({"segments": 1} | {name: count})),
        )
        for probe in (probe_unknown, probe_disturbed)
        for name, lowest in {"segments": 1, "batch": 1, "seed": 0}.items()
    },
    "batch_means": (2, "batches", lambda count, tmp: batch_means(torch.randn(1, 40, 1), batches=count)),
    "linearised": (1, "updates_per_segment", lambda count, tmp: measure.linearised(step, STATE, updates_per_segment=count)),
    "largest_singular_value": (1, "most", lambda count, tmp: measure.largest_singular_value(measure.linearised(step, STATE), most=count)),
    "leading_eigenvalues.count": (1, "count", lambda count, tmp: measure.leading_eigenvalues(measure.linearised(step, STATE), count=count)),
    "leading_eigenvalues.most": (1, "most", lambda count, tmp: measure.leading_eigenvalues(measure.linearised(step, STATE), most=count)),
    "check_instrument.segments": (1, "segments", lambda count, tmp: measure.check_instrument(place, "exponent", segments=count)),
    "check_instrument.most": (1, "most", lambda count, tmp: measure.check_instrument(place, "radius", most=count)),
    "check_network_instrument": (1, "segment", lambda count, tmp: check_network_instrument(checkpoint(), PUZZLE, "radius", segment=count)),
    "Flow": (1, "steps", lambda count, tmp: measure.Flow(step, duration=0.1, steps=count)),
    "read_puzzles": (1, "limit", lambda count, tmp: measure.read_puzzles(PUZZLES, limit=count)),
    "read_puzzles.seed": (0, "seed", lambda count, tmp: measure.read_puzzles(PUZZLES, limit=2, seed=count)),
    "read_examples": (1, "limit", lambda count, tmp: measure.read_examples(PUZZLES, limit=count)),
    "read_examples.seed": (0, "seed", lambda count, tmp: measure.read_examples(PUZZLES, limit=2, seed=count)),
    "Record.exponents.first": (0, "first", lambda count, tmp: RECORD.exponents(first=count)),
    "Record.exponents.last": (1, "last", lambda count, tmp: RECORD.exponents(last=count)),
    "late_displacement": (1, "window", lambda count, tmp: RECORD.late_displacement(window=count)),
    "late_steps": (1, "window", lambda count, tmp: RECORD.late_steps(window=count)),
    "otsu_band": (1, "window", lambda count, tmp: otsu_band(measure.synthetic_record(30), window=count)),
    "percentile_band": (1, "window", lambda count, tmp: percentile_band(RECORD, 50, window=count)),
    "enter_and_stay": (1, "stay", lambda count, tmp: enter_and_stay(RECORD, BAND, among="successes", stay=count)),
    "without_threshold": (1, "window", lambda count, tmp: without_threshold(RECORD, window=count)),
    "sliding": (1, "window", lambda count, tmp: sliding(RECORD.growth[:, :, 0], count)),
    "before_capture_in": (1, "window", lambda count, tmp: before_capture_in(RECORD, window=count)),
    "choose": (1, "each", lambda count, tmp: choose(RECORD, BAND, each=count)),
    "portrait_of.points": (1, "points", lambda count, tmp: portrait_of("a", RECORD, points=count)),
    "portrait_of.samples": (1, "samples", lambda count, tmp: portrait_of("a", RECORD, samples=count)),
    "portrait_of.most": (1, "most", lambda count, tmp: portrait_of("a", RECORD, most=count)),
    "matchings_of": (1, "bins", lambda count, tmp: matchings_of(RECORD, BAND, bins=count)),
    "cloud_of": (1, "most", lambda count, tmp: cloud_of(RECORD, BAND, most=count)),
    "confidence_of": (1, "bins", lambda count, tmp: confidence_of(RECORD, FAILED, bins=count)),
    "split": (1, "rows", lambda count, tmp: parts(tmp, count)),
    "process_workers": (1, "processes", lambda count, tmp: workers(count)),
    "zero_event_power": (0, "n", lambda count, tmp: zero_event_power(count, 0.1)),
    "acceptance_counts": (1, "n", lambda count, tmp: acceptance_counts(0.5, count)),
    "binomial_power": (1, "n", lambda count, tmp: binomial_power(0.5, 0.6, count)),
    "risk_ratio.hits": (0, "hits", lambda count, tmp: risk_ratio(count, 10, 2, 10)),
    "risk_ratio.n": (0, "n", lambda count, tmp: risk_ratio(0, count, 2, 10)),
    "risk_ratio.others": (0, "others", lambda count, tmp: risk_ratio(2, 10, 0, count)),
    "bootstrap_examples": (100, "resamples", lambda count, tmp: bootstrap_examples(np.mean, SCORES, resamples=count)),
    "bootstrap_examples.seed": (0, "seed", lambda count, tmp: bootstrap_examples(np.mean, SCORES, resamples=100, seed=count)),
    "calibration_error.resamples": (100, "resamples", lambda count, tmp: calibration_error(SCORES, FAILED, resamples=count)),
    "brier": (100, "resamples", lambda count, tmp: brier(SCORES, FAILED, resamples=count)),
    "reliability": (1, "bins", bins(reliability)),
    "calibration_error.bins": (1, "bins", bins(calibration_error, resamples=100)),
    "matched_auc.bins": (1, "bins", bins(measure.matched_auc, by=LATE, weights="pairs")),
    "matched_auc.minimum": (1, "minimum", lambda count, tmp: measure.matched_auc(SCORES, FAILED, LATE, weights="pairs", minimum=count)),
    "stratified_auc": (1, "minimum", lambda n, tmp: stratified_auc(SCORES, FAILED, np.zeros(60, int), weights="pairs", minimum=n)),
    "quantile_edges": (1, "bins", lambda count, tmp: quantile_edges(SCORES, count)),
    "early_auc": (1, "horizon", lambda count, tmp: early_auc(**WHOLE, score="exponent", horizon=count)),
    "area_for_later": (1, "horizon", lambda count, tmp: area_for_later(SCORES, solved_at=RECORD.solved_at, horizon=count)),
    "leaked": (1, "horizon", lambda count, tmp: leaked(windowed("exponent"), WHOLE, count)),
    "combined": (1, "horizon", lambda count, tmp: combined(WHOLE, count)),
    "incremental_auc": (2, "folds", lambda count, tmp: incremental_auc(SCORES, LATE, FAILED, folds=count)),
    "fold_of": (1, "folds", lambda count, tmp: fold_of(FAILED, folds=count, seed=0)),
    "outmoved_share": (1, "rank", lambda count, tmp: outmoved_share(SCORES, FAILED, rank=count)),
    "typical_extreme": (1, "of", lambda count, tmp: typical_extreme(SCORES, FAILED, of=count)),
    "failures_below": (
        0,
        "stated_below",
        lambda n, tmp: failures_below_successes(SCORES, FAILED, share=0.9, stated_below=n, stated_failures=9),
    ),
    "failures_below.of": (0, "stated_failures", lambda n, tmp: below(stated_failures=n)),
    "extreme_power": (1, "failures", lambda count, tmp: extreme_power(0.1, count, stated_failures=5)),
    "extreme_power.stated": (1, "stated_failures", lambda count, tmp: extreme_power(0.1, 5, stated_failures=count)),
    "fresh_rank_bound.present": (1, "present", lambda count, tmp: fresh_rank_bound(count, 1, 1)),
    "fresh_rank_bound.fresh": (1, "fresh", lambda count, tmp: fresh_rank_bound(1, count, 1)),
    "fresh_rank_bound.rank": (1, "rank", lambda count, tmp: fresh_rank_bound(1, 1, count)),
    "order_statistic_ranks": (0, "n", lambda count, tmp: order_statistic_ranks(count)),
    "roc_curve": (2, "points", lambda count, tmp: roc_curve(SCORES, FAILED, points=count)),
    "over_splits": (1, "splits", lambda count, tmp: over_splits(lambda seed: Estimate(value=0.1, low=0.0, high=0.2), splits=count)),
    "p_value_of": (1, "n", lambda count, tmp: p_value_of(0.05, count)),
    "simulated": (1, "size", lambda count, tmp: simulated(count)),
    "generate": (0, "count", lambda count, tmp: generate(Box(2, 2), count, seed=0)),
    "generate.first": (0, "first", lambda count, tmp: generate(Box(2, 2), 1, seed=0, first=count)),
    "generate.seed": (0, "seed", lambda count, tmp: generate(Box(2, 2), 1, seed=count)),
    "generate_mazes": (1, "count", lambda count, tmp: generate_mazes(Source(side=9, shortest=2, longest=99), count, seed=0)),
    "with_unknown": (1, "unknown", lambda count, tmp: with_unknown(PUZZLE, count)),
}
# Arguments of the public functions that are tried elsewhere, or are no counts: clocks and seeds of any sign, and what files tell.
PASSED_ON = {
    "covariant_vectors": {"clock"},
    "linearised": {"clock"},
    "singular_growth": {"seed", "clock"},
    "tangent_growth": {"seed"},
    "largest_singular_value": {"seed"},
    "leading_eigenvalues": {"seed"},
    "proportion": {"successes", "n"},
    "load_checkpoint": {"H_cycles", "L_cycles", "heads", "prefix"},
    "read_record": {"in_memory"},
}
ALIASES = {"tangent_growth": grown, "singular_growth": singular, "covariant_vectors": covariant, "exponents_to_precision": precise}
ALIASES |= {"frozen_noise": frozen, "growth_over_seeds": seeds}


@pytest.mark.parametrize("call", CALLS)
def test_a_wrong_count_is_one_line_that_names_it(call, tmp_path):
    lowest, name, function = CALLS[call]
    for count in (lowest - 1, -3, lowest + 1.5, float("nan"), True, "2"):
        with pytest.raises(UserError) as refused:
            function(count, tmp_path)
        assert str(refused.value).startswith(f"{name} is "), (count, refused.value)
    assert not list(tmp_path.glob("s.*"))


@pytest.mark.parametrize("call", ["matched_auc.bins", "Record.exponents.last", "LongSettings.segments"])
def test_whole_numbers_of_numpy_are_counts(call, tmp_path):
    lowest, _, function = CALLS[call]
    assert function(np.int64(lowest), tmp_path) is not None


def test_no_count_of_the_public_functions_is_left_out():
    tried = {(call.partition(".")[0], name) for call, (_, name, _) in CALLS.items()}
    for public in measure.__all__:
        if inspect.isfunction(function := getattr(measure, public)):
            home = ALIASES[public].__name__ if public in ALIASES else public
            wanted = {one.name for one in inspect.signature(function).parameters.values() if one.annotation in ("int", "int | None")}
            assert wanted - PASSED_ON.get(public, set()) <= {name for called, name in tried if called == home}, public
