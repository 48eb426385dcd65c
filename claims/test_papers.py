"""Other papers about the same runs: one item per claim and network, named ``paper:claim@population``."""

import pytest

from unsettled.claims.audit.rivals import RivalVerdict, judged_here
from unsettled.claims.session import find, rivals_of, settle, sharing_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    keys = [(paper, key) for paper, run in rivals_of(metafunc.config).items() for key in judged_here(run)]
    metafunc.parametrize(("paper", "of_rival"), keys, ids=[f"{paper}:{key}" for paper, key in keys])


def test_claim(request: pytest.FixtureRequest, paper: str, of_rival: str) -> None:
    verdict = sharing_of(request.config).judge(of_rival, paper=paper)
    request.node.user_properties.append(("verdict", str(verdict.outcome)))
    find(request.node, "rival", RivalVerdict(paper=paper, verdict=verdict))
    settle(verdict, rivals_of(request.config)[paper])
