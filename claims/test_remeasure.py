"""Records are measured again on their own checkpoints: random rows in every run, all of them with ``--remeasure``."""

import pytest

from unsettled.claims.audit.sampling import Remeasured, drawn_populations, record_of
from unsettled.claims.populations.populations import Population
from unsettled.claims.session import find, run_of, sharing_of
from unsettled.measure.errors import UserError


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    run = run_of(metafunc.config)
    populations = run.watchable() if metafunc.function is test_boards else run.verifiable()
    if metafunc.function is test_tampered_rows:
        drawn = drawn_populations([population.name for population in populations], seed=run.settings.seed)
        populations = [population for population in populations if population.name in drawn]
    metafunc.parametrize("population", populations, ids=lambda population: population.name)


def test_rows(request: pytest.FixtureRequest, population: Population) -> None:
    try:
        result = sharing_of(request.config).measured("rows", population)
    except UserError as error:
        of, seed = len(record_of(population)), run_of(request.config).settings.seed
        find(request.node, "rows", Remeasured.refused(population.name, of=of, seed=seed, problem=str(error)))
        raise
    find(request.node, "rows", result)
    if not result.stands:
        listed = "\n".join(result.shifted + result.differing[:20])
        count = len(result.differing)
        pytest.fail(f"{count} of {len(result.examples)} re-measured rows differ beyond their own noise:\n{listed}", pytrace=False)
    if result.reason:
        pytest.skip(f"no row of {population.name} was measured again: {result.reason}")


def test_tampered_rows(request: pytest.FixtureRequest, population: Population) -> None:
    planted = sharing_of(request.config).measured("tampered", population)
    if isinstance(planted, str):
        pytest.skip(planted)
    for one in planted:
        find(request.node, "planted", one)
    assert all(one.truth == "stands" for one in planted), "the row as it was recorded differs"
    assert all(one.caught for one in planted), [one.reason for one in planted if not one.caught]


def test_boards(request: pytest.FixtureRequest, population: Population) -> None:
    """A few puzzles run again, for the boards that a page plays."""
    boards = sharing_of(request.config).measured("boards", population)
    find(request.node, "boards", boards)
    if boards.reason:
        pytest.skip(boards.reason)
