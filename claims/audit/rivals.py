"""Other papers about the same runs: their shipped ledgers, judged beside the audited one on the networks of its audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from unsettled.claims.audit.entries import Strict
from unsettled.claims.audit.run import Run
from unsettled.claims.ledger.shipped import shipped
from unsettled.claims.populations.inputs import Inputs
from unsettled.claims.verdict import Verdict


class Rival(Strict):
    """What the claims of another paper come to on the networks of an audit.

    Attributes:
        name: of the ledger, as ``--paper`` takes it.
        title: of the paper.
        waiting: how many of its claims, counted with the populations that it names, wait for networks of its own.
        lines: claim → its line in the ledger.
        verdicts: in the order of the ledger, network by network.
    """

    name: str
    title: str
    waiting: int
    lines: dict[str, int]
    verdicts: tuple[Verdict, ...]


class RivalVerdict(Strict):
    """A verdict on a claim of the paper whose ledger has that name."""

    paper: str
    verdict: Verdict


def rivals(run: Run) -> dict[str, Run]:
    """Name → a run on each of the other shipped ledgers, on the networks of ``run`` that are not the audited paper's own.

    They inform and gate nothing: their policy is "draft". One that speaks of none of these networks is left out. Raises UserError
    when a ledger is malformed.
    """
    own = {population.name for population in run.populations if population.kind == "paper"}
    settings = replace(run.settings, inputs=_elsewhere(run.settings.inputs, own), manuscript=None, policy="draft", rows=0, remeasure=False)
    others = {name: path for name, path in shipped().items() if path.resolve() != run.ledger.path.resolve()}
    runs = {name: Run(replace(settings, ledger=path)) for name, path in others.items()}
    return {name: rival for name, rival in runs.items() if judged_here(rival)}


def _elsewhere(inputs: Inputs, own: set[str]) -> Inputs:
    """What a user brought, but for the populations of those names: another paper knows nothing of them."""
    kept: dict[str, Any] = {"fetched": None}
    for each in fields(inputs):
        brought = getattr(inputs, each.name)
        if isinstance(brought, Mapping):
            kept[each.name] = {name: value for name, value in brought.items() if name not in own}
    return replace(inputs, same_examples=inputs.same_examples - own, **kept)


def judged_here(run: Run) -> list[str]:
    """The ``claim@population`` of a rival's run that have a record to be judged on."""
    return [key for key, (_, population) in run.pairs.items() if population.record is not None]


def told(runs: Mapping[str, Run], found: Iterable[RivalVerdict]) -> tuple[Rival, ...]:
    """What was found of each paper, in the order of its ledger; a paper of which nothing was is left out."""
    by_paper: dict[str, list[Verdict]] = {}
    for each in found:
        by_paper.setdefault(each.paper, []).append(each.verdict)
    return tuple(_told(name, runs[name], by_paper[name]) for name in runs if name in by_paper)


def _told(name: str, run: Run, verdicts: Sequence[Verdict]) -> Rival:
    place = {key: number for number, key in enumerate(run.pairs)}
    return Rival(
        name=name,
        title=run.ledger.paper.title,
        waiting=len(run.pairs) - len(judged_here(run)),
        lines={claim.id: claim.line for claim in run.ledger.claims},
        verdicts=tuple(sorted(verdicts, key=lambda verdict: place.get(verdict.key, len(place)))),
    )
