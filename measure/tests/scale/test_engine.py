"""A cluster measures what one process measures, byte for byte, also when a node dies half way."""

import time
from importlib.util import find_spec

import pytest

from unsettled.fixtures.synthetic.interrupted import broken_after
from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.fixtures.synthetic.own_network import write_own_network
from unsettled.measure.campaign import run as campaign
from unsettled.measure.campaign.long import measure_long
from unsettled.measure.campaign.long_stages import LongSettings
from unsettled.measure.campaign.noise import FloorOfSample
from unsettled.measure.campaign.run import measure
from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import load_checkpoint
from unsettled.measure.support.later import Later
from unsettled.measure.tasks.read import write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tests.scale.test_processes import COMMANDS

if find_spec("ray") is None:
    pytest.skip("the extra `ray` is not installed", allow_module_level=True)
# imported by these slow tests alone, not by every run that collects them
ray, cluster_utils, engine = Later("ray"), Later("ray.cluster_utils"), Later("unsettled.measure.scale.engine")
pytestmark = pytest.mark.asymptotic


@pytest.fixture(autouse=True)
def without_niceness(monkeypatch):
    """Ray's processes stand back behind all others of a machine, which on a busy one takes these tests from seconds to hours."""
    monkeypatch.setenv("RAY_worker_niceness", "0")


@pytest.fixture
def place(tmp_path):
    tiny_checkpoint(tmp_path / "net", "hrm")
    puzzles = generate(Box(2, 2), 40, seed=3)
    write_parquet(puzzles, tmp_path / "puzzles.parquet")
    return load_checkpoint(tmp_path / "net"), puzzles, tmp_path


@pytest.fixture
def dying():
    """Two nodes of a cluster; what is told of progress kills the second after three parts, with whatever it was doing."""
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    second = made.add_node(num_cpus=1)
    ray.init(address=made.address, log_to_driver=False)
    done = []

    def advance(rows):
        done.append(rows)
        if len(done) == 3:
            assert len([node for node in ray.nodes() if node["Alive"]]) == 2
            made.remove_node(second, allow_graceful=False)
            time.sleep(1)

    yield advance, done
    ray.shutdown()
    made.shutdown()


def left():
    """Nodes that live, as soon as the cluster has noticed that one does not."""
    end = time.monotonic() + 60
    while (alive := sum(node["Alive"] for node in ray.nodes())) > 1 and time.monotonic() < end:
        time.sleep(0.2)
    return alive


@pytest.fixture
def local():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def test_two_nodes_give_the_record_of_one_process_though_one_dies(place, dying):
    network, puzzles, folder = place
    advance, done = dying
    settings = {"k": 2, "segments": 3, "batch": 4}
    measure(network, puzzles, folder / "one.parquet", noise=FloorOfSample(network, puzzles, rows=4), **settings)
    with engine.ray_workers() as workers:
        noise = FloorOfSample(network, puzzles, rows=4, workers=workers)
        measure(network, puzzles, folder / "many.parquet", noise=noise, workers=workers, advance=advance, **settings)
    assert left() == 1
    assert sum(done) == 40 and (folder / "many.parquet").read_bytes() == (folder / "one.parquet").read_bytes()
    assert not (folder / "many.parquet.parts").exists()


def test_two_nodes_give_the_long_record_of_one_process_though_one_dies(place, dying):
    network, puzzles, folder = place
    advance, done = dying
    settings = LongSettings(segments=32, deep=0, starts=1)
    measure_long(network, puzzles, folder / "one.parquet", settings, chunk=4)
    with engine.ray_workers() as workers:
        measure_long(network, puzzles, folder / "many.parquet", settings, chunk=4, workers=workers, advance=advance)
    assert left() == 1
    assert sum(done) == 40 and (folder / "many.parquet").read_bytes() == (folder / "one.parquet").read_bytes()


def test_every_command_writes_the_bytes_of_one_process(place, local, unsettled):
    _, _, folder = place
    for command, options in COMMANDS.items():
        for name, more in (("one", []), ("many", ["--engine", "ray"])):
            out = folder / f"{command}-{name}"
            code, _, told = unsettled(command, folder / "net", folder / "puzzles.parquet", "--out", out, *options, *more)
            assert code == 0, told
        assert (folder / f"{command}-many").read_bytes() == (folder / f"{command}-one").read_bytes(), command
        assert not list(folder.glob("*.parts")) and not list(folder.glob("*.shards"))


def test_a_network_of_ones_own_travels_with_what_lies_beside_it(place, local, unsettled):
    _, _, folder = place
    own = write_own_network(folder / "mine")
    asked = [folder / "net", folder / "puzzles.parquet", "--network", own, "--segments", 2, "--k", 1]
    for name, more in (("one", []), ("many", ["--engine", "ray"])):
        code, _, told = unsettled("measure", *asked, "--out", folder / name, *more)
        assert code == 0, told
    assert (folder / "one").read_bytes() == (folder / "many").read_bytes()


def test_the_cluster_goes_on_from_what_one_process_left(place, local, monkeypatch):
    network, puzzles, folder = place
    settings = {"k": 1, "segments": 2, "batch": 4}

    measure(network, puzzles, folder / "whole", **settings)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(campaign, "rollout", broken_after(3))
        measure(network, puzzles, folder / "r", **settings)
    done = []
    with engine.ray_workers() as workers:
        measure(network, puzzles, folder / "r", workers=workers, advance=done.append, **settings)
    assert done == [12] + [4] * 7 and (folder / "r").read_bytes() == (folder / "whole").read_bytes()


def test_what_a_task_raises_is_one_line(place, local, monkeypatch):
    network, puzzles, folder = place
    monkeypatch.setattr("unsettled.measure.scale.engine.version_of_program", lambda: "another")
    told = pytest.raises(UserError, match=r"a node has version .* the one that submits has another")
    with told, engine.ray_workers() as workers:
        measure(network, puzzles, folder / "r.parquet", k=1, segments=2, workers=workers)


def test_a_cluster_that_does_not_answer_is_one_line():
    with pytest.raises(UserError, match="no Ray cluster answers"), engine.ray_workers("127.0.0.1:1"):
        pass
