"""Records are measured again on their own checkpoints: random rows in every run, all of them with ``--remeasure``."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from unsettled.claims.audit.planted import TAMPERINGS, tamper, tampering_found
from unsettled.claims.audit.run import Run
from unsettled.claims.audit.sampling import calm_half, record_of
from unsettled.claims.plugin import find, run_of
from unsettled.claims.populations.populations import Population
from unsettled.measure.support.memory import keep_freed_memory


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run = run_of(metafunc.config)
    populations = run.verifiable() if run.settings.rows != 0 or run.settings.remeasure else []
    if metafunc.function is test_tampered_rows:
        populations = run.cheapest()
    if metafunc.function is test_boards:
        populations = run.watchable()
    metafunc.parametrize("population", populations, ids=lambda population: population.name)


@pytest.fixture(scope="module", autouse=True)
def kept_memory() -> None:
    """An audit that measures again is a program of its own, like the commands."""
    keep_freed_memory()


def test_rows(request: pytest.FixtureRequest, population: Population, audit_run: Run, remeasuring: SimpleNamespace) -> None:
    seed, rows = audit_run.settings.seed, audit_run.rows_of(population)
    again = audit_run.settings.records.get(population.name)
    result = (
        remeasuring.compare_records(population, again, seed=seed) if again else remeasuring.verify_sample(population, rows=rows, seed=seed)
    )
    find(request.node, "rows", result)
    if result.differing:
        listed = "\n".join(result.differing[:20])
        count = len(result.differing)
        pytest.fail(f"{count} of {len(result.examples)} re-measured rows differ beyond the noise:\n{listed}", pytrace=False)


def test_tampered_rows(request: pytest.FixtureRequest, population: Population, audit_run: Run, remeasuring: SimpleNamespace) -> None:
    calm = replace(population, record=calm_half(record_of(population)))
    result = remeasuring.verify_sample(calm, rows=len(TAMPERINGS) + 1, seed=audit_run.settings.seed, tamper=tamper)
    found = [tampering_found(name, result) for name in TAMPERINGS]
    for planted in found:
        find(request.node, "planted", planted)
    assert all(planted.caught for planted in found), [planted.reason for planted in found]
    assert len(result.differing) == len(found), result.differing


def test_boards(request: pytest.FixtureRequest, population: Population, audit_run: Run, remeasuring: SimpleNamespace) -> None:
    """A few puzzles run again, for the boards that a page plays."""
    boards = remeasuring.boards_of(population, each=audit_run.boards_each)
    find(request.node, "boards", boards)
    if boards.reason:
        pytest.skip(boards.reason)
