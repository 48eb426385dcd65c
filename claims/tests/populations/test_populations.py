"""What a user brings is paired up and read, or refused in one line; populations come in a fixed order."""

import pytest

from unsettled.claims.audit.sampling import (
    AFFORDABLE,
    FEWEST,
    MADE_UP_IN,
    MOST,
    TOGETHER,
    affordable_rows,
    cost_of_row,
    drawn_populations,
    rows_of_run,
    sample_rows,
)
from unsettled.claims.audit.whole import settings_of
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import Inputs, read_inputs, read_measuring
from unsettled.claims.populations.populations import discover
from unsettled.fixtures.synthetic.audits import write_ledger
from unsettled.fixtures.synthetic.records import HRM_FACTS, synthetic_record
from unsettled.fixtures.synthetic.references import write_reference
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record


@pytest.fixture
def ledger(tmp_path):
    return load_ledger(write_ledger(tmp_path / "my.toml", {"my.accuracy": ("share", "accuracy", "60%")}))


@pytest.fixture
def empty(tmp_path):
    (tmp_path / "none").mkdir()
    return tmp_path / "none"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"records": ["paper.trm"]}, "is not NAME=VALUE"),
        ({"records": ["a b=here"]}, "is not NAME=VALUE"),
        ({"records": ["a=here", "a=here"]}, "names a=here twice"),
        ({"checkpoints": ["a=here", "a=there"]}, "--checkpoint names a twice"),
        ({"records": ["a=nowhere"]}, "nowhere: no such file or folder"),
        ({"checkpoints": ["a=here"]}, "--checkpoint a has no puzzles (add --puzzles a=PATH)"),
        ({"puzzles": ["a=here"]}, "--puzzles a has no checkpoint"),
        ({"checkpoints": ["a=here"], "puzzles": ["here"], "cycles": ["b=1,2"]}, "--cycles b has no checkpoint"),
        ({"checkpoints": ["a=here"], "puzzles": ["here"], "cycles": ["a=1"]}, "is not H,L or H,L,heads"),
        ({"same_examples": ["a"]}, "--same-examples a has no record"),
        ({"references": "nowhere"}, "no such folder of references"),
    ],
)
def test_bad_input_is_refused_in_one_line(given, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").touch()
    with pytest.raises(UserError) as error:
        read_inputs(**given)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_single_checkpoint_takes_puzzles_without_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").touch()
    inputs = read_inputs(checkpoints=["paper.trm=here"], puzzles=["here"], cycles=["paper.trm=3,6,8"])
    assert inputs.puzzles.keys() == {"paper.trm"}
    assert inputs.structures["paper.trm"] == {"H_cycles": 3, "L_cycles": 6, "heads": 8}


@pytest.mark.parametrize(("text", "told"), [("kk=3", "knows no 'kk'"), ("k=x", "not a whole number"), ("k=-1", "not a whole number")])
def test_bad_measuring_is_refused(text, told):
    with pytest.raises(UserError, match=told):
        read_measuring([text])


def test_own_populations_come_first_then_references_then_others(ledger, tmp_path):
    root, path = tmp_path / "references", tmp_path / "r.parquet"
    write_reference(root, synthetic_record(20))
    write_record(synthetic_record(30), path)
    found = discover(Inputs(references=root, records={"other": path, "my": path}), ledger)
    assert [(p.name, p.kind, p.architecture, len(p.record)) for p in found] == [
        ("my", "paper", "trm", 30),
        ("reference.trm", "reference", "trm", 20),
        ("other", "user", "trm", 30),
    ]


def test_absent_population_says_which_command_gets_it(ledger, empty):
    (mine,) = discover(Inputs(references=empty), ledger)
    assert mine.record is None
    assert "my" in mine.missing
    assert "--checkpoint my=PATH --puzzles my=PATH" in mine.command


def test_group_of_populations_is_none_itself():
    names = [p.name for p in discover(Inputs(), load_ledger()) if p.kind == "paper"]
    assert sorted(names) == ["paper.hrm", "paper.trm"]


def test_record_of_another_architecture_is_refused(ledger, empty, tmp_path):
    write_record(synthetic_record(5, facts=HRM_FACTS), tmp_path / "r.parquet")
    with pytest.raises(UserError, match="a record of the HRM, but my is of the TRM"):
        discover(Inputs(records={"my": tmp_path / "r.parquet"}, references=empty), ledger)


def test_reference_cannot_be_replaced(ledger, tmp_path):
    root = tmp_path / "references"
    write_reference(root, synthetic_record(20))
    with pytest.raises(UserError, match="is a shipped reference"):
        discover(Inputs(records={"reference.trm": root / "reference.trm" / "record.parquet"}, references=root), ledger)


def test_two_references_of_one_name_are_refused(ledger, tmp_path):
    for folder in ("a", "b"):
        write_reference(tmp_path / folder, synthetic_record(5)).rename(tmp_path / f"reference-{folder}")
    with pytest.raises(UserError, match=r"two populations are called reference\.trm"):
        discover(Inputs(references=tmp_path), ledger)


@pytest.mark.parametrize(("text", "told"), [("population = 3", "population"), ("population = ", "not a readable TOML")])
def test_malformed_reference_is_refused(ledger, tmp_path, text, told):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "reference.toml").write_text(text)
    with pytest.raises(UserError, match=f"reference.toml: .*{told}"):
        discover(Inputs(references=tmp_path), ledger)


