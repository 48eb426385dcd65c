"""SARIF 2.1.0 for code scanning: each problem a result at its claim's line in the ledger, each claim a rule.

Only failures are results: code scanning opens an alert for every result, whatever its ``kind``, ``level`` and ``suppressions`` say.
What is acknowledged, and what does not transfer to another checkpoint, is counted in the run's properties. The specification
is OASIS, *Static Analysis Results Interchange Format (SARIF) Version 2.1.0*, 2020.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any

from unsettled.claims.audit.audit import Audit
from unsettled.reports.escaping import sarif_message, uri
from unsettled.reports.problems import DIFFERS, UNCAUGHT, Problem, ledger_file, problems

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# What the tools that show SARIF take for the root of the repository.
ROOT = "%SRCROOT%"
HARNESS = {UNCAUGHT: "A planted falsehood is caught", DIFFERS: "Rows of a record that are measured again are as recorded"}


def render(audit: Audit) -> str:
    """The audit as one SARIF run."""
    found = problems(audit)
    failures = [problem for problem in found if problem.level == "error"]
    rules = _rules(audit)
    place = {rule["id"]: index for index, rule in enumerate(rules)}
    location = _artifact(ledger_file(audit))
    run = {
        "tool": {"driver": {"name": audit.tool.name, "version": audit.tool.version, "rules": rules}},
        "automationDetails": {"id": f"unsettled/{uri(PurePosixPath(audit.ledger.path).name)}/"},
        "originalUriBaseIds": {ROOT: {"description": {"text": "the folder of the repository"}}},
        "artifacts": [{"location": location, "hashes": {"sha-256": audit.ledger.digest}}],
        "invocations": [{"executionSuccessful": not any(v.outcome == "ERROR" for v in audit.verdicts)}],
        "results": [_result(problem, place[problem.rule], location) for problem in failures],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "policy": audit.policy,
            "seed": audit.seed,
            "complete": audit.complete,
            "counts": audit.counts,
            "acknowledged": sum(problem.level == "warning" for problem in found),
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"


def _rules(audit: Audit) -> list[dict[str, Any]]:
    """A rule for each claim and check, then those of the harness itself."""
    rules: dict[str, dict[str, Any]] = {}
    for verdict in (*audit.verdicts, *audit.arithmetic):
        rules.setdefault(verdict.claim, _rule(verdict.claim, verdict.words, f"{verdict.locator}: {verdict.words}: {verdict.stated}"))
    return [*rules.values(), *(_rule(identifier, text, text) for identifier, text in HARNESS.items())]


def _rule(identifier: str, short: str, full: str) -> dict[str, Any]:
    return {"id": identifier, "shortDescription": {"text": sarif_message(short)}, "fullDescription": {"text": sarif_message(full)}}


def _result(problem: Problem, rule: int, location: dict[str, Any]) -> dict[str, Any]:
    where: dict[str, Any] = {"artifactLocation": location | {"index": 0}}
    if problem.line:
        where["region"] = {"startLine": problem.line}
    return {
        "ruleId": problem.rule,
        "ruleIndex": rule,
        "kind": "fail",
        "level": problem.level,
        "message": {"text": sarif_message(f"{problem.title}. {problem.message}")},
        "locations": [{"physicalLocation": where}],
        # the name by which code scanning tells an alert again; ours outlives an edit of the ledger
        "partialFingerprints": {"primaryLocationLineHash": f"{hashlib.sha256(problem.key.encode()).hexdigest()[:16]}:1"},
        "properties": _properties(problem),
    }


def _properties(problem: Problem) -> dict[str, Any]:
    """The figures of a verdict, for tools that read them; absent ones are left out."""
    verdict = problem.verdict
    if verdict is None:
        return {"key": problem.key}
    told = {
        "key": verdict.key,
        "outcome": verdict.outcome.value,
        "mode": verdict.mode,
        "stated": verdict.stated,
        "criterion": verdict.criterion,
        "command": verdict.command,
    }
    if verdict.measured is not None:
        estimate = verdict.measured.model_dump(mode="json")["estimate"]
        told |= {"measured": verdict.shown if verdict.measured.estimate.defined else None} | {
            name: estimate[name] for name in ("value", "low", "high", "level", "n", "unit")
        }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _artifact(path: str) -> dict[str, str]:
    """A location below the root, or an absolute file where the ledger lies elsewhere."""
    if PurePosixPath(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": uri(path), "uriBaseId": ROOT}
