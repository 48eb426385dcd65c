"""One resume engine: measuring, long rollouts and policies take the lock, and go on only with parts of the very same measurement."""

from __future__ import annotations

import shutil
from dataclasses import replace

import filelock
import numpy as np
import pytest

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign import long, run
from unsettled.measure.campaign.long_stages import LongSettings
from unsettled.measure.campaign.parts import StaleParts
from unsettled.measure.errors import UserError
from unsettled.measure.policies import gather
from unsettled.measure.policies.plan import Plan
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate

PUZZLES = generate(Box(2, 2), 6, seed=5)
LONG = LongSettings(segments=32, deep=0, starts=0, k=0, batch=4)
PLAN = Plan(draws=2, segments=1, depth=1, starts=("symmetry",), exponents=(), chunk=2)


def measuring(checkpoint, puzzles, out, *, other=False, **more):
    run.measure(checkpoint, puzzles, out, k=1, segments=3 if other else 2, batch=2, **more)


def following(checkpoint, puzzles, out, *, other=False, **more):
    settings = LongSettings(segments=33, deep=0, starts=0, k=0, batch=4) if other else LONG
    long.measure_long(checkpoint, puzzles, out, settings, chunk=2, **more)


def drawing(checkpoint, puzzles, out, *, other=False, **more):
    gather.gather(checkpoint, puzzles, out, PLAN.model_copy(update={"seed": int(other)}), **more)


EVERY = pytest.mark.parametrize("measure", [measuring, following, drawing])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("parts") / "net", "trm_mlp")


@pytest.fixture
def interrupted(checkpoint, tmp_path):
    """What an interrupted call leaves of two puzzles or more: a folder of parts, and no output."""

    def leave(measure):
        done = []

        def stop(rows):
            done.append(rows)
            if sum(done) >= 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            measure(checkpoint, PUZZLES, tmp_path / "out", advance=stop)
        if not list((tmp_path / "out.parts").glob("part-*")):  # draws are told one by one, before their chunk is kept
            with pytest.raises(KeyboardInterrupt):
                done[:] = [-4]
                measure(checkpoint, PUZZLES, tmp_path / "out", advance=stop)
        assert list((tmp_path / "out.parts").glob("part-*")) and not (tmp_path / "out").exists()
        return tmp_path / "out"

    return leave


@EVERY
def test_none_writes_while_another_writer_holds_the_lock(checkpoint, tmp_path, measure):
    with filelock.FileLock(tmp_path / "out.lock"), pytest.raises(UserError, match="out: another measurement is writing there"):
        measure(checkpoint, PUZZLES, tmp_path / "out")
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.parts").exists()


@pytest.mark.parametrize("command", ["follow", "policies"])
def test_the_commands_refuse_in_one_line_while_another_writer_holds_the_lock(unsettled, checkpoint, tmp_path, command):
    write_parquet(PUZZLES, tmp_path / "puzzles.parquet")
    with filelock.FileLock(tmp_path / "out.lock"):
        code, _, told = unsettled(command, checkpoint.path, tmp_path / "puzzles.parquet", "--out", tmp_path / "out")
    assert code == 2 and "another measurement is writing there" in told.splitlines()[-1] and "Traceback" not in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--address", "127.0.0.1:1"], "--address names a cluster, but there is no --engine"),
        (["--engine", "ray", "--processes", "2"], "--processes and --engine each say who measures"),
    ],
)
def test_who_is_to_measure_is_said_once(unsettled, checkpoint, tmp_path, more, told):
    write_parquet(PUZZLES, tmp_path / "puzzles.parquet")
    code, _, said = unsettled("follow", checkpoint.path, tmp_path / "puzzles.parquet", "--out", tmp_path / "out", *more)
    assert code == 2 and told in said.splitlines()[-1] and not (tmp_path / "out").exists()


@EVERY
def test_parts_of_other_settings_are_refused_by_the_name_of_the_setting(checkpoint, interrupted, measure):
    out = interrupted(measure)
    with pytest.raises(StaleParts, match=r"their (segments|seed) differs \(remove the folder"):
        measure(checkpoint, PUZZLES, out, other=True)


