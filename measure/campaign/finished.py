"""What a measurement does where its output is whole already: it takes it as it is and says so, unless it was asked to measure again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unsettled.measure.campaign.parts import P, Parts
from unsettled.measure.errors import UserError
from unsettled.measure.record.provenance import Provenance
from unsettled.measure.record.seal import holds
from unsettled.measure.record.side import SideProvenance

TAKEN = "is whole and of these settings: nothing is measured (--again measures it again)"


@dataclass(frozen=True, kw_only=True)
class IfWhole:
    """What to do with an output that is whole already.

    Attributes:
        again: measure it again. What an interrupted call left is gone on with all the same.
        tell: told the line about an output that is taken as it is.
    """

    again: bool = False
    tell: Callable[[str], None] = lambda line: None


USUAL = IfWhole()


def taken(
    parts: Parts[P], choice: IfWhole, *, alike: Callable[[Provenance | SideProvenance], bool] | None = None, unsealed: bool = False
) -> P | None:
    """The output of a measurement where it is whole, undamaged, and this very one; None where it must be measured.

    It must carry the seal of this measurement (`unsettled.measure.record.seal`), its provenance, and its examples in their order. Parts
    that are left beside it, of a call that was killed while it removed them, are removed.

    Args:
        parts: whose writer this process is.
        alike: whether a provenance is that of this measurement; equality by default.
        unsealed: accept a file without a seal, which earlier versions wrote; a seal that does not hold is never accepted.
    """
    if choice.again or not parts.out.is_file():
        return None
    sealed = holds(parts.out, parts.fingerprint)
    if not (unsealed if sealed is None else sealed):
        return None
    try:
        whole = parts.read(parts.out)
    except UserError:
        return None
    same = whole.provenance == parts.provenance if alike is None else alike(whole.provenance)
    if not same or not np.array_equal(whole.example_id, parts.ids):
        return None
    parts.remove()
    choice.tell(f"{parts.out} {TAKEN}")
    return whole
