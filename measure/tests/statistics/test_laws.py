"""The laws of scipy.special against those of scipy.stats, to the last bit."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from unsettled.measure.statistics import laws
from unsettled.measure.statistics.laws import beta, binom, hypergeom, ncf, norm, one_sided_fisher, student

RNG = np.random.default_rng(1)
N = 5_000
COUNT, SHARE, LEVEL, X = RNG.integers(1, 2000, N), RNG.random(N), RNG.random(N), 4 * RNG.standard_normal(N)
SHARE[:200] = RNG.choice([0.0, 0.5, 1.0], 200)
K = RNG.integers(-2, COUNT + 3)
MARKED, DRAWN = RNG.integers(0, COUNT + 1), RNG.integers(0, COUNT + 1)
BOTH = [
    *((getattr(law, method), getattr(stats.norm, method), (x,)) for law, method, x in ((norm, "cdf", X), (norm, "sf", X))),
    *((getattr(norm, method), getattr(stats.norm, method), (LEVEL,)) for method in ("ppf", "isf")),
    (student.isf, stats.t.isf, (LEVEL, COUNT)),
    (student.sf, stats.t.sf, (X, COUNT)),
    *((getattr(beta, method), getattr(stats.beta, method), (LEVEL, COUNT / 7, COUNT[::-1] + 1)) for method in ("ppf", "isf")),
    (ncf.cdf, stats.ncf.cdf, (np.abs(X[:200]), 3, 90, 9 * LEVEL[:200])),
    *((getattr(binom, method), getattr(stats.binom, method), (K, COUNT, SHARE)) for method in ("pmf", "cdf", "sf")),
    (binom.ppf, stats.binom.ppf, (LEVEL, COUNT, SHARE)),
    *((getattr(hypergeom, method), getattr(stats.hypergeom, method), (K, COUNT, MARKED, DRAWN)) for method in ("pmf", "cdf")),
]


@pytest.mark.parametrize(("ours", "theirs", "arguments"), BOTH, ids=lambda value: getattr(value, "__qualname__", ""))
def test_every_law_is_that_of_scipy_stats(ours, theirs, arguments):
    np.testing.assert_array_equal(ours(*arguments), theirs(*arguments))
    one = [float(np.asarray(value).flat[0]) for value in arguments]
    assert ours(*one) == theirs(*one) and np.ndim(ours(*one)) == 0


@pytest.mark.parametrize("alternative", ["less", "greater"])
def test_fishers_one_sided_test_is_scipys(alternative):
    for table in RNG.integers(0, 12, (200, 2, 2)).tolist():
        assert one_sided_fisher(table, alternative=alternative) == stats.fisher_exact(table, alternative=alternative).pvalue


def test_without_the_functions_that_have_no_public_name_scipy_stats_answers(monkeypatch):
    wanted = [binom.cdf(K, COUNT, SHARE), hypergeom.pmf(K, COUNT, MARKED, DRAWN)]
    monkeypatch.setattr(laws, "import_module", lambda name: SimpleNamespace() if name.endswith("_ufuncs") else import_module(name))
    laws._counted.cache_clear()
    found = [binom.cdf(K, COUNT, SHARE), hypergeom.pmf(K, COUNT, MARKED, DRAWN)]
    laws._counted.cache_clear()
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
