"""What was declared before a measurement: names and digests of questions, and when. The record carries it, whatever the questions."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from unsettled.measure.errors import UserError
from unsettled.measure.support.bounded import bounded
from unsettled.measure.support.files import validated
from unsettled.measure.support.limits import check_file


class Declared(BaseModel):
    """Digests of what was declared: of the ``source`` as a whole, and of each of its ``entries`` by name; ``at`` is a time in UTC.

    The time is what whoever declared it wrote down. It proves nothing by itself: sign the file, or commit it where others see it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str = Field(pattern=r"^[0-9a-f]{64}$")
    at: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")
    entries: dict[str, str]


@bounded("text")
def read_declared(path: Path | str) -> Declared:
    """Read what `unsettled lock` wrote. Raises UserError."""
    path = Path(path)
    check_file(path, "lock")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read: {error}", where=path, hint="`unsettled lock LEDGER` writes one") from None
    return validated(Declared, text, path, what="not what `unsettled lock` writes")
