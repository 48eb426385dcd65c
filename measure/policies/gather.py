"""Measuring a table of draws: chunk by chunk, resumable, within a budget of processor time, into one side record."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from unsettled.measure.campaign.fingerprint import fingerprint_of
from unsettled.measure.campaign.finished import USUAL, IfWhole, taken
from unsettled.measure.campaign.parts import resumed
from unsettled.measure.campaign.side_parts import side_parts
from unsettled.measure.campaign.workers import Workers, here
from unsettled.measure.policies.draws import judge_boards, number_boards, run_draws
from unsettled.measure.policies.plan import KIND, SEGMENT_COLUMNS, Plan
from unsettled.measure.record.precision import round_mantissa
from unsettled.measure.record.provenance import Provenance, measured_on
from unsettled.measure.record.side import SideProvenance, SideRecord, joined, write_side
from unsettled.measure.rollout.fitting import Measurable, Placed, fitted
from unsettled.measure.rollout.starts import Starts, check_symmetry
from unsettled.measure.tasks.examples import Examples

Advance = Callable[[int], None]


def ready_for(network: Measurable, puzzles: Examples, plan: Plan) -> tuple[Measurable, SideProvenance]:
    """The network made ready, and what a table will be, before it is drawn. Raises UserError for puzzles or starts that do not fit."""
    ready = fitted(network, puzzles)
    for kind in {"symmetry", "digits"} & set(plan.starts):
        check_symmetry(puzzles.task, kind)
    return ready, SideProvenance(kind=KIND, settings=plan.model_dump(mode="json"), **measured_on(ready, puzzles))


def gather(
    network: Measurable,
    puzzles: Examples,
    out: Path,
    plan: Plan,
    *,
    seconds: float | None = None,
    if_whole: IfWhole = USUAL,
    workers: Workers = here,
    advance: Advance = lambda rows: None,
) -> SideRecord:
    """Draw the table of a puzzle set into ``out``, going on with what an interrupted call left in ``OUT.parts``.

    Args:
        seconds: of processor time for this call. When they are spent, ``out`` holds the puzzles that are done, always the
            first ones, and the parts stay: the same call goes on. At least one chunk is drawn.
        if_whole: what to do where ``out`` is whole already. It is also where another commit, or an earlier version, drew it.
        workers: who draws.
        advance: told the rollouts that are done.

    Raises:
        UserError: the puzzles do not fit the network, another process draws it, the parts are of other draws, or the file cannot be
            written.
    """
    ready, provenance = ready_for(network, puzzles, plan)
    fingerprint = fingerprint_of(ready, puzzles)
    with resumed(side_parts(out, provenance, puzzles.ids, plan.chunk, fingerprint), what="draws") as parts:
        if (whole := taken(parts, if_whole, alike=lambda kept: _same(kept, provenance), unsealed=True)) is not None:
            advance(len(whole) * plan.rows)
            return whole
        finished, begun = parts.finished(), time.process_time()
        advance(sum(finished.values()) * plan.rows)
        drawn = partial(draw_chunk, Placed(ready.model, "float32", plan.device), plan=plan)
        by_draw = workers is here  # progress is told draw by draw; what another process is sent cannot tell any
        if by_draw:
            drawn = partial(drawn, advance=advance)
        for rows in parts.fill(
            puzzles, drawn, finished=finished, workers=workers, enough=lambda: seconds is not None and time.process_time() - begun > seconds
        ):
            if not by_draw:
                advance(rows * plan.rows)
        there = list(parts)
        done = sum(map(len, there))
        if done < len(puzzles):
            provenance = provenance.model_copy(update={"puzzles": done, "puzzles_digest": puzzles.take(slice(0, done)).digest})
        table = joined(there, provenance)
        write_side(table, out, fingerprint=fingerprint)
        if done == len(puzzles):
            parts.remove()
    return table


def _same(kept: Provenance | SideProvenance, provenance: SideProvenance) -> bool:
    """Whether a finished table was drawn alike; it says by which commit, and is not drawn anew for another one."""
    return kept.model_copy(update={"commit": provenance.commit}) == provenance


def draw_chunk(network: Placed, puzzles: Examples, plan: Plan, advance: Advance = lambda rows: None) -> dict[str, np.ndarray]:
    """The columns of some puzzles: ``example_id``, ``givens`` if there are any and, for each kind, ``KIND_NAME`` of `SEGMENT_COLUMNS`."""
    drawn = {}
    for kind, (draws, segments, exponent) in plan.families().items():
        starts = Starts(kind=kind, seed=plan.seed, scale=plan.scale, sigma=plan.sigma)
        drawn[kind] = run_draws(
            network.here,
            puzzles,
            starts,
            draws=draws,
            segments=segments,
            exponent=exponent,
            batch=plan.batch,
            stop_at_rest=plan.stop_at_rest,
            advance=advance,
        )
    numbers = number_boards({kind: arrays["boards"] for kind, arrays in drawn.items()})
    columns: dict[str, np.ndarray] = {"example_id": puzzles.ids}
    if puzzles.givens is not None:
        columns["givens"] = puzzles.givens
    for kind, arrays in drawn.items():
        found = {**arrays, **judge_boards(arrays["boards"], puzzles), "board": numbers[kind]}
        for name, (dtype, bits) in SEGMENT_COLUMNS.items():
            values = found[name].astype(dtype)
            columns[f"{kind}_{name}"] = round_mantissa(values, bits) if bits else values
    return columns
