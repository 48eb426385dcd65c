"""Statistics of long runs and of labels against counts by hand, with every line that could be drawn."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from scipy.stats import norm

from unsettled.claims.catalogue import diagnosis
from unsettled.claims.catalogue.registered import lookup
from unsettled.claims.catalogue.registry import Freshly
from unsettled.claims.catalogue.settling import _fresh_extreme
from unsettled.fixtures.synthetic.long_runs import long_record
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record
from unsettled.measure.analysis.capture import LongRuns
from unsettled.measure.analysis.label_tables import RestLines
from unsettled.measure.analysis.labels import NAMES, Thresholds, classify, settled
from unsettled.measure.errors import UserError
from unsettled.measure.statistics.order import extreme_power, failures_below_successes
from unsettled.measure.statistics.proportion import proportion

RECORD = synthetic_record(300, accuracy=0.5, k=1, seed=4)
LONG = long_record(300, never=0.4, seed=2)
# thresholds between which the made-up runs lie: those at rest move by 1e-7, the others by .1
LINES = RestLines(rest=0.01, lines=(1e-9, 0.5))


def compute(name, *more, record=RECORD, **parameters):
    found = lookup(name)
    return found.function(record, found.parameters.model_validate(parameters), *more)


@pytest.mark.parametrize("rest", [0.01, 1e-9, 0.5])
def test_labels_are_counted_among_the_failures(rest):
    runs = LongRuns(LONG)
    evidence = runs.evidence(16, 8)
    labels = classify(evidence, Thresholds(rest=rest))
    who = ~evidence.solved & (labels >= 0)
    for wanted in (("settled",), ("wandering", "plateau"), ("periodic", "settled", "drifting")):
        found = compute("label_share", LONG, labels=wanted, rest=rest)
        hits = np.isin(labels[who], [NAMES.index(name) for name in wanted]).sum()
        assert (found.counts["successes"], found.n) == (hits, who.sum()) and "least" not in found.counts
        assert {name: found.extra[name] for name in NAMES} == {name: (labels[who] == i).mean() for i, name in enumerate(NAMES)}


def test_where_no_line_is_shown_the_share_reaches_over_all_of_them():
    runs = LongRuns(LONG)
    evidence = runs.evidence(16, 8)
    who = ~evidence.solved
    hits = [int((classify(evidence, Thresholds(rest=line))[who] == NAMES.index("settled")).sum()) for line in (LINES.rest, *LINES.lines)]
    with patch.object(diagnosis, "rest_lines", lambda *_, **__: LINES):
        share = compute("label_share", LONG, labels=("settled",))
        later = compute("rests_later_share", LONG)
    assert (share.counts["successes"], share.counts["least"], share.counts["most"]) == (hits[0], min(hits), max(hits))
    failed = ~runs.solved_at[:, 15]
    still = [int((settled(runs.evidence(64), Thresholds(rest=line)) & failed).sum()) for line in (LINES.rest, *LINES.lines)]
    assert (later.counts["successes"], later.counts["least"], later.counts["most"], later.n) == (
        still[0],
        min(still),
        max(still),
        failed.sum(),
    )
    wrong = settled(runs.evidence(64), Thresholds(rest=LINES.rest)) & failed & ~runs.solved_at[:, 63]
    assert later.counts["at_wrong_boards"] == wrong.sum() > 0


@pytest.mark.parametrize(("after", "until"), [(16, 64), (8, 64)])
def test_passages_are_counted_by_hand(after, until):
    first = LONG["first_solved"]
    early, late = (first > 0) & (first <= after), (first > after) & (first <= until)
    for which, who in (("early", early), ("late", late), ("persistent", ~early & ~late)):
        assert compute("passage_share", LONG, which=which, after=after, until=until).counts["successes"] == who.sum()
    later = compute("solved_later_share", LONG, after=after, until=until)
    assert (later.counts["successes"], later.n) == (late.sum(), (~early).sum())
    kept = compute("kept_share", LONG, after=after, until=until)
    assert kept.value == 1.0 and kept.n == early.sum()
    assert compute("never_lost_share", LONG).value == 1.0
    exploring = compute("exploring_share", LONG, end=16, window=8)
    assert exploring.value == 1.0 and exploring.n == (~LONG["solved_at"][:, 15].astype(bool)).sum()


def test_several_starts_come_to_rest_on_several_boards():
    """Of the made-up runs every eighth rests on one board from its trained start, and on another from the others."""
    found = compute("several_rests_share", LONG, rest=0.01)
    boards = [{LONG["board"][row], *LONG["start_board"][row]} for row in range(300)]
    resting = (LONG["start_rest"] <= 0.01).all(axis=1)
    assert found.counts["successes"] == sum(len(one) > 1 for one in np.array(boards, object)[resting]) == 38
    assert found.extra["rest"] == 0.01 and not compute("several_rests_share", LONG, rest=1e-9).counts["successes"]


@pytest.mark.parametrize("quantity", ["displacement", "relative", "norm", "rise", "cosine"])
@pytest.mark.parametrize("part", ["H", "L"])
def test_what_moves_over_a_window(quantity, part):
    rng = np.random.default_rng(1)
    record = RECORD.replace(**{f"norm_{x}": rng.uniform(5, 9, RECORD.displacement_H.shape) for x in "HL"})
    d, n = np.asarray(record.displacement(part)), np.asarray(record.norm(part))
    window = slice(2, 6)  # segments 3 to 6
    wanted = {
        "displacement": d[:, window].mean(axis=1),
        "relative": (d / n)[:, window].mean(axis=1),
        "norm": n[:, window].mean(axis=1),
        "rise": n[:, 5] / n[:, 2],
        "cosine": ((n[:, 2:6] ** 2 + n[:, 1:5] ** 2 - d[:, window] ** 2) / (2 * n[:, 2:6] * n[:, 1:5])).mean(axis=1),
    }[quantity]
    for of, who in (("failures", ~record.solved), ("successes", record.solved)):
        found = compute("moved_median", record=record, quantity=quantity, part=part, first=3, last=6, of=of)
        assert (found.value, found.extra["the others"], found.n) == pytest.approx(
            (np.median(wanted[who]), np.median(wanted[~who]), who.sum())
        )
    whole = record.take(~record.solved)
    assert "the others" not in compute("moved_median", record=whole, quantity=quantity, part=part, first=3, last=6).extra
    for first, last in ((3, 2), (17, 17), (1, 17)):
        with pytest.raises(UserError, match="do not fit"):
            compute("moved_median", record=record, first=first, last=last)


def test_update_cosines_are_read_where_they_are_held():
    cosines = np.random.default_rng(2).uniform(-1, 1, RECORD.displacement_H.shape)
    record = RECORD.replace(update_cosine_H=cosines)
    found = compute("moved_median", record=record, quantity="update_cosine", first=2, last=4)
    assert found.value == pytest.approx(np.median(cosines[~RECORD.solved, 1:4].mean(axis=1)))


@pytest.mark.parametrize("sample", [None, 1794])
def test_a_fresh_extreme_is_a_count_below_a_quantile_lowered_by_a_fifth_of_the_level(sample):
    record = synthetic_record(900, accuracy=0.7, seed=6)
    parameters = lookup("least_mobile_failure").parameters(failures=60)
    asked = Freshly(value=0.9, half=0.0005, smallest=0.1, sample=sample, alpha=0.02)
    late, failed = record.late_displacement(), ~record.solved
    blur = np.sqrt(0.09 * (1 / record.solved.sum() + (1 / sample if sample else 0)))
    share = 0.9 - 0.0005 - norm.isf(0.004) * blur
    found, power = _fresh_extreme(record, parameters, asked)
    plain = failures_below_successes(late, failed, share=share, stated_failures=60)
    assert (found.counts, found.extra["threshold"]) == (plain.counts, plain.extra["threshold"])
    assert found.extra["p_value"] == pytest.approx(min(1, plain.extra["p_value"] + 0.004))
    assert power == extreme_power(0.1, int(failed.sum()), stated_failures=60, alpha=0.016)
    assert _fresh_extreme(record, parameters, Freshly(value=1.0, half=0.0, smallest=0.1, sample=sample, alpha=0.02))[0].defined
    for little, record_of in (
        (Freshly(value=0.01, half=0.01, smallest=0.1, sample=None, alpha=0.05), record),
        (asked, record.take(record.solved)),
    ):
        nothing, none = _fresh_extreme(record_of, parameters, little)
        assert "no room below it" in nothing.undefined_reason and none == 0.0 and nothing.n == (~record_of.solved).sum()


@pytest.mark.parametrize("segments", [1, 7])
def test_facts_of_a_record(segments):
    hrm = synthetic_record(9, facts=HRM_FACTS)
    assert compute("updates_per_puzzle", record=hrm, segments=segments).value == 6 * segments
    found = compute("failures_per", of=1000)
    share = proportion(int((~RECORD.solved).sum()), 300)
    assert (found.value, found.low, found.high, found.error) == pytest.approx(
        (1000 * share.value, 1000 * share.low, 1000 * share.high, 1000 * share.error)
    )
