"""Readers that have room name the literature behind the methods of the audit, and no other."""

import pytest

from unsettled.claims.verdict import Measurement
from unsettled.measure import median, proportion
from unsettled.reports.references import references
from unsettled.reports.renderings import renderer_of

SHARE, MIDDLE = "Clopper & Pearson (1934)", "Conover (1999)"


@pytest.fixture
def audit(make_audit, make_verdict):
    share = Measurement(estimate=proportion(3, 254))
    middle = Measurement(estimate=median([0.1, 0.2, 0.4], unit="nats per update"))
    return make_audit(
        [
            make_verdict(measured=share),
            make_verdict(claim="b", measured=share, p_value=0.01, p_adjusted=0.02),
            make_verdict(claim="c", measured=middle),
        ]
    )


def test_each_method_is_named_once_and_nothing_that_was_not_used(audit):
    names = [line.split(" (")[0] for line in references(audit)]
    assert names == ["Benettin, Galgani, Giorgilli & Strelcyn", "Clopper & Pearson", "Conover", "Benjamini & Hochberg"]


def test_own_populations_are_corrected_by_holm(make_audit, make_verdict):
    own = make_verdict("CONSISTENT", mode="replicate", p_value=0.2, p_adjusted=0.4, measured=None)
    assert references(make_audit([own])) == ["Holm (1979), Scandinavian Journal of Statistics 6:65"]
    assert references(make_audit([make_verdict("UNVERIFIABLE", measured=None)])) == []


@pytest.mark.parametrize("suffix", [".md", ".html", ".tex"])
def test_readers_print_them(audit, suffix, tmp_path):
    text = str(renderer_of(tmp_path / f"audit{suffix}")(audit))
    for name in (SHARE, MIDDLE):
        shown = name.replace("&", {".md": "&amp;", ".html": "&amp;", ".tex": r"\&"}[suffix])
        assert text.count(shown) == 1, name
    assert "DeLong" not in text
