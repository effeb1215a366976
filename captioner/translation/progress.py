"""How the translation of a room into a language goes, as its organiser is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """`translator`: who is asked. `trouble`: why the newest sentence has no translation, in plain

    words; None if it has. `behind`: how many finals readers do not have in the language yet.
    """

    translator: str
    trouble: str | None = None
    behind: int = 0
