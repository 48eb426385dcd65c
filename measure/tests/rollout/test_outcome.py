"""What a rollout counts as solved: the label, or for puzzles with several solutions whatever keeps the rule."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from unsettled.fixtures.synthetic.networks import tiny_model
from unsettled.measure.rollout.rollout import rollout
from unsettled.measure.tasks.reading import read_examples

TWO_SOLUTIONS = Path(__file__).parents[3] / "fixtures" / "cases" / "20-two-solutions-4x4.csv"


@pytest.mark.parametrize(("several", "solved"), [(None, False), ("valid", True)])
def test_the_other_solution_of_a_puzzle_counts_by_the_rule_where_that_was_asked(several, solved, monkeypatch):
    """Rows come in pairs of one puzzle with either solution; this network answers with the other row's label."""
    examples = read_examples(TWO_SOLUTIONS, several=several).examples.take(slice(0, 2))
    other = torch.from_numpy(examples.labels[[1, 0]].copy()).long()
    logits, confidence = torch.nn.functional.one_hot(other, 6).float(), torch.zeros(2)
    model = tiny_model("trm_mlp")
    monkeypatch.setattr(model, "read_out", lambda state: (logits, confidence, confidence))
    found = rollout(model, examples, k=0, segments=1, seed=0)
    assert found["solved"].tolist() == [solved, solved]
    assert (found["conflicts"] == 0).all() and (found["token_accuracy"] < 1).all()
