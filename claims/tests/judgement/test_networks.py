"""Mean ± standard deviation over seeds: several records of one population, judged together, and what is no such population."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unsettled.claims.judgement.judge import judge
from unsettled.claims.judgement.other_sample import ratio_of
from unsettled.claims.ledger.ledger import Ledger
from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.populations.inputs import read_inputs
from unsettled.claims.populations.populations import discover
from unsettled.claims.verdict import Outcome
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text, stand_in
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record
from unsettled.measure.record.record import Record
from unsettled.measure.statistics.estimate import Estimate


def seed(number: int, accuracy: float = 0.6, n: int = 2000, **changes: object) -> Record:
    record = synthetic_record(n, accuracy=accuracy, seed=number)
    about = {"checkpoint_tensors": f"{number:064d}", "puzzles_digest": "1" * 64, **changes}
    return record.replace(provenance=record.provenance.model_copy(update=about))


def ledger_of(tmp_path: Path, stated: str, **changes: object) -> Ledger:
    path = tmp_path / "ledger.toml"
    table = claim_table(**{"kind": "point", "stated": stated, "spread": "sd", "smallest_contradiction": 0.05} | changes)
    path.write_text(ledger_text(("claim", table)), encoding="utf-8")
    return load_ledger(path)


SEEDS = [seed(number, accuracy) for number, accuracy in enumerate((0.59, 0.60, 0.61, 0.60, 0.605))]


@pytest.mark.parametrize(("stated", "outcome"), [("60.2 ± 0.9%", Outcome.CONSISTENT), ("68.0 ± 0.9%", Outcome.REFUTED)])
def test_the_mean_of_the_seeds_is_held_against_the_printed_mean(tmp_path: Path, stated: str, outcome: Outcome) -> None:
    ledger = ledger_of(tmp_path, stated, networks=5)
    population = stand_in(record=SEEDS[0], networks=tuple(SEEDS[1:]))
    verdict = judge(ledger["some.claim"], population, ledger=ledger)
    assert verdict.outcome is outcome and "mean of 5 networks, standard deviation" in verdict.reason, verdict.reason
    assert judge(ledger["some.claim"], population, SEEDS[0], ledger=ledger) == verdict  # its own record, named or not
    other = judge(ledger["some.claim"], population, SEEDS[1], ledger=ledger)
    assert "mean of 5 networks" not in other.reason
    assert verdict.measured is not None
    assert verdict.measured.estimate.value == pytest.approx(np.mean([record.solved.mean() for record in SEEDS]))


def test_of_few_seeds_the_level_is_students(tmp_path: Path) -> None:
    """What two seeds differ by says little: three percentage points off is nothing that they could refute."""
    ledger = ledger_of(tmp_path, "63.5 ± 0.5%", networks=3)
    few = stand_in(record=seed(1, 0.59, 20_000), networks=(seed(2, 0.61, 20_000),), same_examples=True)
    many = stand_in(record=SEEDS[0], networks=tuple(seed(9 + i, 0.6, 20_000) for i in range(9)), same_examples=True)
    assert judge(ledger["some.claim"], few, ledger=ledger).outcome is Outcome.UNDERPOWERED
    assert judge(ledger["some.claim"], many, ledger=ledger).outcome is Outcome.REFUTED


def test_the_printed_mean_has_the_error_of_its_own_seeds(tmp_path: Path) -> None:
    one, several = Estimate(value=0.6, error=0.01), Estimate(value=0.6, error=0.01, counts={"networks": 3})
    told, untold = (ledger_of(tmp_path, "60.0 ± 2.0%", **more)["some.claim"] for more in ({"networks": 4}, {}))
    assert ratio_of(told, several, 100) == pytest.approx(1.0) and ratio_of(told, one, 100) == pytest.approx(5.0)
    assert ratio_of(untold, several, 100) == pytest.approx(4.0)
    with pytest.raises(UserError, match="of a mean over networks"):
        ledger_of(tmp_path, "60.0%", spread=None, networks=4)


def test_seeds_come_as_records_of_one_name(tmp_path: Path) -> None:
    ledger = ledger_of(tmp_path, "60.0 ± 1.0%", networks=5)
    for number, record in enumerate([*SEEDS[:2], SEEDS[0], seed(7, dtype="float64")]):
        write_record(record, tmp_path / f"{number}.parquet")

    def brought(*numbers: int, **more: object):
        inputs = read_inputs(records=[f"paper.trm={tmp_path}/{number}.parquet" for number in numbers], **more)
        return next(p for p in discover(inputs, ledger) if p.name == "paper.trm")

    verdict = judge(ledger["some.claim"], brought(0, 1), ledger=ledger)
    assert "mean of 2 networks" in verdict.reason and verdict.command.count("--record") == 2
    with pytest.raises(UserError, match="has already"):
        brought(0, 2)
    with pytest.raises(UserError, match="unlike in dtype: float32; against float64"):
        brought(0, 3)
    allowed = judge(ledger["some.claim"], brought(0, 3, unlike=["dtype"]), ledger=ledger)
    assert allowed.reason.endswith("; records unlike in dtype: float32; against float64")
    with pytest.raises(UserError, match="--unlike is 'batch'"):
        brought(0, 1, unlike=["batch"])
    with pytest.raises(UserError, match="twice"):
        brought(0, 0)
