"""The drift gate: what counts as drift, how often it cries wolf, how surely it sees one, and how it is updated."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from unsettled.claims.audit import baseline
from unsettled.claims.audit.baseline import (
    DECLARED_SHARE,
    Baseline,
    allowed,
    blind,
    drift,
    moved,
    noise_of,
    read_baseline,
    update,
    vanished,
    write_baseline,
)
from unsettled.claims.judgement.noise_band import disturb
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.populations.populations import discover
from unsettled.fixtures.synthetic.audits import write_tiny_reference
from unsettled.fixtures.synthetic.locked import ANOTHER, LOCKED, NOISE, judge_plainly, locked_as, noisy
from unsettled.measure.campaign.noise import remeasure
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.record.parquet import read_record
from unsettled.measure.rollout.starts import last_bit_start
from unsettled.measure.tasks.read import read_puzzles


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"verdict": "REPRODUCED"}, "was REPRODUCED, is "),
        ({"value": 0.5}, "value was 0.5, is "),
        ({"low": None}, "low was none, is "),
        ({"high": 0.1}, "high was 0.1, is "),
        ({"fingerprints": {}}, "locked on other checkpoint tensors: none, now 000000000000"),
    ],
)
def test_each_locked_thing_is_held_to(judged, changes, told):
    now = locked_as(judged)
    reason = drift(now.model_copy(update=changes), now)
    assert reason is None if told is None else reason.startswith(told)


def test_edited_bar_is_shown_as_such(judged):
    now = locked_as(judged)
    before = now.model_copy(update={"bar": now.bar | {"stated": "0.99"}, "verdict": "ERROR"})
    assert drift(before, now) == "the acceptance criterion changed: stated was '0.99', is '0.993'"


def test_same_record_has_no_slack_and_another_has_the_locked_noise(judged):
    locked = locked_as(judged, noise=True)
    off = locked.model_copy(update={"value": locked.value + 0.5 * locked.noise})
    assert drift(locked, off).startswith("value was")
    again = off.model_copy(update={"fingerprints": off.fingerprints | {"record": "another"}})
    assert drift(locked, again) is None
    assert drift(locked, again.model_copy(update={"value": locked.value + 1.5 * locked.noise})).startswith("value was")


def test_another_tangent_start_has_its_own_slack_and_the_same_one_has_not(judged):
    locked = locked_as(judged, "trm.lambda1.median.failure", noise=True)
    assert locked.start_noise > 3 * locked.noise > 0
    between = {"value": locked.value + 0.5 * locked.start_noise, "fingerprints": locked.fingerprints | {"record": "another"}}
    again = locked.model_copy(update=between)
    assert drift(locked, again).startswith("value was")
    other = again.model_copy(update={"fingerprints": again.fingerprints | {"tangent_start": "7"}})
    assert drift(locked, other) is None
    turned = {"verdict": "UNDERPOWERED" if locked.verdict != "UNDERPOWERED" else "REFUTED"}
    assert drift(locked, other.model_copy(update=turned)) is None
    assert drift(locked, again.model_copy(update=turned)).startswith("was ")
    far = turned | {"value": locked.value + 1.5 * locked.start_noise}
    assert drift(locked, other.model_copy(update=far)).startswith("value was")


CLAIMS = ("trm.accuracy", "trm.lambda1.auc", "trm.lambda1.median.failure")  # a share, an area, a median


@pytest.fixture(scope="module")
def versions(judged):
    """What 200 measurements of the same may give."""
    rng = np.random.default_rng(11)
    return [disturb(judged[1].record, NOISE, rng, possible=False) for _ in range(200)]


@pytest.mark.parametrize("claim", CLAIMS)
def test_remeasuring_the_same_cries_wolf_no_more_than_declared(judged, versions, claim):
    locked = locked_as(judged, claim, noise=True)
    tripped = sum(drift(locked, locked_as(judged, claim, record=version)) is not None for version in versions)
    assert tripped <= DECLARED_SHARE * 200
    assert locked.noise > 0


@pytest.mark.asymptotic
def test_real_remeasurements_cry_wolf_no_more_than_declared(tmp_path):
    """An untrained network measured 200 times under other batch sizes, last bits of its start, and tangent starts."""
    folder = write_tiny_reference(tmp_path, puzzles=12)
    record = read_record(folder / "record.parquet")
    checkpoint, puzzles = load_checkpoint(folder), read_puzzles(folder / "puzzles.parquet")
    ledger = load_ledger()
    population = replace(next(p for p in discover(Inputs(), ledger) if p.name == "paper.trm"), record=record, missing=None)
    measured = {c: locked_as((ledger, population), c, noise=True) for c in ("trm.lambda1.median.failure", "trm.failures.expansive")}
    rng = np.random.default_rng(3)
    tripped = 0
    for seed in range(200):
        changes = {"batch": int(rng.integers(3, 13)), "start": last_bit_start(100 + seed), "seed": 1 + seed}
        again = remeasure(checkpoint, puzzles, record, **changes)
        again = again.replace(provenance=record.provenance.model_copy(update={"tangent_seed": changes["seed"]}))
        tripped += any(drift(locked, locked_as((ledger, population), c, record=again)) for c, locked in measured.items())
    print(f"tripped {tripped} of 200")
    assert tripped <= DECLARED_SHARE * 200


def test_drift_of_twice_the_detectable_difference_is_caught(judged):
    """The separation of λ₁ shrinks until its AUC has moved by twice the smallest difference that n could show."""
    _, population = judged
    verdict, locked = judge_plainly(judged, "trm.lambda1.auc", population), locked_as(judged, noise=True)
    aim = verdict.measured.estimate.value - 2 * verdict.power.minimum_detectable_difference
    caught = 0
    for seed in range(50):
        drifted = noisy(blurred_to(population.record, aim, seed))
        caught += drift(locked, locked_as(judged, record=drifted)) is not None
    assert caught >= 0.8 * 50


def blurred_to(record, aim, seed):
    """The record with enough noise on its exponents that λ₁ separates with about the AUC ``aim``."""
    rng = np.random.default_rng(seed)
    added = rng.standard_normal(len(record))[:, None, None]
    low, high = 0.0, 100.0
    for _ in range(30):
        middle = (low + high) / 2
        changed = record.replace(growth=record.growth + middle * added)
        scores = changed.exponents()[:, 0]
        wrong, right = scores[~record.solved], scores[record.solved]
        area = (np.searchsorted(np.sort(right), wrong) / len(right)).mean()
        low, high = (middle, high) if area > aim else (low, middle)
    return changed


def test_update_new_adds_and_all_replaces_and_drops(judged):
    one = locked_as(judged)
    two = one.model_copy(update={"value": 0.5})
    before, now, keys = Baseline(locked={"a@x": one, "gone@x": one}), {"a@x": two, "b@x": two}, dict.fromkeys(["b@x", "a@x", "c@x"])
    assert update(before, now, keys=keys, what="new").locked == {"b@x": two, "a@x": one, "gone@x": one}
    assert update(before, now, keys=keys, what="all").locked == {"b@x": two, "a@x": two}
    assert update(before, {}, keys=keys, what="all").locked == {"a@x": one}
    assert list(vanished(before, keys)) == ["gone@x"]
    left = Baseline(locked={"left@x": two, "b@x": one, "gone@x": one})
    assert list(update(left, {}, keys=keys, what="new").locked) == ["b@x", "gone@x", "left@x"], "as in the ledger, the others by name"


def test_baseline_survives_its_file(judged, tmp_path):
    path = tmp_path / "baseline.json"
    kept = Baseline(locked={"a@x": locked_as(judged, noise=True)})
    write_baseline(kept, path)
    assert read_baseline(path) == kept
    path.write_text('{"schema_version": 2}')
    with pytest.raises(UserError, match="not a baseline: schema_version"):
        read_baseline(path)


def relocked(fingerprints=(), bar=(), **changes):
    """`LOCKED` with some of it changed."""
    about = {"fingerprints": LOCKED.fingerprints | dict(fingerprints), "bar": LOCKED.bar | dict(bar)}
    return LOCKED.model_copy(update=about | changes)


STARTED = ANOTHER | {"tangent_start": "1"}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (relocked(value=0.5 * (1 + 1e-10)), None),
        (relocked(value=0.5 * (1 + 1e-8)), "value was 0.5, is 0.5, beyond the noise of 0"),
        (relocked(low=0.41), "low was 0.4, is 0.41, beyond the noise of 0"),
        (relocked(high=None), "high was 0.6, is none"),
        (relocked(ANOTHER, value=0.509, low=0.391, high=0.609), None),
        (relocked(ANOTHER, value=0.511), "value was 0.5, is 0.511, beyond the noise of 0.01"),
        (relocked(STARTED, value=0.59), None),
        (relocked(STARTED, value=0.61), "value was 0.5, is 0.61, beyond the noise of 0.1"),
        (relocked(STARTED, verdict="REFUTED", value=0.59), None),
        (relocked(STARTED, verdict="REFUTED", value=None), "was CONSISTENT, is REFUTED"),
        (relocked(ANOTHER, verdict="REFUTED", value=0.505), "was CONSISTENT, is REFUTED"),
        (relocked({"puzzles": "q" * 64}), f"locked on other puzzles: {'p' * 12}, now {'q' * 12}"),
        (relocked(bar={"smallest_contradiction": 0.06}), "the acceptance criterion changed: smallest_contradiction was 0.05, is 0.06"),
        (relocked(bar={"of": 7, "stated": "51%"}), "the acceptance criterion changed: of was None, is 7; stated was '50%', is '51%'"),
    ],
)
def test_what_has_left_the_baseline_and_by_how_much_it_might(now, told):
    found = drift(LOCKED, now)
    assert found is None if told is None else found.startswith(told)


def test_slacks_and_what_they_hide():
    small, exact = relocked(noise=0.0499), relocked(noise=0.05)
    assert [allowed(LOCKED, relocked(of)) for of in ({}, ANOTHER, STARTED)] == [0.01, 0.01, 0.1]
    assert (blind(small, LOCKED), blind(exact, LOCKED), blind(LOCKED, relocked(STARTED)), blind(LOCKED, LOCKED)) == (
        False,
        True,
        True,
        False,
    )
    assert not blind(LOCKED.model_copy(update={"noise": 9.0, "bar": {}}), LOCKED)
    assert moved(LOCKED, relocked(value=0.9)) is None and moved(LOCKED, relocked(ANOTHER)) == 0
    assert moved(LOCKED, relocked(ANOTHER, value=0.52, low=0.35, high=None)) == pytest.approx(0.05)
    assert moved(LOCKED, relocked(ANOTHER, value=None, low=None, high=None)) == 0


def test_a_baseline_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(UserError, match=r"no baseline is locked.*--update-baseline=new"):
        read_baseline(tmp_path / "none.json")
    with pytest.raises(UserError):
        read_baseline(tmp_path)
    (tmp_path / "b.json").write_bytes(b"\xef\xbb\xbf" + Baseline(locked={"a@x": LOCKED}).model_dump_json().encode())
    assert read_baseline(tmp_path / "b.json").locked == {"a@x": LOCKED}


def test_noise_is_three_times_the_largest_change_of_any_figure_over_sixteen_records(judged):
    ledger, population = judged
    verdict = judge_plainly(judged, "trm.lambda1.median.failure", population)
    claim, drawn = ledger["trm.lambda1.median.failure"], []

    def counted(record, floor, rng, **asked):
        drawn.append(asked)
        return record if len(drawn) % 16 else record.replace(growth=record.growth + 0.021)

    with mock.patch.object(baseline, "disturb", counted):
        assert noise_of(verdict, claim, population) == pytest.approx(3 * 0.001) and len(drawn) == 16
        assert drawn[0] == {"starts": False, "possible": False}
        noise_of(verdict, claim, population, starts=True)
    assert drawn[16] == {"starts": True, "possible": False}
    silent = replace(
        population, record=population.record.replace(provenance=population.record.provenance.model_copy(update={"noise": None}))
    )
    for nothing in (silent, replace(population, record=None)):
        assert noise_of(verdict, claim, nothing) == 0.0
    assert noise_of(verdict.model_copy(update={"measured": None}), claim, population) == 0.0
