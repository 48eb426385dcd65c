"""Foreign tables as records: whatever form a table has, and what is wrong with it by file and line."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unsettled.measure import read_record, synthetic_record, write_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.difference import difference
from unsettled.measure.record.foreign import import_table

PAGE = Path(__file__).parents[2] / "IMPORT.md"
TABLE, MAP = (re.search(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.S)[1] for kind in ("csv", "toml"))
N = 6
WHOLE = synthetic_record(N, segments=5, k=2, seed=1)
ROWS = [
    {
        "id": int(WHOLE.example_id[row]),
        "ok": bool(WHOLE.solved[row]),
        "l1": float(WHOLE.exponents()[row, 0]),
        "l2": float(WHOLE.exponents()[row, 1]),
        "steps": WHOLE.displacement_H[row].tolist(),
        "norms": WHOLE.norm_H[row].tolist(),
        "q": float(WHOLE.halting_logit[row, -1]),
    }
    for row in range(N)
]
BY_LISTS = """
network = "trm"
updates_per_segment = 21
[columns]
example_id = "id"
solved = "ok"
exponents = ["l1", "l2"]
displacement = "steps"
norm = "norms"
halting = "q"
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(table: str | bytes, told: str = BY_LISTS, *, name: str = "t.json"):
    Path(name).write_bytes(table.encode() if isinstance(table, str) else table)
    Path("map.toml").write_text(told)
    return import_table(name, "map.toml")


def test_the_page_s_table_becomes_a_record(place, unsettled):
    Path("table.csv").write_text(TABLE)
    Path("columns.toml").write_text(MAP)
    code, out, _ = unsettled("import", "table.csv", "--map", "columns.toml", "--out", "table.parquet")
    assert (
        code == 0
        and "supplementary table 2" in out
        and "growth but its mean over the last 16 segments" in " ".join(out.replace("│", "").split())
    )
    record = read_record("table.parquet")
    assert record.solved.tolist() == [True, False, True, False] and record.segments == 16 and record.k == 1
    assert record.exponents(unit="update")[:, 0] == pytest.approx([-0.021, 0.094, -0.018, 0.101])
    assert record.exponents(unit="segment")[1, 0] == pytest.approx(21 * 0.094)
    assert record.late_displacement(window=4).tolist() == [0.8, 31.5, 0.7, 28.9]
    assert record.late_steps(window=4)[0] == pytest.approx(0.8 / 220.1)
    assert record.halting_logit[:, -1].tolist() == [6.2, -8.1, 7.0, -7.7]
    assert record.to_pandas()["exponent_1"].tolist() == pytest.approx([-0.021, 0.094, -0.018, 0.101])
    for asked, told in (
        (lambda: record.late_displacement(window=2), "holds no displacement_H"),
        (lambda: record.exponents(last=4), "holds no growth"),
        (record.halting_logit.max, "no halting_logit before the last segment"),
        (record.token_accuracy.mean, "holds no token_accuracy: it was imported from supplementary table 2"),
    ):
        with pytest.raises(UserError, match=told):
            asked()


def forms():
    """The same table in every form in which it may be kept."""
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    lines = "\n".join(map(json.dumps, ROWS))
    yield "rows.json", json.dumps(ROWS)
    yield "bom.json", b"\xef\xbb\xbf" + json.dumps(ROWS).encode()
    yield "columns.json", json.dumps(columns)
    yield "by_id.json", json.dumps({str(row["id"]): {n: v for n, v in row.items() if n != "id"} for row in ROWS})
    yield "lines.jsonl", lines
    yield "lines.jsonl.gz", gzip.compress(lines.encode())
    yield "table.parquet", sink.getvalue().to_pybytes()


