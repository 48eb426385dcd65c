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
from torch import Tensor, nn

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
    _named(network, where)
    start = _state("start", lambda: network.start(batch), network, batch, where)
    given = _tried("updates", lambda: network.updates(batch), where)
    ordered = isinstance(given, Sequence | nn.ModuleList)
    if not ordered or not len(given) or not all(map(callable, given)):
        what = "updates returned no functions" if ordered else f"updates returned {type(given).__name__}"
        raise UserError(what, where=where, hint="return a list of the updates of one segment, each state → state")
    updates = numbered(network, given)
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
    _alone(network, updates, batch, first, where)
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
    except (Exception, SystemExit) as error:
        raise failed(f"{member} failed", error, where) from error


def _named(network: Network, where: Path) -> None:
    """A record has columns for each latent by its name."""
    names: object = _tried("latents", lambda: network.latents, where)
    told = list(names) if isinstance(names, Sequence) else []
    if not told or not all(isinstance(name, str) and name and name.isprintable() for name in told):
        raise UserError(f"latents is {names!r}", where=where, hint='a name for each tensor of the state: latents = ("x",)')
    if len(set(told)) < len(told):
        raise UserError(f"latents names {next(name for name in told if told.count(name) > 1)!r} twice", where=where)


def _state(member: str, call: Callable[[], object], network: Network, batch: Batch, where: Path) -> State:
    """A state of the declared latents: floating tensors, one for each name, an axis of examples first, all finite."""
    state, names = _tried(member, call, where), network.latents
    if type(state) is not tuple or not all(isinstance(part, Tensor) for part in state):  # derivatives know no named tuples
        raise UserError(f"{member} returned {type(state).__name__}, not a tuple of tensors", where=where, hint="a lone tensor x is (x,)")
    if len(state) != len(names):
        raise UserError(f"{member} returned {len(state)} tensors, latents names {len(names)}: {', '.join(names)}", where=where)
    for name, part in zip(names, state, strict=True):
        if part.layout != torch.strided or part.is_meta:
            raise UserError(
                f"{member} returned a {'meta' if part.is_meta else 'sparse'} tensor as {name!r}", where=where, hint="a dense one"
            )
        if not part.is_floating_point() or part.ndim < 2 or len(part) != len(batch):
            raise UserError(f"{member} returned {_kind(part)} as {name!r}", where=where, hint=f"it must be floating, ({len(batch)}, …)")
        if not torch.isfinite(part).all():
            raise UserError(f"{member} returned NaN or infinity in {name!r}", where=where)
    return state


def _segment(updates: list[Update], state: State, network: Network, batch: Batch, where: Path) -> State:
    for update in updates:
        after = _state("updates", partial(update, state), network, batch, where)
        for name, now, was in zip(network.latents, after, state, strict=True):
            if now.shape != was.shape or now.dtype != was.dtype:
                raise UserError(f"updates turn {name!r} from {_kind(was)} into {_kind(now)}", where=where)
        state = after
    return state


def _kind(part: Tensor) -> str:
    return f"{str(part.dtype).removeprefix('torch.')} {tuple(part.shape)}"


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


def _alone(network: Network, updates: list[Update], batch: Batch, after: State, where: Path) -> None:
    """Batch normalisation in training, and attention across examples: the first example by itself gives another state.

    Both the first segment and the second are looked at: where all start alike, they cannot tell each other apart before.
    """
    if len(batch) == 1:
        return
    one = Batch(batch.tokens[:1], batch.identifiers[:1], batch.ids[:1], batch.noise_seed)
    begun = _state("start", lambda: network.start(one), network, one, where)
    mine = numbered(network, _tried("updates", lambda: network.updates(one), where))
    for state, together in ((begun, after), (tuple(part[:1] for part in after), _segment(updates, after, network, batch, where))):
        alone = _segment(mine, state, network, one, where)
        if not all(_close(by_itself, all_[:1]) for by_itself, all_ in zip(alone, together, strict=True)):
            raise UserError(
                "updates of one example depend on the others in its batch", where=where, hint="call .eval() on batch normalisation"
            )


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
    if answer.is_floating_point() and bool(answer.isnan().any()):
        raise UserError("answer returned NaN", where=where)
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
