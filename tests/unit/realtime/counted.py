"""A meter that keeps what it is told, and may have a budget that is spent."""

from __future__ import annotations

from dataclasses import dataclass, field

from captioner.realtime.token_cost import Kind
from captioner.realtime.tokens import Tokens


@dataclass
class Counted:
    """`spent`: why nothing may be asked; empty, it may."""

    spent: str = ""
    reports: list[tuple[str, Kind, str, str, Tokens]] = field(default_factory=list)

    async def refusal(self, room: str, engine: str, model: str) -> str | None:
        return self.spent or None

    def reported(self, room: str, kind: Kind, engine: str, model: str, tokens: Tokens) -> None:
        self.reports.append((room, kind, engine, model, tokens))
