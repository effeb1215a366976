"""`/v1/rooms/{room}/glossary`: a room's terms and their translations, as a table too."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, HTTPException, Request, Response
from pydantic import BaseModel, Field

from captioner.rooms.glossary import glossary_from, glossary_table
from captioner.server.parts import Joined, RoomName
from captioner.server.rooms import GlossaryEntry

router = APIRouter(prefix="/v1/rooms/{room}/glossary", tags=["rooms"])

JSON = "application/json"
DELIMITERS = {"text/csv": ",", "text/tab-separated-values": "\t"}
"""Of the tables, by their media type."""

_TABLES = {kind: {"schema": {"type": "string"}} for kind in DELIMITERS}


class GlossaryView(BaseModel):
    """A room's glossary."""

    glossary: list[GlossaryEntry] = Field(description="In the order it was given.")


@router.get("", responses={200: {"model": GlossaryView, "content": _TABLES}})
async def read(
    parts: Joined,
    room: RoomName,
    accept: Annotated[str, Header(description="JSON, or a table as CSV or TSV.")] = JSON,
) -> Response:
    """The terms, in the form that is asked for."""
    settings = (await parts.rooms.summary(room)).settings
    kind = wanted_of(accept)
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    if kind == JSON:
        said = orjson.dumps({"glossary": [asdict(term) for term in settings.glossary]})
        return Response(said, headers=headers, media_type=JSON)
    table = glossary_table(settings.glossary, DELIMITERS[kind])
    return Response(table, headers=headers, media_type=f"{kind}; charset=utf-8")


_BODY = {
    "content": _TABLES,
    "required": True,
    "description": "A header (`term`, then tags of languages), then a term a line.",
}


@router.put("", openapi_extra={"requestBody": _BODY})
async def replace(
    parts: Joined, room: RoomName, request: Request, content_type: Annotated[str, Header()] = ""
) -> GlossaryView:
    """Put a table in the place of the glossary; it takes effect at the next sentence."""
    delimiter = DELIMITERS.get(_media_type(content_type))
    if delimiter is None:
        raise HTTPException(415, f"Send the table as {' or '.join(DELIMITERS)}.")
    entries = [asdict(term) for term in glossary_from(await request.body(), delimiter)]
    await parts.rooms.change(room, {"glossary": entries})
    return GlossaryView.model_validate({"glossary": entries})


def wanted_of(accept: str) -> str:
    """Of the media types that are named, the one liked best; JSON where none of ours is."""
    entries = [(_media_type(entry), _quality(entry)) for entry in accept.split(",")]
    ours = {kind: q for kind, q in entries if q > 0 and kind in (JSON, *DELIMITERS)}
    return max(ours, key=lambda kind: ours[kind], default=JSON)


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _quality(entry: str) -> float:
    for parameter in entry.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