@pytest.mark.parametrize(("name", "table"), list(forms()), ids=lambda value: value if isinstance(value, str) and len(value) < 20 else "")
def test_every_form_of_a_table_gives_the_same_record(place, name, table):
    record = imported(table, name=name)
    np.testing.assert_array_equal(record.solved, WHOLE.solved)
    np.testing.assert_allclose(record.exponents(), WHOLE.exponents())
    np.testing.assert_array_equal(record.displacement_H, WHOLE.displacement_H)
    np.testing.assert_array_equal(record.relative_displacement(), WHOLE.relative_displacement())
    write_record(record, "r.parquet")
    assert read_record("r.parquet").digest() == record.digest()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_with_one_column_a_segment(place, separator):
    told = 'unit = "segment"\nupdates_per_segment = 2\n[columns]\nsolved = ["s1", "s2"]\n'
    told += 'halting = ["p1", "p2"]\nexponents = "l"\ngroup = "g"\n'
    rows = [["s1", "s2", "p1", "p2", "l", "g"], ["no", "yes", "0.5", "0.9", "", "a"], ["0", "0", "0.1", "0", "-inf", "a"]]
    text = "\n".join(separator.join(row) for row in rows)
    record = imported(text, f'halting_is = "probability"\n{told}', name="t.csv")
    assert record.solved_at.tolist() == [[False, True], [False, False]] and record.solved.tolist() == [True, False]
    np.testing.assert_allclose(record.halting_logit, np.log([[1, 9], [1 / 9, 0]], where=[[1, 1], [1, 0]], out=np.full((2, 2), -np.inf)))
    assert np.isnan(record.exponents()[0, 0]) and record.exponents()[1, 0] == -np.inf
    assert record.clusters == 1 and record.example_id.tolist() == [0, 1] and record.provenance.task == "tokens"


PLAIN = 'segments = 4\n[columns]\nsolved = "ok"\n'
BAD_MAPS = [
    ("[columns", "map.toml:1: not valid TOML"),
    ("segments = 4\n", "map.toml:1: columns: Field required"),
    ("segments = 4\n[columns]\n", r"map.toml:2: columns.solved: Field required"),
    (PLAIN + 'solvd = "x"\n', "map.toml:4: columns.solvd: Extra inputs"),
    ("segments = 0\n" + PLAIN[13:], "map.toml:1: segments: Input should be greater"),
    (PLAIN + 'exponents = "l"\n', "map.toml:1: updates_per_segment is needed"),
    (PLAIN[13:], "map.toml: nothing tells how long the rollouts are"),
    ('network = "trm"\nlatent = "x"\n' + PLAIN, "map.toml:2: latent: an HRM and a TRM have the latents H and L"),
    (PLAIN + 'halting = ["a", "b"]\n', "map.toml: the rollouts have two lengths: 4 by the map, 2 by what halting holds"),
    ("late_window = 9\n" + PLAIN + 'displacement = "a"\n', "map.toml: late_window 9 is longer than the rollouts of 4"),
    (PLAIN + 'rating = "nowhere"\n', "t.csv:1: column 'nowhere' is missing .it has ok, a, b, id"),
]
GOOD = "ok,a,b,id\n1,0.5,0.25,3\n0,0.5,0.25,4\n"
BAD_TABLES = [
    ("", PLAIN, "t.csv: holds no rows"),
    (GOOD + "maybe,1,1,5\n", PLAIN, "t.csv:4: column 'ok' holds 'maybe', not yes or no"),
    (GOOD + "1,1,5\n", PLAIN, "t.csv:4: has 3 columns, expected 4"),
    (GOOD.replace("b", "a"), PLAIN, "t.csv:1: a column comes twice"),
    (GOOD + "1,1,1,3\n", PLAIN + 'example_id = "id"\n', "t.csv:4: example '3' comes twice, first at t.csv:2"),
    (GOOD + "1,x,1,5\n", PLAIN + 'halting = "a"\n', "t.csv:4: column 'a' holds 'x', not a number"),
    (GOOD + "1,-1,1,5\n", PLAIN + 'displacement = "a"\n', "t.csv:4: column 'a' holds -1, outside 0 to inf"),
    (GOOD, PLAIN[13:] + 'segments = "id"\n', "t.csv:3: rollouts of 3 and of 4 segments: a record has one length"),
    (GOOD + "1,2,1,5\n", 'halting_is = "probability"\n' + PLAIN + 'halting = "a"\n', "t.csv:4: column 'a' holds 2, outside 0 to 1"),
    ('[{"ok": true}, 3]', PLAIN, r"t.csv\[1\]: is not an object of one example"),
    ('{"ok": [1, 0], "a": [1]}', PLAIN, "t.csv: its columns have different lengths"),
    ('{"ok": true}\n{"ok": \n', PLAIN, "t.csv:2: is not JSON"),
    ('[{"ok": true,}]', PLAIN, "t.csv:1: is not JSON"),
    ('[{"ok": [1, 0]}, {"ok": [1]}]', PLAIN, r"t.csv\[1\]: column 'ok' has lists of different lengths"),
]


