"""What an explanation is made of: facts under a heading, as data; whoever shows them draws them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One line of an explanation: a short label and a sentence. ``whole`` marks what must be copied, never wrapped."""

    label: str
    text: str
    whole: bool = False


@dataclass(frozen=True)
class Page:
    """A heading and the facts under it."""

    title: str
    facts: tuple[Fact, ...]
