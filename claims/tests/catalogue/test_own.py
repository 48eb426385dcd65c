"""A file of one's own statistics: it is run once, must be there and register something; and how the catalogue lists what there is."""

from __future__ import annotations

import sys

import pytest

from unsettled.claims.catalogue.listing import entries, entry, in_words
from unsettled.claims.catalogue.own import load_statistics
from unsettled.claims.catalogue.registered import STATISTICS, lookup
from unsettled.measure.errors import UserError

SOURCE = '''
from unsettled.claims import statistic
from unsettled.claims.catalogue.parameters import Nothing

@statistic("own_{name}", Nothing)
def own(record, parameters):
    """A statistic of one's own."""
'''


@pytest.fixture(autouse=True)
def forgotten():
    """What a test registers is forgotten after it."""
    before, modules = dict(STATISTICS), set(sys.modules)
    yield
    for name in set(STATISTICS) - set(before):
        del STATISTICS[name]
    for name in set(sys.modules) - modules:
        if name.startswith("unsettled_statistics_"):
            del sys.modules[name]


def test_files_are_run_once_each_and_their_statistics_told(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text(SOURCE.format(name=name))
    assert load_statistics([tmp_path / "a.py"]) == ["own_a"]
    assert load_statistics([tmp_path / "a.py", str(tmp_path / "b.py")]) == ["own_b"] and {"own_a", "own_b"} <= set(STATISTICS)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.py", "x = 1", "registers no statistic"),
        ("fails.py", "1 / 0", "fails as it is run: ZeroDivisionError"),
        ("absent.py", None, "no such file of statistics"),
        ("data.txt", "x = 1", "not a Python file"),
    ],
)
def test_a_file_that_is_no_use_is_named_and_may_be_mended(tmp_path, name, text, words):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=words):
        load_statistics([path])
    if name == "fails.py":
        path.write_text(SOURCE.format(name="mended"))
        assert load_statistics([path]) == ["own_mended"]


def test_every_statistic_is_listed_with_its_limits_and_parameters():
    listed = {found["name"]: found for found in entries()}
    assert list(listed) == sorted(STATISTICS)
    for name, found in listed.items():
        statistic = STATISTICS[name]
        assert found["limits"] == (list(statistic.limits) if statistic.limits else [None, None])
        assert bool(found["needs"]) == bool(statistic.needs) and set(found["parameters"]) == set(statistic.parameters.model_fields)
        for parameter, told in found["parameters"].items():
            field = statistic.parameters.model_fields[parameter]
            assert told["required"] == field.is_required() and told["default"] == (None if field.is_required() else field.default)
    assert entry(lookup("failures_per"))["parameters"]["of"] == {"takes": "integer", "default": None, "required": True}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("accuracy", {"values": "from 0 to 1"}),
        (
            "moved_median",
            {"values": "anywhere", "  quantity": "displacement | relative | norm | cosine | update_cosine | rise; displacement by default"},
        ),
        ("hidden_size", {"error": "none: a fact of the checkpoint"}),
        ("sample_size", {"error": "none: a choice of whoever measured"}),
        ("failures_per", {"  of": "integer; required"}),
        ("restart_gain", {"values": "from -1 to 1"}),
    ],
)
def test_one_in_words(name, told):
    found = dict(in_words(name))
    assert {key: found[key] for key in told} == told and found["means"].startswith(STATISTICS[name].summary[:20])
    assert ("needs" in found) == bool(STATISTICS[name].needs) and ("error" in found) == bool(STATISTICS[name].exact)
