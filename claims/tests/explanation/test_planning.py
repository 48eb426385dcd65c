"""The sample that a claim needs: by the formula of a test, by simulation, and told where none can be given."""

import numpy as np
import pytest

from unsettled.claims.explanation.planning import needed, plan
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.populations import Population
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure import proportion
from unsettled.measure.statistics.estimate import Estimate, undefined
from unsettled.measure.statistics.proportion import binomial_power


def test_a_sample_of_that_size_sees_the_difference_with_the_power_asked_for():
    pilot = proportion(60, 200)
    size = needed(pilot, 0.02, 200)
    draws = np.random.default_rng(1).binomial(size, 0.32, 4000) / size
    rejected = np.abs(draws - 0.3) > 1.96 * np.sqrt(0.3 * 0.7 / size)
    assert abs(rejected.mean() - 0.8) < 0.03


@pytest.mark.parametrize(("hits", "of", "difference"), [(99, 100, 0.05), (2, 100, 0.05), (90, 100, 0.05), (14, 20, 0.2)])
def test_a_share_near_its_end_has_the_power_that_is_promised_by_enumeration(hits, of, difference):
    """The normal law's size has a power of .30, .44, .68 and .68."""
    size, share = needed(proportion(hits, of), difference, of), hits / of
    powers = [binomial_power(share, truth, size) for truth in (share - difference, share + difference) if 0 <= truth <= 1]
    assert 0.8 <= min(powers) < 0.9
    assert needed(proportion(hits, of), difference, 3 * of) >= 3 * size - 3  # a share of every third example


def test_half_the_difference_takes_four_times_as_many():
    found = Estimate(value=0.5, error=0.05)
    assert needed(found, 0.05, 100) == pytest.approx(4 * needed(found, 0.1, 100), abs=4)


def test_without_an_error_there_is_no_size():
    assert needed(undefined("no failures"), 0.1, 100) is None and needed(Estimate(value=0.5), 0.1, 100) is None


@pytest.mark.parametrize("smallest", ["1e-300", "1e-9", "5e-324"])
def test_an_effect_too_small_to_be_seen_has_no_size(tmp_path, smallest):
    """It was an OverflowError."""
    path = tmp_path / "ledger.toml"
    path.write_text(ledger_text(("claim", claim_table(smallest_contradiction=float(smallest)))), encoding="utf-8")
    (planned,) = plan(load_ledger(path), [Population(name="p", kind="user", architecture="trm", record=synthetic_record(100, seed=1))])
    assert not planned.examples and "more than 1,000,000,000,000 examples" in planned.reason


def test_pilots_of_the_claim_s_architecture_give_the_range_and_facts_need_none(tmp_path):
    path = tmp_path / "ledger.toml"
    size = claim_table(id="n", statistic="sample_size", stated="50", kind="point")
    path.write_text(ledger_text(("claim", claim_table()), ("claim", size)))
    ledger = load_ledger(path)
    pilots = [Population(name=f"p{n}", kind="user", architecture="trm", record=synthetic_record(n, seed=n)) for n in (100, 160)]
    share, size = plan(ledger, pilots)
    assert share.examples[0] < share.examples[1] and set(share.pilots) == {"p100", "p160"}
    assert size.examples == () and "a choice of the authors" in size.reason
    own = Population(name="paper.trm", kind="paper", architecture="trm", record=synthetic_record(130, seed=3))
    assert plan(ledger, [*pilots, own])[0].pilots == ("paper.trm",)
    assert plan(ledger, [])[0].reason.startswith("no record to plan from")
