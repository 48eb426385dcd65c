"""Fetching from a hub on loopback: pinned, resumed, checked ever after; a hub that errs or lies is told in one line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest
from huggingface_hub import constants, file_download

from unsettled.fixtures.faults import hub_server
from unsettled.fixtures.faults.hub_server import COMMIT, Hub, serve
from unsettled.measure.errors import UserError
from unsettled.measure.hub import registry as hub
from unsettled.measure.hub.download import fetch
from unsettled.measure.support.lock import sole_writer

WEIGHTS = os.urandom(1 << 20)
CONFIG = b"arch:\n  H_cycles: 2\n  L_cycles: 2\n  num_heads: 8\n"
TABLE = b"source,question,answer,rating\n"
FILES = {
    "sapientinc/HRM-checkpoint-sudoku-extreme/checkpoint": WEIGHTS,
    "sapientinc/HRM-checkpoint-sudoku-extreme/all_config.yaml": CONFIG,
    "Sanjin2024/TinyRecursiveModels-Sudoku-Extreme-mlp/step_16275": WEIGHTS,
    "Sanjin2024/TinyRecursiveModels-Sudoku-Extreme-mlp/all_config.yaml": CONFIG,
    "alphaXiv/trm-model-sudoku/README.md": b"",
    "datasets/sapientinc/sudoku-extreme/test.csv": TABLE,
}


@pytest.fixture
def served(monkeypatch):
    """A loopback hub that huggingface_hub talks to."""
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(file_download.time, "sleep", lambda _: None)
    with serve(Hub(dict(FILES))) as running:
        before = constants.ENDPOINT
        for name in ("ENDPOINT", "HUGGINGFACE_CO_URL_TEMPLATE"):
            monkeypatch.setattr(constants, name, getattr(constants, name).replace(before, running.endpoint))
        monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1 << 16)  # what is written at a time; 10 MiB otherwise
        yield running


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def got(served, method="GET"):
    return [path for asked, path, _ in served.asked if asked == method]


def test_what_is_fetched_is_pinned_trusted_and_needs_no_hub_again(served, tmp_path):
    path = fetch("hrm-official", tmp_path)
    assert path.read_bytes() == WEIGHTS and (path.parent / "all_config.yaml").read_bytes() == CONFIG
    trusted = hub.read_trust(tmp_path)["hrm-official"]
    assert trusted.commit == COMMIT and trusted.files == {"checkpoint": sha256(WEIGHTS), "all_config.yaml": sha256(CONFIG)}
    # the second file came from the commit that the first told, whatever main is by then
    assert "/resolve/main/checkpoint" in served.asked[0][1] and f"/resolve/{COMMIT}/all_config.yaml" in got(served)[1]
    asked = len(served.asked)
    assert fetch("hrm-official", tmp_path) == path and len(served.asked) == asked
    assert hub.fetched_file("hrm-official", tmp_path) == path
    assert not served.authorised and sorted(p.name for p in tmp_path.rglob("*")) == [
        "all_config.yaml",
        "checkpoint",
        "hrm-official",
        "trusted.json",
    ]


def test_data_sets_are_fetched_too(served, tmp_path):
    assert fetch("sudoku-extreme", tmp_path).read_bytes() == TABLE
    assert got(served) == ["/datasets/sapientinc/sudoku-extreme/resolve/main/test.csv"]


def test_a_known_digest_that_is_wrong(served, tmp_path):
    with pytest.raises(UserError, match=f"step_16275: has sha256 {sha256(WEIGHTS)}, expected is 20e9dc7e"):
        fetch("trm-mlp-sanjin", tmp_path)
    assert hub.fetched_file("trm-mlp-sanjin", tmp_path) is None and hub.read_trust(tmp_path) == {}
    assert not list((tmp_path / "trm-mlp-sanjin").iterdir()), "what is not trusted was kept"


def test_a_file_that_changed_is_noticed_ever_after(served, tmp_path):
    path = fetch("hrm-official", tmp_path)
    path.write_bytes(WEIGHTS[:-1] + b"x")
    for check in (fetch, hub.fetched_file):
        with pytest.raises(UserError, match=f"checkpoint: its sha256 is [0-9a-f]+, not {sha256(WEIGHTS)}"):
            check("hrm-official", tmp_path)
    path.unlink()
    served.files["sapientinc/HRM-checkpoint-sudoku-extreme/checkpoint"] = WEIGHTS[:-1] + b"x"
    with pytest.raises(UserError, match="expected is"):
        fetch("hrm-official", tmp_path)
    assert not path.exists(), "the hub's change was taken for the file"


def test_a_file_that_just_lay_there_is_not_trusted(served, tmp_path):
    (tmp_path / "hrm-official").mkdir()
    (tmp_path / "hrm-official" / "checkpoint").write_bytes(b"planted")
    assert hub.fetched_file("hrm-official", tmp_path) is None
    assert fetch("hrm-official", tmp_path).read_bytes() == WEIGHTS


@pytest.mark.parametrize("ignore_range", [False, True])
def test_a_dropped_connection_is_resumed_within_a_fetch(served, tmp_path, ignore_range):
    served.drops, served.ignore_range = [300_000], ignore_range
    assert fetch("hrm-official", tmp_path).read_bytes() == WEIGHTS
    ranges = [asked for method, path, asked in served.asked if method == "GET" and path.endswith("checkpoint")]
    assert ranges[0] == "" and ranges[1].startswith("bytes=") and len(ranges) == 2
    assert 200_000 < int(ranges[1][6:-1]) <= 300_000


def test_an_abandoned_fetch_goes_on_from_there(served, tmp_path):
    served.drops = [200_000] + [0] * 50
    with pytest.raises(UserError, match=r"checkpoint: .*fetch it again to resume"):
        fetch("hrm-official", tmp_path)
    partial = next((tmp_path / "hrm-official").glob("*.partial"))
    size = partial.stat().st_size
    assert size > 100_000 and partial.read_bytes() == WEIGHTS[:size] and hub.read_trust(tmp_path) == {}
    served.drops.clear()
    served.asked.clear()
    assert fetch("hrm-official", tmp_path).read_bytes() == WEIGHTS
    assert ("GET", "/sapientinc/HRM-checkpoint-sudoku-extreme/resolve/main/checkpoint", f"bytes={size}-") in served.asked
    assert not list(tmp_path.rglob("*.partial"))


def test_a_file_that_changed_between_two_tries_is_not_mixed(served, tmp_path):
    (tmp_path / "hrm-official").mkdir()
    (tmp_path / "hrm-official" / f"checkpoint.{'0' * 64}.partial").write_bytes(b"of another version")
    assert fetch("hrm-official", tmp_path).read_bytes() == WEIGHTS


def test_a_truncated_body_is_not_accepted(served, tmp_path):
    served.truncate = 10
    with pytest.raises(UserError, match="checkpoint: broke off"):
        fetch("hrm-official", tmp_path)
    assert hub.fetched_file("hrm-official", tmp_path) is None and hub.read_trust(tmp_path) == {}
    served.truncate = 0
    assert fetch("hrm-official", tmp_path).read_bytes() == WEIGHTS


def test_what_is_not_there(served, tmp_path):
    with pytest.raises(UserError, match=r"alphaXiv/trm-model-sudoku@main/step_32550_sudoku_epoch50k: there is no such file"):
        fetch("trm-mlp-alphaxiv", tmp_path)
    with pytest.raises(UserError, match=r"trm-cgar-sudoku@main/pytorch_model\.bin: there is no such repository"):
        fetch("trm-cgar", tmp_path)
    with pytest.raises(UserError, match=r"nothing known is called 'nothing'.*hrm-official"):
        fetch("nothing", tmp_path)


def test_a_hub_that_answers_with_another_commit(served, tmp_path, monkeypatch):
    find = hub_server.Hub.find

    def at_main(hub, path):
        name, _, content, kind = find(hub, path)
        return name, "main", content, kind

    monkeypatch.setattr(hub_server.Hub, "find", at_main)
    with pytest.raises(UserError, match=f"answered with commit {COMMIT}"):
        fetch("trm-mlp-sanjin", tmp_path)


def test_no_hub_at_all(served, tmp_path, monkeypatch):
    path = fetch("hrm-official", tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch("hrm-official", tmp_path) == path
    with pytest.raises(UserError, match="HF_HUB_OFFLINE is set"):
        fetch("sudoku-extreme", tmp_path)


def test_a_damaged_trust_file_is_no_reason_to_trust(served, tmp_path):
    fetch("hrm-official", tmp_path)
    (tmp_path / "trusted.json").write_text('{"hrm-official": {"files": 3}}')
    with pytest.raises(UserError, match=r"trusted\.json: hrm-official"):
        fetch("hrm-official", tmp_path)


def test_two_fetches_at_once(served, tmp_path):
    with sole_writer(tmp_path / "fetch"), pytest.raises(UserError, match="another fetch is writing there"):
        fetch("hrm-official", tmp_path)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", ""])
def test_names_in_the_registry_stay_in_their_folder(tmp_path, name):
    registry = tmp_path / "hub.toml"
    registry.write_text(f'[x]\nrepo = "a/b"\nkind = "puzzles"\ntitle = "t"\nfiles = {{ {json.dumps(name)} = "" }}\n')
    with pytest.raises(UserError, match="is not a file name"):
        hub.registry(registry)


def test_where_it_is_kept(tmp_path, monkeypatch):
    assert hub.cache_folder({"UNSETTLED_CACHE": str(tmp_path)}) == tmp_path
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert hub.cache_folder({}) == tmp_path / "unsettled"


def test_the_command_is_killed_and_goes_on(served, tmp_path):
    """A fetch that dies leaves what came; the next one asks for the rest."""
    served.drops = [400_000]
    code = (
        "import os, huggingface_hub.file_download as f; f.constants.DOWNLOAD_CHUNK_SIZE = 1 << 16\n"
        "f.time.sleep = lambda _: os.kill(os.getpid(), 9)\n"  # it waits before it tries again
        "import sys; sys.argv = ['unsettled', 'fetch', 'hrm-official']\nfrom unsettled.measure.commands.app import main; main()"
    )
    environment = {**os.environ, "HF_ENDPOINT": served.endpoint, "UNSETTLED_CACHE": str(tmp_path)}
    died = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert died.returncode == -9, died.stderr
    command = [sys.executable, "-m", "unsettled.measure.commands.app", "fetch", "hrm-official"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "trusted on first use" in done.stdout and "unsettled measure" in done.stdout
    assert any(asked.startswith("bytes=") for _, path, asked in served.asked if path.endswith("checkpoint"))
    assert (tmp_path / "hrm-official" / "checkpoint").read_bytes() == WEIGHTS
