"""Running draws: every segment's halting logit, displacement, tangent growth and decoded board, of many starts per puzzle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from unsettled.measure.lyapunov.estimator import tangent_growth
from unsettled.measure.networks import RecursiveModel
from unsettled.measure.networks.members import as_network, home_of
from unsettled.measure.networks.protocol import Batch, Network, State, depends_on_time
from unsettled.measure.rollout.observer import Observer
from unsettled.measure.rollout.starts import Starts
from unsettled.measure.support.counts import at_least
from unsettled.measure.tasks.examples import Examples
from unsettled.measure.tasks.sudoku.boards import BLANK
from unsettled.measure.tasks.task import Task

REST = 8  # segments without a step before a draw counts as at rest


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What R rows show after one segment.

    ``boards`` (R, cells) are tokens mapped back to the puzzle as it was given; ``halting`` (R,) logits, NaN where the network tells no
    confidence; ``displacement`` (R,) ‖Δz‖₂ of the first latent over the segment, noise on the carry left out; ``growth`` (R,) λ₁ in nats
    per segment, NaN where not measured.
    """

    boards: np.ndarray
    halting: np.ndarray
    displacement: np.ndarray
    growth: np.ndarray


@torch.no_grad()
def run_rows(
    model: RecursiveModel | Network,
    puzzles: Examples,
    draws: np.ndarray,
    starts: Starts,
    *,
    segments: int,
    exponent: bool = False,
    tangent_seed: int = 0,
    stop_at_rest: float = 0.0,
) -> Iterator[Seen]:
    """Run one row per puzzle and draw, both (R,), and yield what they show segment by segment.

    With ``exponent`` one tangent is carried along, over all segments, at the price of as many evaluations again; without it,
    and without noise on the carry, rows whose steps were within ``stop_at_rest`` of the norm for `REST` segments repeat.
    """
    ids, network, device = puzzles.ids, as_network(model), home_of(model)
    symmetries = starts.symmetries(ids, draws, puzzles.task)
    tokens, identifiers = (
        torch.from_numpy(array.astype(np.int64)).to(device) for array in (symmetries.apply(puzzles.inputs), puzzles.identifiers)
    )
    given = Batch(tokens, identifiers, ids)
    updates = list(network.updates(given))
    state, disturb, basis = starts.initial(network.start(given), ids, draws), starts.disturbance(ids, draws), None
    may_rest = stop_at_rest > 0 and not exponent and not disturb
    active, quiet, growth = np.arange(len(ids)), np.zeros(len(ids), int), np.full(len(ids), np.nan)
    answers, displacement = np.zeros(puzzles.inputs.shape, np.int64), np.zeros(len(ids))
    halting = np.full(len(ids), 0 if network.confidence else np.nan, np.float32)
    for segment in range(segments):
        if len(active):
            state = disturb(state) if disturb else state
            observer = Observer(network)
            grown = tangent_growth(
                updates,
                state,
                k=int(exponent),
                segments=1,
                seed=tangent_seed,
                basis=basis,
                observe=observer,
                time_dependent=depends_on_time(network),
                clock=segment * len(updates),
            )
            state = cast("State", grown.state)
            if exponent:
                basis, growth = grown.basis, grown.growth[:, 0, 0].cpu().numpy()
            answers[active] = observer.answer[0].cpu().numpy()
            if observer.confidence:
                halting[active] = observer.confidence[0].float().cpu().numpy()
            displacement[active] = observer.displacement[0][:, 0].cpu().numpy()
        yield Seen(boards=puzzles.tokens(symmetries.undo(answers)), halting=halting.copy(), displacement=displacement.copy(), growth=growth)
        if may_rest and len(active):
            still = displacement[active] <= stop_at_rest * observer.norm[0][:, 0].cpu().numpy()
            quiet[active] = np.where(still, quiet[active] + 1, 0)
            moving = np.flatnonzero(quiet[active] < REST)
            if len(moving) < len(active):
                active, state = active[moving], tuple(part[torch.from_numpy(moving).to(device)] for part in state)
                updates = list(network.updates(given.take(active)))


