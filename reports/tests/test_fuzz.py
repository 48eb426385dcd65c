"""Audits and baselines that anyone may have written: a result or one clear line; see `unsettled.fixtures.fuzz`."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unsettled.fixtures.fuzz import fuzz
from unsettled.fixtures.valid import AUDIT, BASELINE
from unsettled.measure.errors import UserError
from unsettled.reports.audit import read_audit
from unsettled.reports.baseline import read_baseline
from unsettled.reports.tests.fuzz import every_reader

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_changed_audits_and_baselines(tmp_path):
    for reader in every_reader(tmp_path)[:2]:
        found = fuzz(reader, seconds=10, inputs=400, seed=3)
        assert found.inputs == 400 and not found.others and found.refused and found.results


def places(value, at=()):
    """Every place in a JSON document, as a path of keys."""
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*at, key))


def replaced(value, at, new):
    """The document with what stands at a place replaced."""
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


@pytest.mark.parametrize(("valid", "read"), [(AUDIT, read_audit), (BASELINE, read_baseline)])
def test_any_value_in_any_place_of_a_document(tmp_path, valid, read):
    path, spots = tmp_path / "f.json", list(places(valid))

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(spots), ANY)
    def check(at, new):
        path.write_text(json.dumps(replaced(valid, at, new)))
        try:
            read(path)
        except UserError as error:
            assert "\n" not in str(error)

    check()