@pytest.mark.parametrize(("told", "message"), BAD_MAPS)
def test_a_bad_map_is_one_line_with_its_place(place, told, message):
    with pytest.raises(UserError, match=message) as error:
        imported(GOOD, told, name="t.csv")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("table", "told", "message"), BAD_TABLES)
def test_a_bad_table_is_one_line_with_its_place(place, table, told, message):
    with pytest.raises(UserError, match=message) as error:
        imported(table, told, name="t.csv")
    assert "\n" not in str(error.value)


def test_a_table_and_a_measurement_differ_in_what_both_hold(place):
    both = difference(imported(json.dumps(ROWS)), WHOLE)
    assert both.shared == N and not both.lost + both.gained and both.incomparable is None
    assert {gap.name: gap.beyond for gap in both.gaps} == {"exponents": 0, "halting": 0}
    moved = [row | {"q": row["q"] + 1} for row in ROWS]
    assert {gap.name: gap.beyond for gap in difference(imported(json.dumps(moved)), WHOLE).gaps} == {"exponents": 0, "halting": N}


HEAD = "id,ok,l1,l2,steps,norms,q\n"
FLAT = 'network = "trm"\nsegments = 4\nupdates_per_segment = 21\nlate_window = 1\n[columns]\n' + BY_LISTS.partition("[columns]\n")[2]


def test_long_whole_numbers_and_composed_letters_are_told_apart_as_they_are_written(place):
    """Read as floats, ids of more than 53 bits lost digits: two of them were one, and neither was that of another record."""
    ids = [2**62 + 1, 2**62 + 2, -(2**63)]
    found = imported(HEAD + "".join(f"{one},yes,0.1,0.1,1,1,1\n" for one in ids), FLAT, name="t.csv")
    assert found.example_id.tolist() == ids
    cafe = ("caf\u00e9", "cafe\u0301")
    one, other = (imported(HEAD + f"{name},yes,0.1,0.1,1,1,1\n", FLAT, name="t.csv").example_id[0] for name in cafe)
    assert one == other
    with pytest.raises(UserError, match=r"t.csv:3: .* comes twice"):
        imported(HEAD + "".join(f"{name},yes,0.1,0.1,1,1,1\n" for name in cafe), FLAT, name="t.csv")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a,yes,1_0,0.1,1,1,1", r"t.csv:2: column 'l1' holds '1_0', not an exponent"),
        ("a,yes,0.1,0.1,1e308,1,1", r"t.csv:2: column 'steps' holds a number beyond 1e\+150"),
        ("a\0,yes,0.1,0.1,1,1,1", r"t.csv:2: holds a zero byte"),
    ],
)
def test_numbers_that_only_python_reads_or_no_sum_holds_are_refused_where_they_stand(place, row, told):
    with pytest.raises(UserError, match=told):
        imported(HEAD + row + "\n", FLAT, name="t.csv")
