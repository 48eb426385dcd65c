"""Does λ₁ say anything that displacement and halting do not? Out-of-fold AUC with and without it.

A cross-validated logistic regression on the baseline features, and one with λ₁ added, each scored on
examples it was not fitted on; then the paired DeLong difference of the two scores. Out of fold, because on the
fitted sample added noise never hurts and DeLong's test of nested models is invalid (Demler, Pencina & D'Agostino 2012,
Statistics in Medicine 31:2577). The interval takes the fitted models as given; it leaves out the variation from refitting.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from unsettled.measure.errors import UserError
from unsettled.measure.statistics.auc import auc, auc_difference
from unsettled.measure.statistics.estimate import About, Estimate, undefined
from unsettled.measure.statistics.logistic import fitted_scores, fold_of
from unsettled.measure.statistics.sample import as_mask, check_share
from unsettled.measure.support.counts import at_least

#: Of each example some numbers: (N, p), (N,), or a tuple of columns (N,).
Features = ArrayLike | tuple[np.ndarray, ...]
#: Of more examples of a class than this, a model of a few features gains nothing that would show, and takes memory and minutes.
MOST_FITTED = 125_000


def incremental_auc(
    baseline: Features,
    added: Features,
    positives: ArrayLike,
    *,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    denominator: str = "examples",
) -> Estimate:
    """AUC(baseline + added) − AUC(baseline), out of fold, with a paired DeLong interval.

    Args:
        baseline: features (N, p) or (N,), or a tuple of columns (N,), on the scale they are linear in (say, log10 displacement).
        added: features of the same kinds whose contribution is asked for.
        positives: (N,) yes/no.
        folds, seed: stratified folds and their shuffle. Each fit takes at most `MOST_FITTED` examples of a class, drawn
            with the seed, which moves the intercept alone (Prentice & Pyke 1979, Biometrika 66:403); all are scored.

    ``extra``: ``auc_baseline``, ``auc_full``, ``auc_added`` (the added features alone, out of fold), ``z``, ``p_value``.
    An infinite feature is set to the most extreme finite value of its fold's training part.
    """
    level = check_share("level", level)
    old, new = _columns("baseline", baseline), _columns("added", added)
    mask = as_mask("positives", positives, len(old[0]))
    if len(new[0]) != len(mask):
        raise UserError(f"added has {len(new[0])} rows, baseline {len(mask)}")
    at_least(2, folds, "folds")
    method = f"AUC gained in {folds}-fold logistic regression, paired DeLong out of fold"
    about: About = {"n": len(mask), "method": method, "denominator": denominator}
    if any(np.isnan(part).any() for part in old + new):
        return undefined("some features are NaN", **about)
    smaller = int(min(mask.sum(), (~mask).sum()))
    if smaller < folds:
        return undefined(f"the smaller class has {smaller} examples, fewer than {folds} folds", **about)
    number = fold_of(mask, folds=folds, seed=seed)
    full, alone, beside = _scores((old + new, new, old), mask, number, seed)
    added_alone = auc(alone, mask).value
    del alone  # a number each of millions of examples
    gain = auc_difference(full, beside, mask, level=level)
    if "auc_second" not in gain.extra:
        return undefined(gain.undefined_reason or "the areas cannot be compared", **about)
    extra = {"auc_baseline": gain.extra["auc_second"], "auc_full": gain.extra["auc_first"], "auc_added": added_alone}
    extra |= {name: gain.extra[name] for name in ("z", "p_value", "note") if name in gain.extra}
    return Estimate(
        value=gain.value,
        low=gain.low,
        high=gain.high,
        level=level,
        error=gain.error,
        extra=extra,
        counts=dict(gain.counts) | {"folds": folds, "baseline": _count(old), "added": _count(new)},
        **about,
    )


def _scores(models: Sequence[tuple[np.ndarray, ...]], positives: np.ndarray, number: np.ndarray, seed: int) -> list[np.ndarray]:
    """Out-of-fold scores (N,) of several models, each on columns in several arrays, which are put together for one fold at a time."""
    scores = [np.empty(len(positives)) for _ in models]
    for index in range(int(number.max()) + 1):
        held_out = number == index
        fitted = _drawn(~held_out, positives, seed)
        cut = {id(part): (part[fitted], part[held_out]) for parts in models for part in parts}
        for parts, found in zip(models, scores, strict=True):
            training, fresh = _finite(*(np.column_stack(side) for side in zip(*(cut[id(part)] for part in parts), strict=True)))
            found[held_out] = fitted_scores(training, positives[fitted], fresh)
    return scores


def _drawn(among: np.ndarray, positives: np.ndarray, seed: int) -> np.ndarray:
    """Positions of the examples to fit: of each class all that are ``among``, or `MOST_FITTED` of them."""
    rng, chosen = np.random.default_rng(seed), []
    for label in (False, True):
        rows = np.flatnonzero(among & (positives == label))
        chosen.append(rows if len(rows) <= MOST_FITTED else rng.choice(rows, MOST_FITTED, replace=False))
    return np.sort(np.concatenate(chosen))


def _finite(training: np.ndarray, fresh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with infinities set to the finite extremes of the training part, column by column."""
    if np.isfinite(training).all() and np.isfinite(fresh).all():
        return training, fresh
    finite = np.ma.masked_invalid(training)
    low, high = finite.min(axis=0).filled(0.0), finite.max(axis=0).filled(0.0)

    def clipped(part: np.ndarray) -> np.ndarray:
        return np.where(np.isinf(part), np.clip(part, low, high), part)

    return clipped(training), clipped(fresh)


def _columns(name: str, features: Features) -> tuple[np.ndarray, ...]:
    """Arrays of features, (N,) or (N, p) each."""
    parts = features if isinstance(features, tuple) else (features,)
    arrays = tuple(np.asarray(part, dtype=np.float64) for part in parts)
    for array in arrays:
        if array.ndim not in (1, 2):
            raise UserError(f"{name} has shape {array.shape}, expected examples and features")
    return arrays


def _count(parts: tuple[np.ndarray, ...]) -> int:
    return sum(1 if part.ndim == 1 else part.shape[1] for part in parts)
