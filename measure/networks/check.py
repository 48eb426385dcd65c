"""Wrong adapters are caught before anything is measured: each way of being wrong is one line that names the member.

The checks run two segments on a few examples. A network that passes has a state that moves, an answer that is read off the state,
updates with forward-mode derivatives that keep the tangents, and examples that do not see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.tangents import push
from unsettled.measure.networks.adapter import failed
from unsettled.measure.networks.protocol import Batch, Network, State, Update, depends_on_time, tokens_of

ROWS = 3
T = TypeVar("T")


@torch.no_grad()
def check_network(network: Network, batch: Batch, *, where: Path, cells: int) -> None:
    """Try a network on a few examples. Raises UserError for the first member that cannot be measured.

    Args:
        batch: at least one example; `ROWS` are enough.
        where: the adapter's file, which messages name.
        cells: how many cells an answer has.
    """
    if not len(batch):
        raise UserError("there is no example to try the network on", where=where)
    start = _state("start", lambda: network.start(batch), network, batch, where)
    updates = numbered(network, _tried("updates", lambda: network.updates(batch), where))
    if not updates or not all(map(callable, updates)):
        raise UserError("updates returned no functions", where=where, hint="return the updates of one segment, each state → state")
    before = tuple(part.clone() for part in start)
    first = _segment(updates, start, network, batch, where)
    if not all(torch.equal(now, was) for now, was in zip(start, before, strict=True)):
        raise UserError(
            "updates change the state that they are given, in place", where=where, hint="return new tensors: x = x + …, not x += …"
        )
    if not _same(first, _segment(updates, start, network, batch, where)):
        raise UserError(
            "updates give another state each time", where=where, hint="switch dropout off, and draw noise by batch.normal(update, …) alone"
        )
    _moves(first, start, network, where)
    _alone(network, batch, first, where)
    _answers(network, first, batch, where, cells)
    _tangents(updates, first, where)


def numbered(network: Network, updates: Sequence[Update]) -> list[Update]:
    """The updates of the first segment as functions of the state alone; a time-dependent network's are told their number."""
    if not depends_on_time(network):
        return list(updates)
    return [partial(_at, update, number) for number, update in enumerate(updates)]


def _at(update: Update, number: int, state: State) -> State:
    return update(state, number)


def _tried(member: str, call: Callable[[], T], where: Path) -> T:
    try:
        return call()
    except UserError:
        raise
    except Exception as error:
        raise failed(f"{member} failed", error, where) from error


def _state(member: str, call: Callable[[], object], network: Network, batch: Batch, where: Path) -> State:
    """A state of the declared latents: floating tensors, one for each name, an axis of examples first, all finite."""
    state, names = _tried(member, call, where), network.latents
    if not isinstance(state, tuple) or not all(isinstance(part, Tensor) for part in state):
        raise UserError(f"{member} returned {type(state).__name__}, not a tuple of tensors", where=where, hint="a lone tensor x is (x,)")
    if len(state) != len(names):
        raise UserError(f"{member} returned {len(state)} tensors, latents names {len(names)}: {', '.join(names)}", where=where)
    for name, part in zip(names, state, strict=True):
        if not part.is_floating_point() or part.ndim < 2 or len(part) != len(batch):
            shape = f"{str(part.dtype).removeprefix('torch.')} {tuple(part.shape)}"
            raise UserError(f"{member} returned {shape} as {name!r}", where=where, hint=f"it must be floating, ({len(batch)}, …)")
        if not torch.isfinite(part).all():
            raise UserError(f"{member} returned NaN or infinity in {name!r}", where=where)
    return state


def _segment(updates: list[Update], state: State, network: Network, batch: Batch, where: Path) -> State:
    for update in updates:
        after = _state("updates", partial(update, state), network, batch, where)
        for name, now, was in zip(network.latents, after, state, strict=True):
            if now.shape != was.shape or now.dtype != was.dtype:
                raise UserError(f"updates turn {name!r} from {tuple(was.shape)} into {tuple(now.shape)}", where=where)
        state = after
    return state


def _same(one: State, other: State) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def _close(one: Tensor, other: Tensor) -> bool:
    """Equal but for the rounding of other batch sizes."""
    scale = max(float(one.abs().max()), float(other.abs().max()), 1e-30)
    return float((one - other).abs().max()) <= 1e-3 * scale


def _moves(after: State, start: State, network: Network, where: Path) -> None:
    still = [name for name, now, was in zip(network.latents, after, start, strict=True) if torch.equal(now, was)]
    if still:
        raise UserError(
            f"updates never change the latent {still[0]!r}",
            where=where,
            hint="a constant is no latent: keep it in the network or in the batch",
        )


def _alone(network: Network, batch: Batch, together: State, where: Path) -> None:
    """Batch normalisation in training, and attention across examples: the first example by itself gives another state."""
    if len(batch) == 1:
        return
    one = Batch(batch.tokens[:1], batch.identifiers[:1], batch.ids[:1], batch.noise_seed)
    state = _state("start", lambda: network.start(one), network, one, where)
    state = _segment(numbered(network, network.updates(one)), state, network, one, where)
    if not all(_close(alone, all_[:1]) for alone, all_ in zip(state, together, strict=True)):
        raise UserError("updates of one example depend on the others in its batch", where=where, hint="call .eval() on batch normalisation")


def _answers(network: Network, state: State, batch: Batch, where: Path, cells: int) -> None:
    answer = _tried("answer", lambda: network.answer(state), where)
    fits = isinstance(answer, Tensor) and answer.shape[:2] == (len(batch), cells)
    if not isinstance(answer, Tensor) or not fits or answer.ndim != (3 if answer.is_floating_point() else 2):
        got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise UserError(
            f"answer returned {got} for {len(batch)} examples of {cells} cells",
            where=where,
            hint="logits (B, cells, vocabulary) or tokens (B, cells)",
        )
    generator = torch.Generator().manual_seed(0)
    moved = tuple(part + 10 * (1 + part.std()) * torch.randn(part.shape, generator=generator).to(part) for part in state)
    other = network.answer(moved)
    if torch.equal(other, answer) or (
        answer.is_floating_point() and torch.equal(tokens_of(other), tokens_of(answer)) and _close(other, answer)
    ):
        raise UserError("answer does not depend on the state", where=where, hint="read it off the tensors of the state that is passed in")
    if network.confidence is None:
        return
    sure = _tried("confidence", lambda: network.confidence(state) if network.confidence else None, where)
    if not isinstance(sure, Tensor) or sure.shape != (len(batch),):
        seen = tuple(sure.shape) if isinstance(sure, Tensor) else type(sure).__name__
        raise UserError(f"confidence returned {seen}, not one number an example", where=where, hint="or say confidence = None")


def _tangents(updates: list[Update], state: State, where: Path) -> None:
    """One random tangent through one segment: each update has a derivative, and something of the tangent is left."""
    generator = torch.Generator().manual_seed(1)
    tangents = tuple(torch.randn((len(part), 1, *part.shape[1:]), generator=generator).to(part) for part in state)
    for update in updates:
        try:
            state, tangents = push(update, state, tangents, is_tuple=True)
        except UserError as error:
            raise UserError(f"updates: {error.what}", where=where, hint=error.hint) from None
        except Exception as error:
            raise failed("updates have no forward-mode derivative", error, where) from error
    if all(not bool(part.any()) for part in tangents):
        raise UserError(
            "updates detach the state: nothing of a tangent is left after one segment",
            where=where,
            hint="no .detach(), .data or torch.no_grad() around the carry",
        )