def run_draws(
    model: RecursiveModel | Network,
    puzzles: Examples,
    starts: Starts,
    *,
    draws: int,
    segments: int,
    exponent: bool = False,
    batch: int = 32,
    stop_at_rest: float = 0.0,
    advance: Callable[[int], None] = lambda rows: None,
) -> dict[str, np.ndarray]:
    """Every draw of every puzzle: ``boards`` (N, K, S, cells) and ``halting``, ``displacement``, ``growth`` (N, K, S).

    ``advance`` is told the rows (a puzzle and a draw) that are done, batch by batch.
    """
    for name, value in (("draws", draws), ("segments", segments), ("batch", batch)):
        at_least(1, value, name)
    which = np.repeat(np.arange(len(puzzles)), draws)
    draw = np.tile(np.arange(draws), len(puzzles))
    names = ("boards", "halting", "displacement", "growth")
    pieces: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for first in range(0, len(which), batch):
        rows = slice(first, first + batch)
        seen = list(
            run_rows(model, puzzles.take(which[rows]), draw[rows], starts, segments=segments, exponent=exponent, stop_at_rest=stop_at_rest)
        )
        for name in names:
            pieces[name].append(np.stack([getattr(s, name) for s in seen], axis=1))
        advance(len(which[rows]))
    joined = {name: np.concatenate(piece) for name, piece in pieces.items()}
    return {name: array.reshape(len(puzzles), draws, *array.shape[1:]) for name, array in joined.items()}


def judge_boards(boards: np.ndarray, puzzles: Examples) -> dict[str, np.ndarray]:
    """What decoded boards (N, K, S, cells) are worth, each (N, K, S) uint8.

    ``conflicts`` and ``broken`` are those of `checked`. ``solved``: right by the label, an alternative, or the rule where that counts.
    """
    flat = boards.reshape(len(boards), -1, boards.shape[-1])
    # what is counted beyond a byte stays at its end: it is asked for 0, and for more or less
    violated, broken = (
        np.minimum(found, 255).reshape(boards.shape[:-1]).astype(np.uint8) for found in checked(puzzles.task, puzzles.inputs, flat)
    )
    return {"conflicts": violated, "broken": broken, "solved": puzzles.solved(flat).reshape(boards.shape[:-1]).astype(np.uint8)}


def checked(task: Task, inputs: np.ndarray, boards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How boards (N, S, cells) keep the rule of their task, without a label: both are 0 exactly for one that answers the puzzle.

    Violated rows, columns and boxes, and clues that the board does not hold, each (N, S). Where a task counts neither, the first is 1 for
    an answer that its rule does not allow; without a rule it is 1 for every answer, since none can be checked.
    """
    counted = task.conflicts(boards)
    if counted is None:
        valid = task.valid(inputs, boards)
        return np.ones(boards.shape[:2], np.int16) if valid is None else (~valid).astype(np.int16), np.zeros(boards.shape[:2], np.int16)
    given = (inputs > BLANK)[:, None]
    return counted, ((boards != inputs[:, None]) & given).sum(axis=-1)


def number_boards(families: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Small numbers for the boards (N, K, S, cells) of each family: two boards of one puzzle share one if they are equal.

    The numbers count the boards of a puzzle in the order of first appearance, over all families; (N, K, S) uint16.
    """
    known: list[dict[bytes, int]] = [{} for _ in range(len(next(iter(families.values()))))]
    kind, numbered = np.result_type(*families.values()), {}
    for name, boards in families.items():
        flat = np.ascontiguousarray(boards, kind).reshape(len(boards), -1, boards.shape[-1])
        rows = [[seen.setdefault(b.tobytes(), len(seen)) for b in puzzle] for seen, puzzle in zip(known, flat, strict=True)]
        numbered[name] = np.array(rows, np.uint16).reshape(boards.shape[:-1])
    return numbered
