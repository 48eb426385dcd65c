"""The Markdown summary: changes first, failures next, nothing longer than a comment may be, and the job summary of GitHub Actions."""

import pytest

from unsettled.claims.audit.baseline import Baseline, Locked
from unsettled.claims.audit.changes import changes
from unsettled.measure.errors import UserError
from unsettled.reports.exchange.annotations import append_summary
from unsettled.reports.text.markdown import COMMENT, ROWS, render


def locked(verdict="TRANSFERS", value=0.9931, low=0.99, high=0.996):
    return Locked(verdict=verdict, value=value, low=low, high=high, noise=0.0, fingerprints={}, bar={})


def held(audit, baseline):
    """The audit as a run makes it that is held to a baseline."""
    compared = None if baseline is None else len(baseline.locked)
    return audit.model_copy(update={"compared": compared, "changes": changes(audit.verdicts, baseline)})


def headings(text):
    return [line.strip("# ") for line in text.splitlines() if line.startswith("###")]


def test_what_changed_comes_first_with_before_and_now(make_audit, make_verdict):
    audit = make_audit(
        [
            make_verdict("DRIFTED", reason="value was 0.9931, is 0.9312, beyond the noise of 0.001"),
            make_verdict("REFUTED", claim="b", stated="52.6%", reason="excluded"),
            make_verdict("TRANSFERS", claim="c"),
        ]
    )
    text = render(held(audit, Baseline(locked={"trm.lambda1.auc@reference.trm": locked()})))
    assert headings(text) == ["Changed against the baseline (1)", "Failed (1)"]
    row = next(line for line in text.splitlines() if line.startswith("| trm.lambda1.auc"))
    assert row == (
        "| trm.lambda1.auc | reference.trm | TRANSFERS 0.9931 \\[0.99, 0.996\\] | 0.9312 \\[0.9101, 0.9487\\] "
        "| value was 0.9931, is 0.9312, beyond the noise of 0.001 |"
    )


@pytest.mark.parametrize(
    ("baseline", "told"),
    [
        (Baseline(locked={"c@reference.trm": locked()}), "No deviation from the locked baseline (1 verdict)."),
        (None, "Not compared with a locked baseline"),
        (Baseline(locked={"c@reference.trm": locked("DOES_NOT_TRANSFER")}), "| DOES_NOT_TRANSFER 0.9931"),
    ],
)
def test_baseline_is_told(make_audit, make_verdict, baseline, told):
    assert told in render(held(make_audit([make_verdict(claim="c")]), baseline))


def test_part_of_a_ledger_and_undecided_claims_are_told(make_audit, make_verdict):
    audit = make_audit([make_verdict("UNVERIFIABLE", population="paper.trm", measured=None)], complete=False)
    text = render(audit)
    assert "This run judged only a part of the ledger." in text
    assert "1 claim on **paper.trm** undecided" in text and "```sh\npytest claims/ --checkpoint X\n```" in text


def test_faults_of_the_harness_are_told(make_audit, make_verdict):
    audit = make_audit([make_verdict()])
    planted = audit.planted[0].model_copy(update={"outcome": "REPRODUCED"})
    rows = audit.remeasured[0].model_copy(update={"differing": ["example 5: outcome solved, now failed"]})
    text = render(audit.model_copy(update={"planted": (planted,), "remeasured": (rows,)}))
    assert "**A planted falsehood was not caught:** wrong-auc on reference.trm" in text
    assert "**Re-measured rows differ:** 1 row of reference.trm: example 5" in text
    assert "caught: 0 of 1" in text


def test_a_long_summary_is_shortened_and_says_so(make_audit, make_verdict):
    verdicts = [make_verdict("REFUTED", claim=f"claim.{i}", reason="because " * 40) for i in range(400)]
    text = render(make_audit(verdicts))
    assert len(text) <= COMMENT
    assert f"… and {400 - ROWS} more, in the audit." in text
    assert text.count("<details>") == text.count("</details>")


def test_summary_is_appended_where_the_environment_names_a_file(make_audit, make_verdict, tmp_path):
    audit, path = make_audit([make_verdict()]), tmp_path / "summary"
    path.write_text("before\n")
    append_summary(audit, {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.read_text() == "before\n" + render(audit) + "\n"
    append_summary(audit, {})
    with pytest.raises(UserError, match="the job summary cannot be written"):
        append_summary(audit, {"GITHUB_STEP_SUMMARY": str(tmp_path / "nowhere" / "summary")})
