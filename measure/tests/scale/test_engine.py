"""A cluster measures what one process measures, byte for byte, also when a node dies half way."""

import time

import pytest

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.campaign.noise import floor_of_sample
from unsettled.measure.campaign.run import measure
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.tasks.sudoku.boards import Box, generate

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
engine = pytest.importorskip("unsettled.measure.scale.engine")
cluster_utils = pytest.importorskip("ray.cluster_utils")
pytestmark = pytest.mark.asymptotic


@pytest.fixture
def place(tmp_path):
    tiny_checkpoint(tmp_path / "net", "hrm")
    return load_checkpoint(tmp_path / "net"), generate(Box(2, 2), 40, seed=3), tmp_path


@pytest.fixture
def cluster():
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


def test_a_cluster_of_two_nodes_gives_the_record_of_one_process_though_one_dies(place, cluster, monkeypatch):
    network, puzzles, folder = place
    monkeypatch.setattr(engine, "BATCHES", 1)
    settings = {"k": 2, "segments": 3, "batch": 4}
    measure(network, puzzles, folder / "one.parquet", noise=floor_of_sample(network, puzzles, rows=4), **settings)
    second = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    done = []

    def advance(rows):
        done.append(rows)
        if len(done) == 3:
            cluster.remove_node(second, allow_graceful=False)
            time.sleep(1)

    engine.measure_by_engine(network, puzzles, folder / "many.parquet", noise_rows=4, advance=advance, **settings)
    assert len(done) == 11 and (folder / "many.parquet").read_bytes() == (folder / "one.parquet").read_bytes()
    assert not (folder / "many.parquet.shards").exists()


def test_what_a_task_raises_is_one_line(place, monkeypatch):
    network, puzzles, folder = place
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    monkeypatch.setattr(engine, "version_of_program", lambda: "another")
    try:
        with pytest.raises(UserError, match=r"a node has version .* the one that submits has another"):
            engine.measure_by_engine(network, puzzles, folder / "r.parquet", k=1, segments=2)
    finally:
        ray.shutdown()


def test_a_cluster_that_does_not_answer_is_one_line(place):
    network, puzzles, folder = place
    with pytest.raises(UserError, match="no Ray cluster answers"):
        engine.measure_by_engine(network, puzzles, folder / "r.parquet", address="127.0.0.1:1", k=1, segments=2)
