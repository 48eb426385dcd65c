"""Logistic regression on a few standardised features, and the stratified folds in which one is judged.

Minimised is the mean log loss plus |w|²/(2n) over the weights w of the standardised features, not of the intercept: the penalty keeps
the weights of separated classes finite. Newton's steps, halved until the loss falls (Boyd & Vandenberghe 2004, Convex Optimization,
section 9.5), reach the minimum in four to ten. scikit-learn's ``LogisticRegression(solver="newton-cholesky")`` gives the same scores;
it takes a third of a second to be imported, and ten times as long for a fit of this size.
"""

from __future__ import annotations

import numpy as np

from unsettled.measure.statistics.libraries import expit
from unsettled.measure.support.counts import at_least

# The fit ends once no derivative is larger, nor the next step worth more.
TOLERANCE = 1e-4
STEPS, HALVINGS = 100, 21
SUFFICIENT = 2.0**-11


def fitted_scores(training: np.ndarray, positives: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Scores of ``fresh`` (M, p) by a logistic regression on the standardised features ``training`` (N, p); both are scaled in place.

    >>> training = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> fitted_scores(training, np.array([False, False, True, True]), np.array([[0.0], [1.5], [3.0]])).round(2) + 0.0
    array([-1.27,  0.  ,  1.27])
    """
    mean, scale = training.mean(axis=0), _scale_of(training)
    for part in (training, fresh):
        np.divide(np.subtract(part, mean, out=part), scale, out=part)
    *weights, intercept = fit(training, positives)
    found: np.ndarray = fresh @ np.array(weights) + intercept
    return found


def _scale_of(features: np.ndarray) -> np.ndarray:
    """The standard deviation (p,) of each feature; 1 for one that is constant but for rounding."""
    variance, rounding = features.var(axis=0), np.finfo(np.float64).eps * len(features)
    constant = variance <= rounding * variance + (rounding * features.mean(axis=0)) ** 2
    return np.where(constant, 1.0, np.sqrt(variance))


def fit(features: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Weights of the standardised ``features`` (N, p), and last the intercept, shape (p + 1,)."""
    n, p = features.shape
    penalty = np.append(np.full(p, 1 / n), 0.0)
    labels = positives.astype(np.float64)

    def raw_of(weights: np.ndarray) -> np.ndarray:
        return np.asarray(features @ weights[:-1] + weights[-1])

    def loss_of(weights: np.ndarray, raw: np.ndarray) -> float:
        return float((np.logaddexp(0.0, raw) - labels * raw).mean() + penalty @ weights**2 / 2)

    def slope_of(weights: np.ndarray, chances: np.ndarray) -> np.ndarray:
        wrong = (chances - labels) / n
        return np.asarray(np.append(features.T @ wrong, wrong.sum()) + penalty * weights)

    weights = np.zeros(p + 1)
    raw = raw_of(weights)
    loss, chances = loss_of(weights, raw), np.asarray(expit(raw))
    slope = slope_of(weights, chances)
    for _ in range(STEPS):
        curved = chances * (1 - chances) / n
        weighted = features.T * curved
        curvature = np.diag(penalty)
        curvature[:-1, :-1] += weighted @ features
        curvature[-1, :-1] = curvature[:-1, -1] = weighted.sum(axis=1)
        curvature[-1, -1] = curved.sum()
        step = np.linalg.solve(curvature, -slope)
        length, promised = 1.0, float(slope @ step)
        for _ in range(HALVINGS):
            moved = weights + length * step
            raw = raw_of(moved)
            found = loss_of(moved, raw)
            if found - loss <= length * SUFFICIENT * promised:
                break
            length /= 2
        weights, loss, chances = moved, found, np.asarray(expit(raw))
        slope = slope_of(weights, chances)
        if np.abs(slope).max() <= TOLERANCE and step @ curvature @ step / 2 <= TOLERANCE:
            break
    return weights


def fold_of(positives: np.ndarray, *, folds: int, seed: int) -> np.ndarray:
    """The stratified fold (N,) in which each example is held out: one small number each, for all fits of a comparison.

    Both classes are dealt to the folds in turn, and shuffled: as scikit-learn's ``StratifiedKFold`` does with that seed.
    """
    at_least(1, folds, "folds"), at_least(0, seed, "seed")
    number, rng, dealt = np.empty(len(positives), np.int16), np.random.RandomState(seed), 0
    for label in (positives[0], not positives[0]):
        rows = positives == label
        count = int(rows.sum())
        sizes = [len(range((fold - dealt) % folds, count, folds)) for fold in range(folds)]
        places = np.repeat(np.arange(folds, dtype=np.int16), sizes)
        rng.shuffle(places)
        number[rows], dealt = places, dealt + count
    return number
