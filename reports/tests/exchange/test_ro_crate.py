"""RO-Crate 1.1: the rules of the specification, every file described with its digest, and the same bytes on the same day."""

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from unsettled.fixtures.faults.hostile import HOSTILE
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record, write_record
from unsettled.measure.record.record import held
from unsettled.reports.commands import app
from unsettled.reports.exchange.ro_crate import BESIDE, METADATA, write_crate

CONTEXT = json.loads((Path(__file__).parents[3] / "fixtures" / "schemas" / "ro-crate-1.1-context.json").read_text())["@context"]
MIT = "https://spdx.org/licenses/MIT"


@pytest.fixture
def folder(tmp_path):
    """A folder as a reference has it."""
    folder = tmp_path / "TRM 9×9 & [co]"
    folder.mkdir()
    write_record(synthetic_record(20), folder / "record.parquet")
    for name in BESIDE:
        (folder / name).write_bytes(name.encode())
    return folder


def crate_of(folder, **changes):
    document = json.loads(write_crate(folder / "record.parquet", **{"licence": MIT, "published": "2026-02-03", **changes}).read_text())
    return document, {entity["@id"]: entity for entity in document["@graph"]}


def references(value):
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [r for v in value.values() for r in references(v)]
    return [r for v in value for r in references(v)] if isinstance(value, list) else []


def test_descriptor_and_root(folder):
    _, entities = crate_of(folder, name="a name", author="A. Uthor", publisher="A university")
    descriptor, root = entities[METADATA], entities["./"]
    assert descriptor == {
        "@id": METADATA,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    assert (root["@type"], root["name"], root["datePublished"], root["license"]) == ("Dataset", "a name", "2026-02-03", {"@id": MIT})
    assert entities["#author"]["@type"] == "Person" and entities["#publisher"]["@type"] == "Organization"


def test_graph_is_flat_and_complete(folder):
    document, entities = crate_of(folder)
    assert len(entities) == len(document["@graph"])
    for entity in document["@graph"]:
        assert {"@id", "@type"} <= set(entity)
        for value in (value for name, value in entity.items() if name[0] != "@"):
            assert all(set(v) == {"@id"} for v in (value if isinstance(value, list) else [value]) if isinstance(v, dict))
    used = {r for entity in document["@graph"] for r in references(list(entity.values()))}
    assert used - set(entities) == {"https://w3id.org/ro/crate/1.1"}
    reached, todo = set(), {METADATA}
    while todo:
        reached |= todo
        todo = {r for i in todo if i in entities for r in references(list(entities[i].values()))} - reached
    assert set(entities) <= reached


def test_every_term_is_defined(folder):
    document, _ = crate_of(folder)
    base, ours = document["@context"]
    assert base == "https://w3id.org/ro/crate/1.1/context"
    terms = {name for entity in document["@graph"] for name in (*entity, entity["@type"]) if not name.startswith("@")}
    assert terms <= set(CONTEXT) | set(ours) and not set(ours) & set(CONTEXT)


def test_files_are_those_of_the_folder_with_size_and_digest(folder):
    _, entities = crate_of(folder)
    parts = [r["@id"] for r in entities["./"]["hasPart"]]
    assert sorted(parts) == sorted([*BESIDE, "record.parquet"])
    for part in parts:
        data = (folder / unquote(part)).read_bytes()
        assert entities[part]["contentSize"] == str(len(data)) and entities[part]["sha256"] == hashlib.sha256(data).hexdigest()
    assert len(entities["record.parquet"]["variableMeasured"]) == len(held(read_record(folder / "record.parquet")))
    assert references(entities["#measurement"]["result"]) == ["record.parquet"]


def test_a_record_alone_under_a_name_that_is_no_uri(tmp_path):
    path = tmp_path / "a b#c?d%e.parquet"
    write_record(synthetic_record(20), path)
    write_crate(path, licence=MIT)
    entities = {e["@id"]: e for e in json.loads((tmp_path / METADATA).read_text())["@graph"]}
    assert [r["@id"] for r in entities["./"]["hasPart"]] == ["a%20b%23c%3Fd%25e.parquet"]


@pytest.mark.parametrize("name", ["terminal", "bidirectional", "html", "path"])
def test_foreign_text_is_one_harmless_line(folder, name):
    _, entities = crate_of(folder, name=HOSTILE[name], author=HOSTILE[name])
    assert entities["./"]["name"].isprintable() and entities["#author"]["name"].isprintable()


def test_the_day_comes_from_the_environment_where_it_is_set(folder, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    files = [write_crate(folder / "record.parquet", licence=MIT).read_bytes() for _ in range(2)]
    assert files[0] == files[1] and b'"datePublished": "1970-01-02"' in files[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"published": "tomorrow"}, "'tomorrow' is not a day"), ({"licence": "MIT"}, "licence 'MIT' is not the URL of one")],
)
def test_bad_input_is_one_line_and_writes_nothing(folder, changes, told):
    with pytest.raises(UserError, match=told):
        crate_of(folder, **changes)
    assert not (folder / METADATA).exists()


def test_command(folder):
    result = CliRunner().invoke(app, ["crate", str(folder / "record.parquet"), "--published", "2026-02-03"], catch_exceptions=False)
    assert (result.exit_code, result.stdout.strip()) == (0, str(folder / METADATA))