@pytest.fixture
def population(ledger, empty, tmp_path):
    write_record(synthetic_record(50), tmp_path / "r.parquet")
    return discover(Inputs(records={"my": tmp_path / "r.parquet"}, references=empty), ledger)[0]


def test_sample_depends_on_the_seed_and_has_no_row_twice(population):
    drawn = [tuple(sample_rows(population, rows=10, seed=seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 10
    assert sample_rows(population, rows=99, seed=1).tolist() == list(range(50))


def test_population_is_measured_as_its_record_was(population):
    settings = settings_of(population, {"device": "cuda"})
    kept = population.record.provenance
    assert settings == {
        "k": kept.exponents,
        "segments": 16,
        "seed": kept.tangent_seed,
        "batch": 32,
        "dtype": "float32",
        "device": "cuda",
        "limit": 0,
        "noise_seed": 0,
        "split": "test",
        "task": "sudoku",
        "several": "refuse",
    }


def test_rows_to_measure_again_are_bounded_and_fall_with_the_cost(population):
    network = population.record.provenance.model

    def rows(parameters):
        return affordable_rows(cost_of_row(network.model_copy(update={"parameters": parameters}), population.record))

    assert rows(5_000_000) == 0 < rows(200_000) == FEWEST < rows(30_000) < rows(1000) == MOST


def test_a_run_of_many_populations_takes_no_longer_than_their_budget():
    for cost in (1, 10**9, 10**10, 6 * 10**10):
        assert 1 <= affordable_rows(cost, among=8) <= affordable_rows(cost)
        assert affordable_rows(cost, among=8) in (1, MOST) or 8 * cost * affordable_rows(cost, among=8) <= TOGETHER
    costs = {"dear": 7 * 10**10, **{f"r{place}": cost for place, cost in enumerate([3, 8, 8, 12, 12, 50, 50, 50])}}
    costs = {name: cost * 10**9 if cost < 100 else cost for name, cost in costs.items()}
    shares = [rows_of_run(costs, seed=seed) for seed in range(40)]
    assert all(sum(rows * costs[name] for name, rows in share.items()) <= TOGETHER and share["dear"] == 0 for share in shares)
    assert all(any(share[name] for share in shares) and any(not share[name] for share in shares) for name in ("r5", "r6", "r7"))
    assert rows_of_run(dict(reversed(costs.items())), seed=3) == shares[3] and rows_of_run({}, seed=0) == {}
    assert rows_of_run({"alone": 10**9}, seed=0) == {"alone": MOST} and rows_of_run({"alone": AFFORDABLE}, seed=5) == {"alone": FEWEST - 2}


def test_rows_are_made_up_in_a_few_populations_which_change_with_the_seed():
    names = [f"reference.{letter}" for letter in "abcdefgh"]
    drawn = [frozenset(drawn_populations(names, seed=seed)) for seed in range(40)]
    assert drawn[3] == drawn_populations(names[::-1], seed=3) and {len(each) for each in drawn} == {MADE_UP_IN}
    assert frozenset().union(*drawn) == set(names)
    assert drawn_populations(names[:2], seed=0) == set(names[:2]) and drawn_populations([], seed=0) == set()
    assert {len(drawn_populations(names, seed=seed, costs=dict.fromkeys(names, AFFORDABLE // 2))) for seed in range(9)} == {2}
    assert {len(drawn_populations(names, seed=seed, costs=dict.fromkeys(names, AFFORDABLE * 9))) for seed in range(9)} == {1}
