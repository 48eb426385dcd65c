"""Parameters of statistics: what they are where a claim says nothing, and the least and the most that they may be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from unsettled.claims.catalogue.registered import STATISTICS, lookup
from unsettled.measure.statistics.modality import FLOOR, REST

# of every statistic that takes a parameter of that name
DEFAULTS = {
    "after": {16},
    "baselines": {True},
    "command": {None},
    "bins": {10},
    "draws": {8},
    "drift": {0.75},
    "edge": {None},
    "end": {16},
    "first": {None},
    "floor": {FLOOR},
    "folds": {5},
    "high": {True},
    "horizon": {4},
    "index": {1},
    "last": {None},
    "least": {4},
    "limit": {1.0},
    "logit": {0.0},
    "loss": {0.01},
    "minimum": {1},
    "percentile": {None},
    "rest": {REST, None},
    "rollouts": {4},
    "segment": {None},
    "segments": {16, None},
    "settled": {False},
    "stay": {4},
    "tail": {0.1},
    "until": {0, 64},
    "window": {4, 8},
}


def test_a_default_is_that_of_its_name():
    seen = set()
    for name, statistic in STATISTICS.items():
        for parameter, field in statistic.parameters.model_fields.items():
            if not field.is_required() and not isinstance(field.default, str):
                seen.add(parameter)
                assert parameter in DEFAULTS, (name, parameter)
                assert field.default in DEFAULTS[parameter], (name, parameter)
    assert {"window", "rest", "until"} <= seen


REQUIRED = {
    "failures_per": {"of": 10},
    "matched_auc": {"by": "givens"},
    "least_mobile_failure": {"failures": 9},
    "label_share": {"labels": ("settled",)},
}


@pytest.mark.parametrize(
    ("statistic", "parameter", "allowed", "refused"),
    [
        ("failures_per", "of", (1, 10**9), (0, 10**9 + 1, 1.5)),
        ("least_mobile_failure", "failures", (1, 10**9), (0, 10**9 + 1)),
        ("settled_share", "window", (1, 10_000), (0, 10_001)),
        ("settled_share", "floor", (1e-9, 0.999), (0.0, 1.0)),
        ("settled_share", "rest", (1e-9, 0.999), (0.0, 1.0)),
        ("median_exponent", "index", (1, 1000), (0, 1001)),
        ("auc", "folds", (2, 100), (1, 101)),
        ("matched_auc", "bins", (1, 1000), (0, 1001)),
        ("matched_auc", "minimum", (1, 10**6), (0,)),
        ("confident_share", "logit", (-9.0, 9.0), (float("inf"), float("nan"))),
        ("early_doom", "tail", (0.001, 0.999), (0.0, 1.0)),
        ("halting_calibration", "bins", (1, 1000), (0, 1001)),
        ("label_share", "rest", (1e-9, 5.0), (0.0, float("inf"))),
        ("label_share", "loss", (1e-9, 5.0), (0.0, float("inf"))),
        ("label_share", "labels", (("settled", "wandering"),), ((), ("asleep",))),
        ("solved_later_share", "until", (0, 10_000), (-1, 10_001)),
        ("critical_segment", "least", (3, 10_000), (2, 10_001)),
        ("restart_gain", "draws", (2, 10_000), (1, 10_001)),
        ("restarts_over_pruning", "rollouts", (1, 4), (0, 5)),
        ("retention_share", "radius", (0.0, 3.0), (-0.1, float("inf"))),
        ("one_step_above", "limit", (-1.0, 9.0), (float("inf"),)),
    ],
)
def test_the_least_and_the_most_that_it_may_be(statistic, parameter, allowed, refused):
    model, needed = lookup(statistic).parameters, REQUIRED.get(statistic, {})
    for value in allowed:
        assert getattr(model(**needed | {parameter: value}), parameter) == value
    for value in refused:
        with pytest.raises(ValidationError):
            model(**needed | {parameter: value})
    with pytest.raises(ValidationError):
        model(**needed | {"another": 1})


@pytest.mark.parametrize(
    ("edges", "rule"), [({"percentile": 0.5}, "percentile"), ({"percentile": 99.5}, "percentile"), ({"edge": 1e-9}, "fixed")]
)
def test_edges_of_a_band_lie_within_their_scale(edges, rule):
    model = lookup("settled_share").parameters
    assert model(rule=rule, **edges).rule == rule
    for wrong in (0.0, 100.0 if rule == "percentile" else float("inf")):
        with pytest.raises(ValidationError):
            model(rule=rule, **dict.fromkeys(edges, wrong))


def test_what_is_computed_many_times_has_no_figures_beside_it():
    assert not lookup("auc").parameters().lean().baselines and lookup("auc").parameters(folds=3).lean().folds == 3
    plain = lookup("accuracy").parameters()
    assert plain.lean() is plain
