"""Records are measured again on their own checkpoints: random rows in every run, all of them with ``--remeasure``."""

from types import SimpleNamespace

import pytest

from unsettled.claims.audit.run import Run
from unsettled.claims.audit.sampling import Remeasured, drawn_populations, record_of
from unsettled.claims.plugin import find, run_of
from unsettled.claims.populations.populations import Population
from unsettled.measure.errors import UserError
from unsettled.measure.support.memory import keep_freed_memory


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run = run_of(metafunc.config)
    populations = run.watchable() if metafunc.function is test_boards else run.verifiable()
    if metafunc.function is test_tampered_rows:
        drawn = drawn_populations([population.name for population in populations], seed=run.settings.seed)
        populations = [population for population in populations if population.name in drawn]
    metafunc.parametrize("population", populations, ids=lambda population: population.name)


@pytest.fixture(scope="module", autouse=True)
def kept_memory() -> None:
    """An audit that measures again is a program of its own, like the commands."""
    keep_freed_memory()


def test_rows(request: pytest.FixtureRequest, population: Population, audit_run: Run, remeasuring: SimpleNamespace) -> None:
    seed, asked = audit_run.settings.seed, audit_run.settings.rows
    rows = remeasuring.rows.get(population.name) if asked is None else asked
    shipped = next(p for p in audit_run.shipped if p.name == population.name)
    again = audit_run.settings.records.get(population.name) if shipped.record is not None else None
    try:
        result = (
            remeasuring.compare_records(population, again, seed=seed)
            if again
            else remeasuring.verify_sample(population, rows=rows, seed=seed)
        )
    except UserError as error:
        find(request.node, "rows", Remeasured.refused(population.name, of=len(record_of(population)), seed=seed, problem=str(error)))
        raise
    find(request.node, "rows", result)
    if not result.stands:
        listed = "\n".join(result.shifted + result.differing[:20])
        count = len(result.differing)
        pytest.fail(f"{count} of {len(result.examples)} re-measured rows differ beyond their own noise:\n{listed}", pytrace=False)
    if result.reason:
        pytest.skip(f"no row of {population.name} was measured again: {result.reason}")


def test_tampered_rows(request: pytest.FixtureRequest, population: Population, audit_run: Run, remeasuring: SimpleNamespace) -> None:
    if population.name not in remeasuring.planted_in:
        pytest.skip("made-up rows were planted in other records, the next runs draw others")
    planted = remeasuring.plant_tampering(population, seed=audit_run.settings.seed)
    for one in planted:
        find(request.node, "planted", one)
    if not planted:
        pytest.skip("a row takes minutes")
    assert all(one.truth == "stands" for one in planted), "the row as it was recorded differs"
    assert all(one.caught for one in planted), [one.reason for one in planted if not one.caught]


def test_boards(request: pytest.FixtureRequest, population: Population, audit_run: Run, remeasuring: SimpleNamespace) -> None:
    """A few puzzles run again, for the boards that a page plays."""
    boards = remeasuring.boards_of(population, each=audit_run.boards_each)
    find(request.node, "boards", boards)
    if boards.reason:
        pytest.skip(boards.reason)
