"""Several ranks, one puzzle set: who they are, what each measures, how they stop and go on, with more or fewer of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from unsettled.fixtures.synthetic.interrupted import broken_after
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign import run as campaigns
from unsettled.measure.campaign.run import measure_rows
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.record.compare import compare, differences
from unsettled.measure.record.parquet import read_record
from unsettled.measure.scale.manifest import shard_path
from unsettled.measure.scale.merge import merge
from unsettled.measure.scale.ranks import Rank, device_of, rank_of
from unsettled.measure.scale.run import measure_shard, open_manifest
from unsettled.measure.support.lock import sole_writer
from unsettled.measure.tasks.read import read_puzzles, write_parquet
from unsettled.measure.tasks.sudoku.boards import Box, PuzzleSet
from unsettled.measure.tasks.sudoku.solving import generate

SETTINGS = {"k": 2, "segments": 3, "batch": 4}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("net"), "trm_mlp")


@pytest.fixture(scope="module")
def puzzles():
    return generate(Box(2, 2), 19, seed=5)


def run_rank(folder, checkpoint, puzzles, rank, *, shards=None, noise_rows=0, settings=SETTINGS):
    manifest = open_manifest(folder, checkpoint, puzzles, shards=shards or rank.of, **settings)
    for shard in rank.share(manifest.shards):
        measure_shard(folder, manifest, shard, checkpoint, puzzles, noise_rows=noise_rows, **settings)
    return manifest


TORCHRUN = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}
SRUN = {"SLURM_PROCID": "5", "SLURM_NTASKS": "8", "SLURM_LOCALID": "2"}


@pytest.mark.parametrize(
    ("environment", "expected"), [({}, Rank(0, 1, 0)), (TORCHRUN, Rank(1, 4, 1)), (SRUN, Rank(5, 8, 2)), (SRUN | TORCHRUN, Rank(1, 4, 1))]
)
def test_the_starter_tells_the_rank(environment, expected):
    assert rank_of(environment) == expected


def test_a_rank_can_be_named_by_hand():
    assert rank_of(TORCHRUN, number=3, of=8) == Rank(3, 8, 1)
    assert rank_of({}, number=0, of=2) == Rank(0, 2, 0)


@pytest.mark.parametrize(
    ("environment", "given", "told"),
    [
        ({"RANK": "0"}, {}, "RANK is set, but WORLD_SIZE is not"),
        ({"RANK": "x", "WORLD_SIZE": "2"}, {}, "RANK is 'x', not a whole number"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, {}, "rank 2 of 2"),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_LOCALID": "-1"}, {}, "SLURM_LOCALID"),
        ({}, {"number": 1}, "--rank and --ranks"),
    ],
)
def test_a_rank_that_makes_no_sense(environment, given, told):
    with pytest.raises(UserError, match=told):
        rank_of(environment, **given)


def test_each_rank_has_a_device_of_its_own(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    assert device_of("cuda", Rank(5, 8, 1)) == "cuda" and chosen == [1]
    assert device_of("cuda:1", Rank()) == "cuda:1" and device_of("cpu", Rank(1, 2, 1)) == "cpu" and chosen == [1]
    with pytest.raises(UserError, match="rank 2 of this machine has no device, there are 2"):
        device_of("cuda", Rank(2, 3, 2))
    with pytest.raises(UserError, match="2 ranks cannot share cuda:0"):
        device_of("cuda:0", Rank(0, 2, 0))


@pytest.mark.parametrize("ranks", [1, 2, 3, 25])
def test_any_number_of_ranks_gives_the_rows_of_one(checkpoint, puzzles, tmp_path, ranks):
    for number in reversed(range(ranks)):
        manifest = run_rank(tmp_path / "shards", checkpoint, puzzles, Rank(number, ranks))
    assert manifest.shards == min(ranks, 19), "a shard without puzzles"
    merge(tmp_path / "shards", tmp_path / "r")
    merged, alone = read_record(tmp_path / "r"), measure_rows(checkpoint, puzzles, **SETTINGS)
    assert merged.provenance == alone.provenance
    assert (merged.example_id == alone.example_id).all() and (merged.solved == alone.solved).all()
    assert max(gap.max() for gap in differences(merged, alone).values()) < 1e-4


def test_one_shard_is_the_record_itself_and_a_layout_gives_its_bytes_again(checkpoint, puzzles, tmp_path):
    campaigns.measure(checkpoint, puzzles, tmp_path / "whole", **SETTINGS)
    for name, ranks in (("one", 1), ("two", 2), ("again", 2)):
        for number in range(ranks):
            run_rank(tmp_path / name, checkpoint, puzzles, Rank(number, ranks))
        merge(tmp_path / name, tmp_path / f"{name}.parquet")
    whole, one, two, again = ((tmp_path / n).read_bytes() for n in ("whole", "one.parquet", "two.parquet", "again.parquet"))
    assert one == whole and two == again


@pytest.mark.parametrize("now", [1, 3, 5])
def test_fewer_or_more_ranks_finish_what_four_began(checkpoint, puzzles, tmp_path, monkeypatch, now):
    for number in range(4):
        run_rank(tmp_path / "whole", checkpoint, puzzles, Rank(number, 4), noise_rows=2)
    run_rank(tmp_path / "s", checkpoint, puzzles, Rank(2, 4), noise_rows=2)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(campaigns, "rollout", broken_after(1))
        run_rank(tmp_path / "s", checkpoint, puzzles, Rank(0, 4), noise_rows=2)
    with pytest.raises(UserError, match="3 of 4 shards are not finished, first shard 0"):
        merge(tmp_path / "s", tmp_path / "s.parquet")
    for number in range(now):
        manifest = run_rank(tmp_path / "s", checkpoint, puzzles, Rank(number, now), noise_rows=2)
    assert manifest.shards == 4
    merge(tmp_path / "s", tmp_path / "s.parquet")
    merge(tmp_path / "whole", tmp_path / "whole.parquet")
    assert (tmp_path / "s.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert read_record(tmp_path / "s.parquet").provenance.noise.rows == 2


def test_a_finished_shard_is_not_measured_again(checkpoint, puzzles, tmp_path, monkeypatch):
    run_rank(tmp_path, checkpoint, puzzles, Rank())
    monkeypatch.setattr(campaigns, "measure_batch", lambda *_, **__: pytest.fail("measured again"))
    done: list[int] = []
    manifest = open_manifest(tmp_path, checkpoint, puzzles, shards=1, **SETTINGS)
    measure_shard(tmp_path, manifest, 0, checkpoint, puzzles, advance=done.append, **SETTINGS)
    assert done == [19]


def test_a_folder_holds_one_measurement(checkpoint, puzzles, tmp_path):
    open_manifest(tmp_path, checkpoint, puzzles, shards=2, **SETTINGS)
    with pytest.raises(UserError, match="another measurement: its tangent_seed differs"):
        open_manifest(tmp_path, checkpoint, puzzles, shards=2, **SETTINGS, seed=1)
    with pytest.raises(UserError, match="another measurement: its puzzles_digest differs"):
        open_manifest(tmp_path, checkpoint, puzzles.take(np.arange(18, -1, -1)), shards=2, **SETTINGS)
    (tmp_path / "campaign.json").write_text("{")
    with pytest.raises(UserError, match=r"campaign.json: "):
        open_manifest(tmp_path, checkpoint, puzzles, shards=2, **SETTINGS)


def test_ids_that_come_twice(checkpoint, puzzles, tmp_path):
    twice = PuzzleSet(puzzles.box, puzzles.inputs, puzzles.labels, np.zeros(19, int), puzzles.rating)
    with pytest.raises(UserError, match="an example id comes twice"):
        open_manifest(tmp_path, checkpoint, twice, shards=2, **SETTINGS)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("place")
    tiny_checkpoint(folder / "net", "trm_mlp")
    write_parquet(generate(Box(2, 2), 11, seed=3), folder / "p.parquet")
    return folder


@pytest.mark.asymptotic  # three imports of torch; ranks within this process are tried above
def test_torchrun_needs_no_process_group(place):
    net, table, out = str(place / "net"), str(place / "p.parquet"), place / "s"
    torchrun = [str(Path(sys.executable).with_name("torchrun")), "--nproc-per-node", "2", "-m", "unsettled.measure"]
    command = [*torchrun, net, table, "--out", str(out), "--k", "1", "--segments", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["rank 0 of 2: shards 0 (of 2)", "rank 1 of 2: shards 1 (of 2)"]
    merge(place / "s", place / "merged")
    assert (read_record(place / "merged").example_id == read_puzzles(table).ids).all()


def test_mistakes_of_a_rank_are_one_line(place, tmp_path):
    command = [sys.executable, "-m", "unsettled.measure", "net", "puzzles", "--out", str(tmp_path / "s"), "--rank", "2", "--ranks", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stderr.startswith("error: rank 2 of 2")


def test_one_rank_against_two_on_a_shipped_checkpoint(tmp_path):

    reference = Path(__file__).parents[3] / "fixtures" / "reference" / "trm-6x6"
    net, few = load_checkpoint(reference), read_puzzles(reference / "puzzles.parquet", limit=6)
    settings = {"k": 1, "segments": 8, "batch": 4}
    for number in range(2):
        run_rank(tmp_path / "s", net, few, Rank(number, 2), settings=settings)
    merge(tmp_path / "s", tmp_path / "r")
    alone = measure_rows(net, few, **settings)
    assert compare(alone, read_record(tmp_path / "r")) == {}
    assert alone.solved.sum() > 0, "the checkpoint solves none of them"


@pytest.mark.asymptotic
def test_torchrun_with_two_ranks_gives_the_rows_of_one_rank(tmp_path):
    """The commands of `measure/RELIABILITY.md`, on 40 shipped puzzles."""
    reference = Path(__file__).parents[3] / "fixtures" / "reference" / "trm-6x6"
    asked = [str(reference), str(reference / "puzzles.parquet"), "--limit", "40", "--k", "2", "--out"]
    unsettled = [sys.executable, "-c", "from unsettled.measure.commands.app import main; main()"]
    torchrun = [str(Path(sys.executable).with_name("torchrun")), "--nproc-per-node", "2", "-m", "unsettled.measure"]
    for command in (
        [*torchrun, *asked, str(tmp_path / "shards")],
        [*unsettled, "merge", str(tmp_path / "shards"), "--out", str(tmp_path / "two.parquet")],
        [*unsettled, "measure", *asked, str(tmp_path / "one.parquet")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stderr
    one, two = read_record(tmp_path / "one.parquet"), read_record(tmp_path / "two.parquet")
    gaps = {name: float(gap.max()) for name, gap in differences(one, two).items()}
    print(f"\n{len(two)} rows, {int(two.solved.sum())} solved; largest difference of a row: {gaps}")
    assert (one.example_id == two.example_id).all() and (one.solved == two.solved).all() and 0 < one.solved.sum() <= 40
    compared = subprocess.run(
        [*unsettled, "diff", str(tmp_path / "one.parquet"), str(tmp_path / "two.parquet")], capture_output=True, text=True, check=False
    )
    print(compared.stdout)
    assert compared.returncode == 0 and max(gaps.values()) < 1e-3


def test_two_of_one_rank_are_told_apart(checkpoint, puzzles, tmp_path):
    manifest = open_manifest(tmp_path, checkpoint, puzzles, shards=2, **SETTINGS)
    told = pytest.raises(UserError, match=r"shard-00001-of-00002.parquet: another measurement is writing there")
    with sole_writer(shard_path(tmp_path, 1, 2)), told:
        measure_shard(tmp_path, manifest, 1, checkpoint, puzzles, **SETTINGS)
