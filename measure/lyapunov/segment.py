"""One segment: its updates in order, their clock, and a pass of the orbit and its tangents through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from unsettled.measure.errors import UserError
from unsettled.measure.lyapunov.frame import Frame, Frames
from unsettled.measure.lyapunov.jets import Followed
from unsettled.measure.lyapunov.tangents import Parts, State, Update, advance, flatten, push, split
from unsettled.measure.support.counts import at_least

Step = Callable[..., State] | Sequence[Callable[..., State]]


@dataclass(frozen=True)
class Segment:
    """The updates that make one segment; with ``timed`` each is called as update(state, n), n counting from the clock."""

    updates: tuple[Callable[..., State], ...]
    timed: bool

    def __len__(self) -> int:
        return len(self.updates)

    def at(self, clock: int) -> list[Update]:
        """The updates as functions of the state alone, the first being the clock's."""
        if not self.timed:
            return list(self.updates)
        return [partial(_call_at, update, clock + index) for index, update in enumerate(self.updates)]


def _call_at(update: Callable[[State, int], State], n: int, state: State) -> State:
    return update(state, n)


def segment_of(step: Step, repeats: int, *, time_dependent: bool) -> Segment:
    """A map repeated, or a sequence of updates as it is.

    Raises:
        UserError: if ``step`` is neither, or a sequence whose length is not ``repeats``.
    """
    if callable(step):
        return Segment((_with_tangents(step, timed=time_dependent),) * at_least(1, repeats, "updates_per_segment"), time_dependent)
    updates = tuple(step)
    if not updates or not all(callable(update) for update in updates):
        raise UserError("step is neither a function nor a sequence of functions")
    if repeats not in (1, len(updates)):
        raise UserError(f"updates_per_segment is {repeats}, but step lists {len(updates)} updates", hint="leave it out")
    return Segment(tuple(_with_tangents(update, timed=time_dependent) for update in updates), time_dependent)


def _with_tangents(update: Callable[..., State], *, timed: bool) -> Callable[..., State]:
    """The update with a tangent pass of its own; one that is told the time has `vmap(jvp)`."""
    return update if timed or hasattr(update, "push") else Followed(update)


def run_segment(updates: list[Update], parts: Parts, frame: Frame | Frames, *, is_tuple: bool, qr_every: int) -> Parts:
    """Carry the state and the frame through the updates, with a QR every so many and at the end."""
    if frame.basis.shape[1] == 0:
        for update in updates:
            parts = advance(update, parts, is_tuple=is_tuple)
        return parts
    tangents = split(frame.basis, parts)
    for index, update in enumerate(updates):
        parts, tangents = push(update, parts, tangents, is_tuple=is_tuple)
        if (index + 1) % qr_every == 0 or index + 1 == len(updates):
            frame.absorb(flatten(tangents))
            tangents = split(frame.basis, parts)
    return parts
