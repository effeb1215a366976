"""`/v1/rooms/{room}/transcript.{format}`: the transcript so far, as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Query, Response

from captioner.archive import srt, text, transcript_json, ttml, webvtt
from captioner.captions.model import Caption, Gap
from captioner.rooms.languages import language_tag
from captioner.rooms.local import languages_behind, languages_to_translate
from captioner.rooms.room import RoomSettings
from captioner.server.parts import Joined, Parts, RoomName

router = APIRouter(prefix="/v1/rooms/{room}", tags=["transcript"])

Format = Literal["vtt", "srt", "txt", "json", "ttml"]


class Render(Protocol):
    def __call__(
        self,
        captions: Iterable[Caption],
        gaps: Iterable[Gap],
        language: str,
        also: Iterable[Caption] = (),
    ) -> str: ...


TRANSLATED_S = 3.0
"""How long a file is waited for until what was said is translated."""
_LOOK_S = 0.1
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
    "ttml": _Written(ttml.render, "application/ttml+xml; charset=utf-8"),
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
    also: Annotated[
        str | None, Query(description="BCP 47: a second language, shown below the first.")
    ] = None,
) -> Response:
    """The finals and the gaps so far; valid at any moment."""
    language, also = (tag and language_tag(tag) for tag in (language, also))
    summary = await parts.rooms.summary(room)
    await _translated(parts, summary.settings, {tag for tag in (language, also) if tag})
    transcript = await parts.transcript(room)
    captions = transcript.captions(language) if language else transcript.spoken()
    below = _translations(captions, transcript.captions(also)) if also else ()
    asked = (language, also) if language else (*summary.languages, *transcript.languages)
    told = dict.fromkeys(tag for tag in asked if tag)
    # A gap is told once a language.
    gaps = {(gap.start, gap.end): gap for tag in told for gap in transcript.gaps(tag)}
    header = language or next(iter(summary.languages), UNDETERMINED)
    written = _FORMATS[format]
    render = partial(written.render, also=below)
    content = await asyncio.to_thread(render, captions, gaps.values(), header)
    name = ".".join(filter(None, (room, language, also, format)))
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content.encode(), headers=headers, media_type=written.media_type)


async def _translated(parts: Parts, settings: RoomSettings, languages: set[str]) -> None:
    """Wait a moment for what is missing of the languages: nobody may have read them until now."""
    wanted = languages.intersection(languages_to_translate(settings))
    if not wanted & await languages_behind(parts.bus, settings):
        return
    parts.reading.ask(settings.id, wanted)
    with suppress(TimeoutError):
        async with asyncio.timeout(TRANSLATED_S):
            # The bus tells of events, not of who is behind; and few ask for such a file.
            while wanted & await languages_behind(parts.bus, settings):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_S)


def _translations(captions: Iterable[Caption], also: Iterable[Caption]) -> list[Caption]:
    """What the second language says that is not in the captions themselves."""
    said = {(caption.id, caption.language) for caption in captions}
    return [caption for caption in also if (caption.id, caption.language) not in said]
