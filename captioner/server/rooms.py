"""`/v1/rooms`: rooms are made, found, changed, paused, ended and erased."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from captioner.captions.model import Status
from captioner.realtime.engines import Upstream
from captioner.rooms.choices import new_settings, settings_message
from captioner.rooms.directory import RoomSummary
from captioner.rooms.local import languages_to_translate
from captioner.rooms.room import RoomSettings
from captioner.server.parts import Joined, Parts, RoomName
from captioner.translation.progress import Progress
from captioner.translation.stage import ALL

router = APIRouter(prefix="/v1/rooms", tags=["rooms"])


class GlossaryEntry(BaseModel):
    """How a term is to be translated."""

    term: str
    translations: dict[str, str] = Field(description="The term's translation by BCP 47 tag.")


class Choices(BaseModel):
    """What an organiser may change of a room; it takes effect at the next sentence."""

    title: str = Field("", description="Shown to readers.", examples=["Weekly meeting"])
    language: str = Field("auto", description="The BCP 47 tag of the language spoken, or `auto`.")
    translations: list[str] = Field([], description="Languages to translate captions into.")
    speech: list[str] = Field([], description="Languages to speak translations in.")
    keywords: list[str] = Field([], description="Names and words that are likely to be said.")
    glossary: list[GlossaryEntry] = Field([], description="Terms with fixed translations.")
    retention_days: int | None = Field(None, description="Days after which all is erased.")


class NewRoom(Choices):
    """A room to make."""

    id: str | None = Field(
        None,
        description="`[a-z0-9](-?[a-z0-9])*`, up to 64 characters; left out, one is made up.",
        examples=["weekly-meeting"],
    )


class Recognition(BaseModel):
    """Who recognises a stream just now, or why nobody does."""

    track: str = Field(description="The stream's name.")
    state: Literal["working", "standby", "unavailable"] = Field(
        description="`standby`: not the engine that is wanted first; `unavailable`: none for now, "
        "and what is said is kept until there is one."
    )
    engine: str | None = Field(description="Who recognises it.")
    trouble: str | None = Field(description="What is wrong, in plain words.")


class Translation(BaseModel):
    """How the room is translated into a language just now."""

    language: str = Field(description="Its BCP 47 tag: one that is listed or read.")
    state: Literal["working", "idle", "unavailable"] = Field(
        description="`idle`: nobody translates, for nobody reads it or nothing is said; "
        "`unavailable`: the newest sentence has no translation."
    )
    translator: str | None = Field(description="Who translates; null where nobody does just now.")
    trouble: str | None = Field(description="What is wrong, in plain words.")
    behind: int | None = Field(
        description="Finals that readers do not have in it yet; null where nobody counts them."
    )


class RoomView(Choices):
    """A room as it is."""

    id: str = Field(description="Its name in every address.")
    status: Status = Field(description="Whether somebody is speaking, and whether it is over.")
    languages: list[str] = Field(description="Those that captions exist or will exist in.")
    created_at: datetime = Field(description="When it was made (RFC 3339, UTC).")
    recognition: list[Recognition] = Field(description="Of each stream that is published now.")
    translation: list[Translation] = Field(description="Of each language listed or read now.")


class RoomList(BaseModel):
    """All rooms."""

    rooms: list[RoomView] = Field(description="The newest first.")


@router.post("", status_code=201)
async def create(parts: Joined, wanted: NewRoom, response: Response) -> RoomView:
    """Make a room. 409 if its id is taken."""
    room = await parts.rooms.create(new_settings(_said(wanted)))
    response.headers["Location"] = f"/v1/rooms/{room.settings.id}"
    return await _read(parts, room.settings.id)


@router.get("")
async def list_rooms(parts: Joined) -> RoomList:
    """All rooms."""
    return RoomList(rooms=await _views(parts, await parts.rooms.list()))


@router.get("/{room}")
async def read(parts: Joined, room: RoomName) -> RoomView:
    """One room."""
    return await _read(parts, room)


@router.patch("/{room}")
async def change(parts: Joined, room: RoomName, wanted: Choices) -> RoomView:
    """Change the fields that are named; the others stay."""
    await parts.rooms.change(room, _said(wanted))
    return await _read(parts, room)


@router.delete("/{room}", status_code=204)
async def delete(parts: Joined, room: RoomName) -> None:
    """End the room and erase everything kept of it."""
    await parts.rooms.delete(room)


@router.post("/{room}/end")
async def end(parts: Joined, room: RoomName) -> RoomView:
    """Caption what was said, close the files, tell the readers. There is no way back."""
    await parts.rooms.end(room)
    return await _read(parts, room)


@router.post("/{room}/pause")
async def pause(parts: Joined, room: RoomName) -> RoomView:
    """Off the record: nothing is captioned or kept until `resume`."""
    await parts.rooms.pause(room)
    return await _read(parts, room)


@router.post("/{room}/resume")
async def resume(parts: Joined, room: RoomName) -> RoomView:
    """On the record again; the time between is marked as a gap."""
    await parts.rooms.resume(room)
    return await _read(parts, room)


def _said(wanted: Choices) -> dict[str, Any]:
    return wanted.model_dump(exclude_unset=True)


async def _read(parts: Parts, room: str) -> RoomView:
    [view] = await _views(parts, [await parts.rooms.summary(room)])
    return view


async def _views(parts: Parts, summaries: Sequence[RoomSummary]) -> list[RoomView]:
    ids = [summary.settings.id for summary in summaries]
    recognition = await parts.recognition(ids)
    translation = await parts.translation(ids)
    read = parts.reading.languages()
    return [
        _view(summary, recognition[id_], translation[id_], read.get(id_, frozenset()))
        for id_, summary in zip(ids, summaries, strict=True)
    ]


def _view(
    summary: RoomSummary,
    upstream: Mapping[str, Upstream],
    progress: Mapping[str, Progress],
    read: frozenset[str],
) -> RoomView:
    settings = settings_message(summary.settings)
    return RoomView.model_validate(
        {
            **settings,
            "status": summary.status,
            "languages": summary.languages,
            "created_at": summary.created_at,
            "recognition": [_recognition(track, upstream[track]) for track in sorted(upstream)],
            "translation": [
                _translation(language, progress.get(language))
                for language in _wanted(summary.settings, {*progress, *read})
            ],
        }
    )


def _recognition(track: str, upstream: Upstream) -> Recognition:
    works: Literal["working", "standby"] = "standby" if upstream.standby else "working"
    return Recognition(
        track=track,
        state="unavailable" if upstream.engine is None else works,
        engine=upstream.engine,
        trouble=upstream.trouble,
    )


def _wanted(settings: RoomSettings, read: set[str]) -> list[str]:
    return sorted({*languages_to_translate(settings), *read} - {ALL, settings.language})


def _translation(language: str, progress: Progress | None) -> Translation:
    if progress is None:
        return Translation(
            language=language, state="idle", translator=None, trouble=None, behind=None
        )
    return Translation(
        language=language,
        state="working" if progress.trouble is None else "unavailable",
        translator=progress.translator,
        trouble=progress.trouble,
        behind=progress.behind,
    )
