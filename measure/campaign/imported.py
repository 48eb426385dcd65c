"""Records from what HRM's evaluate wrote (``step_N_all_preds.RANK``): outcome and halting of the last segment, nothing else.

Each file is a ``torch.save`` of one rank's tensors: ``inputs`` and ``labels`` (n, cells), ``logits`` (n, cells, vocabulary) or
``preds`` (n, cells), ``q_halt_logits`` (n,). Batches are padded with rows whose labels are all ignored (−100); they are left
out. In evaluation the official code runs every puzzle to the last segment, so that its answer is the answer of a record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.networks.checkpoints import Checkpoint
from unsettled.measure.networks.files import read_tensors
from unsettled.measure.record.provenance import Imported, Provenance, measured_on
from unsettled.measure.record.record import Record, lacking_column
from unsettled.measure.rollout.rollout import board_of
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.files import digest_of
from unsettled.measure.support.limits import check_file, check_tensors
from unsettled.measure.tasks.read import PuzzleSet
from unsettled.measure.tasks.sudoku.boards import conflicts

IGNORED = -100
NAME = re.compile(r"(?P<checkpoint>.+)_all_preds\.(?P<rank>\d+)")
LAST_SEGMENT = ("solved_at", "halting_logit", "conflicts")
ABSENT = ("displacement_H", "displacement_L", "norm_H", "norm_L", "growth")


def checkpoint_beside(path: Path) -> Path:
    """The checkpoint that a file of predictions was written beside. Raises UserError when it is not there."""
    named = NAME.fullmatch(path.name)
    beside = path.with_name(named["checkpoint"]) if named else None
    if beside is None or not beside.is_file():
        raise UserError("the checkpoint that made it does not lie beside it", where=path, hint="name it with --checkpoint")
    return beside


def import_predictions(paths: Sequence[Path], checkpoint: Checkpoint, *, puzzles: PuzzleSet | None = None, segments: int = 16) -> Record:
    """A partial record from the files of all ranks, in the order of the ranks.

    Args:
        paths: all files of one evaluation.
        checkpoint: what was evaluated; the files do not tell, so this is taken on trust.
        puzzles: where the ids and ratings of the puzzles stand, and to check that each is one of them, once; without,
            ids count the rows.
        segments: of the rollout (``halt_max_steps``).

    Raises:
        UserError: a rank's file is missing, comes twice, is damaged or holds other things; a puzzle is illegal, twice
            there, or not among ``puzzles``.
    """
    board = board_of(checkpoint.model)
    paths = _in_order(paths)
    loaded = [_read(path, board.cells) for path in paths]
    inputs, labels, answers, halting = (np.concatenate([each[i] for each in loaded]) for i in range(4))
    if not len(inputs):
        raise UserError("no puzzles in these files", where=paths[0])
    if ((inputs > 1) & (inputs != labels)).any() or conflicts(labels, board).any():
        raise UserError("the labels are not solutions of the inputs", where=paths[0])
    found = _identified(inputs, labels, board, puzzles, where=paths[0])
    right = answers == labels
    solved = right.all(axis=1)
    provenance = Provenance(
        **measured_on(checkpoint, found),
        task=found.task.name,
        segments=segments,
        exponents=0,
        tangent_seed=0,
        qr_every=1,
        dtype=loaded[0][4],
        device="unknown",
        batch=0,
        weights=checkpoint.weights,
        imported=Imported(
            source=f"what an evaluation wrote ({paths[0].name})",
            files={path.name: digest_of(path) for path in paths},
            absent=list(ABSENT),
            last_segment=list(LAST_SEGMENT),
        ),
    )
    known: dict[str, np.ndarray] = {
        "example_id": found.ids,
        "givens": found.givens,
        "rating": found.rating,
        "solved": solved,
        "token_accuracy": right.mean(axis=1),
    }
    last: dict[str, np.ndarray] = {"solved_at": solved, "halting_logit": halting, "conflicts": conflicts(answers, board).astype(np.int16)}
    lacking: dict[str, Any] = {name: lacking_column(name, len(found), provenance, last=last.get(name)) for name in (*ABSENT, *LAST_SEGMENT)}
    return Record(**known, **lacking, provenance=provenance)


def _in_order(paths: Sequence[Path]) -> list[Path]:
    """The files in the order of their ranks. Raises UserError unless they are ranks 0, 1, … of one evaluation."""
    ranks: dict[int, Path] = {}
    evaluation = None
    for path in paths:
        named = NAME.fullmatch(path.name)
        if not named:
            raise UserError("is not called step_N_all_preds.RANK", where=path)
        evaluation = evaluation or named["checkpoint"]
        if evaluation != named["checkpoint"]:
            raise UserError(f"is of another evaluation than {paths[0].name}", where=path)
        if int(named["rank"]) in ranks:
            raise UserError(f"rank {named['rank']} is given twice", where=path)
        ranks[int(named["rank"])] = path
    missing = [rank for rank in range(max(ranks) + 1) if rank not in ranks]
    if missing:
        raise UserError(f"the file of rank {missing[0]} is missing", where=paths[0].parent, hint="give the files of all ranks")
    return [ranks[rank] for rank in sorted(ranks)]


@bounded("checkpoint")
def _read(path: Path, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, str]:
    """Inputs, labels, answers (n, cells), halting logits (n,) of one rank without its padding, and the dtype of the logits."""
    check_file(path, "checkpoint")
    loaded = read_tensors(path, "evaluation")
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise UserError("holds no tensors by name", where=path)
    check_tensors(loaded, where=path)
    loaded = {name: value.detach() for name, value in loaded.items()}
    inputs, labels = (_table(loaded, name, (cells,), path) for name in ("inputs", "labels"))
    if "preds" in loaded:
        answers, dtype = _table(loaded, "preds", (cells,), path), "unknown"
    else:
        logits = loaded.get("logits")
        if logits is None or logits.ndim != 3 or logits.shape[:2] != (len(inputs), cells) or logits.dtype.is_complex:
            raise UserError("holds neither preds nor logits of its inputs", where=path, hint="save_outputs must name logits")
        answers, dtype = logits.argmax(dim=-1).numpy(), str(logits.dtype).removeprefix("torch.")
    halting = _table(loaded, "q_halt_logits", (), path, number=True)
    if not len(inputs) == len(labels) == len(answers) == len(halting):
        raise UserError("its tensors differ in length", where=path)
    real = ~(labels == IGNORED).all(axis=1)
    return inputs[real], labels[real], answers[real], halting[real], dtype


def _table(loaded: dict[str, Tensor], name: str, shape: tuple[int, ...], path: Path, *, number: bool = False) -> np.ndarray:
    """A tensor (n, …) of whole numbers, or of numbers as float64."""
    value = loaded.get(name)
    if value is None:
        raise UserError(f"holds no {name}", where=path, hint=f"evaluate again with {name} among save_outputs")
    if tuple(value.shape[1:]) != shape or value.ndim == 0:
        raise UserError(f"{name} has shape {tuple(value.shape)}, expected (n, {', '.join(map(str, shape))})", where=path)
    if value.dtype.is_complex or (not number and value.dtype.is_floating_point):
        raise UserError(f"{name} has type {value.dtype}", where=path)
    found: np.ndarray = value.double().numpy() if number else value.to(torch.int64).numpy()
    return found


def _identified(inputs: np.ndarray, labels: np.ndarray, board: Any, puzzles: PuzzleSet | None, *, where: Path) -> PuzzleSet:
    """The evaluated puzzles with their ids and ratings. Raises UserError when one is twice there or unknown."""
    rows = len(inputs)
    evaluated = PuzzleSet(board, inputs, labels, np.arange(rows), np.full(rows, np.nan))
    if puzzles is None:
        return evaluated
    position = {row.tobytes(): index for index, row in enumerate(puzzles.inputs)}
    if len(position) != len(puzzles):
        raise UserError("a puzzle comes twice in the puzzle set, so that rows cannot be told apart")
    try:
        at = np.array([position[row.tobytes()] for row in evaluated.inputs])
    except KeyError:
        raise UserError("holds a puzzle that is not in the puzzle set", where=where) from None
    if len(np.unique(at)) != rows:
        raise UserError("holds a puzzle twice", where=where)
    return PuzzleSet(board, inputs, labels, puzzles.ids[at], puzzles.rating[at])