@EVERY
def test_parts_of_another_commit_are_refused(checkpoint, interrupted, measure, monkeypatch):
    out = interrupted(measure)
    monkeypatch.setattr("unsettled.measure.record.provenance.commit_of_program", lambda: "0" * 40)
    with pytest.raises(StaleParts, match="their commit differs"):
        measure(checkpoint, PUZZLES, out)


@EVERY
def test_parts_of_a_network_that_is_built_otherwise_are_refused(checkpoint, interrupted, measure):
    """With the weights, which are all that a provenance tells: `--heads`, or an edited configuration."""
    out, config = interrupted(measure), checkpoint.model.config.model_copy(update={"epsilon": 1e-3})
    other = type(checkpoint.model)(config)
    other.load_state_dict(checkpoint.model.state_dict())
    with pytest.raises(StaleParts, match="how the network is built"):
        measure(replace(checkpoint, model=other.eval()), PUZZLES, out)


@EVERY
def test_parts_of_other_rows_are_refused(checkpoint, interrupted, measure):
    out = interrupted(measure)
    first = out.with_name("out.parts") / "part-000000.parquet"
    first.replace(first.with_name("part-000002.parquet"))
    with pytest.raises(StaleParts, match="their examples differ"):
        measure(checkpoint, PUZZLES, out)


@EVERY
def test_what_was_interrupted_has_the_same_bytes_in_the_end(checkpoint, interrupted, measure, tmp_path):
    out = interrupted(measure)
    (tmp_path / f".out.{'0' * 16}.partial").write_text("of a writer that was killed")
    measure(checkpoint, PUZZLES, out)
    measure(checkpoint, PUZZLES, tmp_path / "whole")
    assert out.read_bytes() == (tmp_path / "whole").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "whole"]


def backwards(function, tasks):
    """Whoever does the tasks: all of them at hand, the last one done first."""
    for number, given in reversed(list(tasks)):
        yield number, function(given)


@EVERY
def test_whoever_measures_the_parts_in_whatever_order_the_bytes_are_the_same(checkpoint, interrupted, measure, tmp_path):
    measure(checkpoint, PUZZLES, tmp_path / "whole")
    done = []
    measure(checkpoint, PUZZLES, tmp_path / "backwards", workers=backwards, advance=done.append)
    measure(checkpoint, PUZZLES, interrupted(measure), workers=backwards)
    assert sum(done) == (len(PUZZLES) if measure is not drawing else len(PUZZLES) * PLAN.rows)
    assert {(tmp_path / name).read_bytes() for name in ("backwards", "out")} == {(tmp_path / "whole").read_bytes()}


@EVERY
def test_killed_while_the_parts_were_removed_nothing_is_measured_again(checkpoint, interrupted, measure, tmp_path, monkeypatch):
    parts = interrupted(measure).with_name("out.parts")
    shutil.copytree(parts, tmp_path / "copy")
    measure(checkpoint, PUZZLES, tmp_path / "out")
    before = (tmp_path / "out").read_bytes()
    (tmp_path / "copy").rename(parts)
    for owner, name in ((run, "rollout"), (long, "measure_chunk"), (gather, "draw_chunk")):
        monkeypatch.setattr(owner, name, lambda *given, **named: pytest.fail("measured again"))
    measure(checkpoint, PUZZLES, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == before and not parts.exists()


@EVERY
def test_what_the_system_denies_is_one_line(checkpoint, tmp_path, measure):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="cannot write the"):
        measure(checkpoint, PUZZLES, tmp_path / "file" / "out")


@EVERY
def test_a_planted_lock_file_is_not_written_through(checkpoint, tmp_path, measure):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "out.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(UserError):
        measure(checkpoint, PUZZLES, tmp_path / "out")
    assert (tmp_path / "precious").read_text() == "mine"


def test_rows_are_dealt_in_order_and_the_last_part_may_be_short(tmp_path):
    parts = run.parts_of(tmp_path / "out", PUZZLES.take(np.arange(5)), type("P", (), {"batch": 2})(), "")
    assert parts.count == 3 and [parts.rows(number) for number in range(3)] == [slice(0, 2), slice(2, 4), slice(4, 5)]
