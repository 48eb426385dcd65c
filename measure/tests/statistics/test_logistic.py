"""Logistic regression and stratified folds against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from unsettled.measure.statistics.logistic import fitted_scores, fold_of

RNG = np.random.default_rng(3)
TABLE = RNG.normal(size=(300, 3)) * [1.0, 1e-6, 1e6] + [0.0, 5.0, -1e3]


@pytest.mark.parametrize("kind", ["overlapping", "separated", "rare", "constant", "collinear", "few"])
def test_scores_are_scikit_learns(kind):
    features, positives = TABLE.copy(), TABLE[:, 0] + RNG.normal(size=300) > 0
    if kind == "separated":
        positives = TABLE[:, 0] > 0
    elif kind == "rare":
        positives = np.arange(300) < 2
    elif kind == "constant":
        features[:, 1] = 0.1
    elif kind == "collinear":
        features[:, 2] = 3 * features[:, 0] - 1
    elif kind == "few":
        features, positives = features[:4], np.array([True, False, True, False])
    wanted = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky", max_iter=1000)).fit(features, positives)
    found = fitted_scores(features.copy(), positives, TABLE[:50].copy())
    assert found == pytest.approx(wanted.decision_function(TABLE[:50]), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("rows", "share", "folds"), [(100, 0.3, 5), (17, 0.5, 3), (40, 0.2, 2)])
def test_folds_are_scikit_learns(rows, share, folds):
    positives = RNG.random(rows) < share
    split = StratifiedKFold(folds, shuffle=True, random_state=7).split(positives, positives)
    found = fold_of(positives, folds=folds, seed=7)
    assert [np.flatnonzero(found == number).tolist() for number in range(folds)] == [held_out.tolist() for _, held_out in split]
