"""Foreign text made harmless: what a ledger, a path or a record's name may do to a terminal."""

from __future__ import annotations


def harmless(text: str) -> str:
    """The text on one line, with control, format and bidirectional characters shown as escapes."""
    if text.isprintable():  # nearly all of them, and asked without a loop in Python
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(character: str) -> str:
    if character in "\n\t\r":
        return " "
    return character.encode("unicode_escape").decode("ascii")
