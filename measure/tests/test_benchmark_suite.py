"""The benchmark suite measures what it says: equal work on both sides, honest medians, bars that can be missed."""

from __future__ import annotations

import json
import time

import pytest
import torch
from typer.testing import CliRunner

from unsettled.measure.bench import parts, suite, tried
from unsettled.measure.bench.missed import MISSED
from unsettled.measure.bench.networks import SHIPPED, TorchRollout, timed
from unsettled.measure.bench.timing import Row, alternating, ratios, row
from unsettled.measure.commands_bench import app
from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.estimator import tangent_growth


@pytest.mark.parametrize("name", SHIPPED)
def test_torchs_own_layers_give_the_same_rollout(name):
    net = timed(name, batch=2, segments=1)
    theirs = TorchRollout(net.model)(net.embedded, 1)
    with torch.no_grad():
        ours = net.model.segment(net.model.initial_state(2), net.embedded)
    for one, other in zip(ours, theirs, strict=True):
        assert (one - other).norm() / other.norm() < 1e-4


def test_ratios_compare_repetitions_of_one_turn():
    calls = []
    seconds = alternating(
        {"slow": lambda: calls.append("slow") or time.sleep(0.02), "quick": lambda: calls.append("quick")},
        repetitions=3,
        clock=time.perf_counter,
    )
    assert calls == ["slow", "quick"] * 4 and all(len(values) == 3 for values in seconds.values())
    assert min(ratios(seconds, "slow", "quick")) > 10
    assert ratios({"a": [6.0], "b": [2.0]}, "a", "b", divided_by=3) == [1.0]


@pytest.mark.parametrize(("median", "at_least", "holds"), [(1.0, False, True), (1.2, False, False), (1.2, True, True), (0.9, True, False)])
def test_bars_can_be_missed(median, at_least, holds):
    assert row("part", "name", [median], bar=1.1 if not at_least else 1.0, at_least=at_least).holds is holds


def test_a_saved_run_is_shown_beside_the_next(tmp_path, capsys):
    rows = [Row("part", "a [figure]", 1.25, 1.0, 1.5, bar=1.0, repetitions=3)]
    suite.save(rows, tmp_path / "saved.json")
    before = suite.load(tmp_path / "saved.json")
    assert before == {"a [figure]": rows[0]}
    suite.show([Row("part", "a [figure]", 0.75, 0.5, 1.0, bar=1.0, repetitions=3)], before)
    printed = capsys.readouterr().out
    assert "1.25" in printed and "0.75" in printed and "✓" in printed and "[figure]" in printed


@pytest.mark.parametrize("content", ["", "[1]", '{"name": 1}', json.dumps([{"name": "x", "other": 1}])])
def test_a_foreign_file_is_no_saved_run(tmp_path, content):
    (tmp_path / "saved.json").write_text(content)
    with pytest.raises(UserError, match="no saved run"):
        suite.load(tmp_path / "saved.json")


def test_unknown_parts_are_named_and_known_ones_listed():
    with pytest.raises(UserError, match="no part 'speed'"):
        suite.chosen(["speed"])
    listed = CliRunner().invoke(app, ["--list"])
    assert listed.exit_code == 0 and all(name in listed.stdout for name in suite.PARTS)


def test_a_miss_is_explained_or_called_unexpected(capsys):
    known = next(iter(MISSED))
    suite.show([Row("part", known, 2.0, 2.0, 2.0, bar=1.0), Row("part", "another", 2.0, 2.0, 2.0, bar=1.0)], {})
    printed = " ".join(capsys.readouterr().out.split())
    assert MISSED[known] in printed and "another: not expected" in printed


def test_a_profile_is_whole_and_finds_the_products():
    found = parts.shares(timed("hrm-6x6", batch=2, segments=1), 2)
    assert set(found) == set(parts.NAMES) and sum(found.values()) == pytest.approx(1)
    assert all(share > 0 for share in found.values())


@torch.no_grad()
@pytest.mark.parametrize("way", [tried.OneByOne, lambda update: lambda state: update(state)])
def test_what_was_tried_measures_the_same_exponents(way):
    net = timed("hrm-6x6", batch=2, segments=1)
    updates = net.model.updates(net.embedded)
    ours = tangent_growth(updates, net.model.initial_state(2), k=2, segments=1)
    other = tangent_growth([way(update) for update in updates], net.model.initial_state(2), k=2, segments=1)
    torch.testing.assert_close(ours.growth, other.growth, rtol=1e-4, atol=1e-4)


@pytest.mark.benchmark
@pytest.mark.parametrize("part", suite.PARTS)
def test_bars_are_met(part, capsys):
    """A part with a miss that `unsettled.measure.bench.missed` explains is an expected failure, with any other a failure."""
    torch.set_num_threads(1)
    rows = list(suite.PARTS[part].run(7))
    with capsys.disabled():
        suite.show(rows, {})
    missed = {one.name: f"{one.name}: {one.median:.3g}" for one in rows if one.holds is False}
    assert not [text for name, text in missed.items() if name not in MISSED]
    if missed:
        pytest.xfail("; ".join(f"{text} ({MISSED[name]})" for name, text in missed.items()))
