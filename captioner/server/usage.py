"""`/v1/rooms/{room}/usage`: what the room uses, what that costs, and how much it may."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from captioner.accounts.accounts import RoomUsage, Spending
from captioner.accounts.budget import BudgetState
from captioner.accounts.records import UpstreamSession
from captioner.realtime.cost import Usage
from captioner.realtime.token_cost import Kind, TokenPrice
from captioner.server.parts import Joined, RoomName

router = APIRouter(prefix="/v1/rooms/{room}", tags=["usage"])

_MINUTES, _USD = 4, 6
"""Decimals that are told."""


class Amounts(BaseModel):
    """What was used, added up."""

    minutes_sent: float = Field(description="Minutes of audio that recognisers were sent.")
    minutes_reported: float = Field(description="Minutes that the recognisers say they heard.")
    minutes_billed: float = Field(
        description="The larger of the two, session by session: this is what is priced."
    )
    input_tokens: int = Field(description="Those that the recognisers reported.")
    output_tokens: int = Field(description="Those that the recognisers reported.")
    items: int = Field(description="Utterances whose usage was reported.")
    cost_usd: float | None = Field(
        description="Its price; null where part of it went to a model without a known price."
    )


class SessionUsage(Amounts):
    """What one session with a recogniser used."""

    session: str = Field(description="Its name; with `started_at` it is the track's only one.")
    engine: str = Field(description="Who recognised, such as `embedded` or `openai`.")
    model: str = Field(description="The model that was asked for.")
    usd_per_minute: float | None = Field(description="The price then; null if nobody knew it.")
    started_at: datetime = Field(description="When it began (RFC 3339, UTC).")


class TrackUsage(Amounts):
    """What the sessions of one track used."""

    track: str = Field(description="The name of the stream.")
    sessions: list[SessionUsage] = Field(description="The first to begin first.")


class PricePerMillion(BaseModel):
    """What is asked for a million tokens, in USD."""

    input: float = Field(description="Of what is asked.")
    output: float = Field(description="Of text that is answered.")
    spoken: float = Field(description="Of sound that is answered.")


class InterpretingUsage(BaseModel):
    """What a model used that translates for the room, or speaks."""

    kind: Kind = Field(description="`translation` or `speech`.")
    engine: str = Field(description="Who was asked, such as `embedded`, `openai` or `chat`.")
    model: str = Field(description="The model that was asked for.")
    responses: int = Field(description="Answers whose usage was reported.")
    input_tokens: int = Field(description="Those that were reported.")
    output_tokens: int = Field(description="Those that were reported, of sound too.")
    spoken_tokens: int = Field(description="Those of them that are sound.")
    usd_per_million: PricePerMillion | None = Field(
        description="The price of the newest of them; null if nobody knew it."
    )
    cost_usd: float | None = Field(description="Null where nobody knew the price of part of it.")


class BudgetView(BaseModel):
    """A budget, and what of it is spent."""

    limit_usd: float | None = Field(description="How much may be spent; null without a budget.")
    spent_usd: float = Field(description="How much is; usage without a known price is not in it.")
    state: BudgetState = Field(
        description="`warning` from 80 % on; `spent`: only what is free is sent."
    )


class BudgetsView(BaseModel):
    """The budgets that the room draws on."""

    room: BudgetView = Field(description="The room's own, over its life.")
    day: BudgetView = Field(description="That of all rooms for today (UTC).")


class UsageView(Amounts):
    """The account of a room."""

    room: str = Field(description="The room's id.")
    total_usd: float | None = Field(
        description="The price of all: recognition, which is `cost_usd`, translation and speech; "
        "null where nobody knows it of a part."
    )
    interpreting: list[InterpretingUsage] = Field(
        description="Translation and speech, by model; in the order in which they were used."
    )
    budget: BudgetsView
    tracks: list[TrackUsage] = Field(description="In the order in which they were first heard.")


@router.get("/usage")
async def read(parts: Joined, room: RoomName) -> UsageView:
    """Minutes and tokens of recognition, by track, and those of translation and speech, by model;

    their price and the budgets.
    """
    await parts.rooms.summary(room)
    usage = await parts.usage(room)
    return UsageView(
        room=room,
        total_usd=_usd(sum((*usage.sessions.values(), *usage.interpreting.values()), Usage())),
        interpreting=_interpreting(usage),
        budget=BudgetsView(room=_budget(usage.room), day=_budget(usage.day)),
        tracks=_tracks(usage),
        **_amounts(usage.sessions.values()),
    )


def _interpreting(usage: RoomUsage) -> list[InterpretingUsage]:
    models: dict[tuple[Kind, str, str], Usage] = {}
    prices: dict[tuple[Kind, str, str], TokenPrice | None] = {}
    for user, used in usage.interpreting.items():
        name = user.kind, user.engine, user.model
        models[name] = models.get(name, Usage()) + used
        prices[name] = user.price
    return [
        InterpretingUsage(
            kind=kind,
            engine=engine,
            model=model,
            responses=used.items,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            spoken_tokens=used.spoken_tokens,
            usd_per_million=_price_per_million(prices[kind, engine, model]),
            cost_usd=_usd(used),
        )
        for (kind, engine, model), used in models.items()
    ]


def _price_per_million(price: TokenPrice | None) -> PricePerMillion | None:
    if price is None:
        return None
    return PricePerMillion(input=price.input, output=price.output, spoken=price.spoken)


def _tracks(usage: RoomUsage) -> list[TrackUsage]:
    by_track: dict[str, dict[UpstreamSession, Usage]] = {}
    for session, used in usage.sessions.items():
        by_track.setdefault(session.track, {})[session] = used
    return [
        TrackUsage(
            track=track,
            sessions=[_session(session, used) for session, used in sessions.items()],
            **_amounts(sessions.values()),
        )
        for track, sessions in by_track.items()
    ]


def _session(session: UpstreamSession, used: Usage) -> SessionUsage:
    return SessionUsage(
        session=session.name,
        engine=session.engine,
        model=session.model,
        usd_per_minute=None if session.price is None else session.price.usd_a_minute,
        started_at=session.started_at,
        **_amounts([used]),
    )


def _budget(spending: Spending) -> BudgetView:
    return BudgetView(
        limit_usd=spending.budget.limit_usd or None,
        spent_usd=round(spending.spent_usd, _USD),
        state=spending.state,
    )


def _amounts(parts: Iterable[Usage]) -> dict[str, float | int | None]:
    """The fields of `Amounts`."""
    total = sum(parts, Usage())
    return {
        "minutes_sent": round(total.sent_s / 60, _MINUTES),
        "minutes_reported": round(total.reported_s / 60, _MINUTES),
        "minutes_billed": round(total.billed_s / 60, _MINUTES),
        "input_tokens": total.input_tokens,
        "output_tokens": total.output_tokens,
        "items": total.items,
        "cost_usd": _usd(total),
    }


def _usd(used: Usage) -> float | None:
    return None if used.cost_usd is None else round(used.cost_usd, _USD)
