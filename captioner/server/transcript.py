"""`/v1/rooms/{room}/transcript.{format}`: the transcript so far, as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from captioner.archive import srt, text, transcript_json, webvtt
from captioner.captions.model import Caption, Gap
from captioner.rooms.languages import language_tag
from captioner.server.parts import Joined, RoomName

router = APIRouter(prefix="/v1/rooms/{room}", tags=["transcript"])

Format = Literal["vtt", "srt", "txt", "json"]
Render = Callable[[Iterable[Caption], Iterable[Gap], str], str]

UNDETERMINED = "und"
"""The BCP 47 tag of a text whose language nobody knows."""


@dataclass(frozen=True, slots=True)
class _Written:
    render: Render
    media_type: str


_FORMATS: dict[Format, _Written] = {
    "vtt": _Written(webvtt.render, "text/vtt; charset=utf-8"),
    "srt": _Written(srt.render, "application/x-subrip; charset=utf-8"),
    "txt": _Written(text.render, "text/plain; charset=utf-8"),
    "json": _Written(transcript_json.render, "application/json"),
}


@router.get(
    "/transcript.{format}",
    response_class=Response,
    responses={200: {"content": {w.media_type.partition(";")[0]: {} for w in _FORMATS.values()}}},
)
async def download(
    parts: Joined,
    room: RoomName,
    format: Format,
    language: Annotated[
        str | None, Query(description="BCP 47; left out: what was said, as it was said.")
    ] = None,
) -> Response:
    """The finals and the gaps so far; valid at any moment."""
    if language is not None:
        language = language_tag(language)
    summary = await parts.rooms.summary(room)
    transcript = await parts.transcript(room)
    all_languages = dict.fromkeys((*summary.languages, *transcript.languages))
    languages = [language] if language else list(all_languages)
    captions = [caption for tag in languages for caption in transcript.captions(tag)]
    # A gap is told once a language.
    gaps = {(gap.start, gap.end): gap for tag in languages for gap in transcript.gaps(tag)}
    header = language or next(iter(summary.languages), UNDETERMINED)
    written = _FORMATS[format]
    content = await asyncio.to_thread(written.render, captions, gaps.values(), header)
    name = f"{room}.{language}.{format}" if language else f"{room}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content.encode(), headers=headers, media_type=written.media_type)
