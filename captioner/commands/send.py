"""`captioner send`: publish audio to a running server and see its captions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress

import click

from captioner.captions.model import Caption, Numbered, Position
from captioner.client import Hello, captions, publish, translated
from captioner.commands.display import Display, display
from captioner.commands.options import (
    LanguageTag,
    json_option,
    option,
    room_option,
    to_option,
    token_option,
    url_option,
)
from captioner.commands.running import finishing, run
from captioner.commands.sources import Source, paced, source, until

_FROM_THE_BEGINNING = Position("", 0)
CATCH_UP_S = 30.0
"""How long the last captions may take to come here, once the server has made them."""


@click.command()
@click.argument("source_name", metavar="SOURCE")
@room_option
@url_option
@option("--language", type=LanguageTag("auto"), help="Spoken language.  [default: the room's]")
@to_option
@option("--speaker", help="Who speaks.")
@option("--pace", default="realtime", type=click.Choice(["realtime", "fast"]))
@option("--sample-rate", default=48000, type=click.IntRange(8000, 192000), help="Of - , in Hz.")
@option("--channels", default=1, type=click.IntRange(1, 2), help="Of - .")
@token_option
@json_option
def send(
    *,
    source_name: str,
    room: str,
    urls: tuple[str, ...],
    language: str | None,
    to: tuple[str, ...],
    speaker: str | None,
    pace: str,
    sample_rate: int,
    channels: int,
    token: str | None,
    as_json: bool,
) -> None:
    """Publish SOURCE and show its captions.

    SOURCE is a file, an address, - for raw 16-bit little-endian samples on stdin, or mic.
    Ctrl-C ends the source; what was said by then is captioned.
    """
    audio = source(source_name, sample_rate=sample_rate, channels=channels)
    if pace == "realtime":
        audio = Source(
            paced(audio.chunks, 2 * audio.sample_rate * audio.channels),
            audio.sample_rate,
            audio.channels,
        )
    sending = _Sending(urls, room, token, audio, speaker=speaker, language=language, to=to)
    run(sending.run(as_json=as_json))


class _Sending:
    """One source on its way, and what becomes of it on the way back."""

    def __init__(
        self,
        urls: Sequence[str],
        room: str,
        token: str | None,
        audio: Source,
        *,
        speaker: str | None,
        language: str | None,
        to: Sequence[str],
    ) -> None:
        self._urls = urls
        self._room = room
        self._token = token
        self._audio = audio
        self._speaker = speaker
        self._language = language
        self._to = to
        self._stream = f"send-{secrets.token_hex(4)}"
        self._seen = 0
        self._untranslated: dict[tuple[str, str], Caption] = {}
        """What was said and is not here in a language, by id and language."""
        self._read_on = asyncio.Event()

    async def run(self, *, as_json: bool) -> None:
        enough, taken = asyncio.Event(), asyncio.Event()
        if self._to:
            await translated(self._urls, self._room, self._to, token=self._token)
        with display(as_json=as_json) as screen, finishing(enough.set):
            showing = asyncio.create_task(self._show(screen, taken))
            try:
                await publish(
                    self._urls,
                    self._room,
                    until(self._audio.chunks, enough),
                    sample_rate=self._audio.sample_rate,
                    channels=self._audio.channels,
                    stream=self._stream,
                    speaker=self._speaker,
                    language=self._language,
                    token=self._token,
                    on_ack=lambda _until: taken.set(),
                    on_trouble=lambda message: click.echo(
                        f"No captions for now: {message}", err=True
                    ),
                )
                await self._caught_up()
            finally:
                showing.cancel()
                with suppress(asyncio.CancelledError):
                    await showing

    async def _show(self, screen: Display, taken: asyncio.Event) -> None:
        """Show what is said of this stream, once the room is there for certain."""
        await taken.wait()
        async for event in self._captions(_FROM_THE_BEGINNING, self._read_to):
            if isinstance(event, Hello):
                continue
            if isinstance(event.event, Caption) and event.event.track == self._stream:
                screen.show(event)
                self._note(event.event)

    def _note(self, caption: Caption) -> None:
        """Keep in mind which translations are still to come."""
        if caption.source is not None:
            said = self._untranslated.get((caption.id, caption.language))
            if said is not None and caption.is_translation_of(said):
                del self._untranslated[caption.id, caption.language]
        elif caption.final and caption.text:
            for language in self._to:
                if language != caption.language:
                    self._untranslated[caption.id, language] = caption

    def _read_to(self, position: Position) -> None:
        self._seen = position.seq
        self._read_on.set()

    async def _caught_up(self) -> None:
        """Wait until everything that the server has said by now is shown."""
        async with aclosing(self._captions()) as events:
            hello = await anext(events)
        assert isinstance(hello, Hello)
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S):
                while self._seen < hello.position.seq or self._untranslated:
                    self._read_on.clear()
                    await self._read_on.wait()

    def _captions(
        self,
        after: Position | None = None,
        on_position: Callable[[Position], None] = lambda _position: None,
    ) -> AsyncGenerator[Hello | Numbered]:
        return captions(
            self._urls,
            self._room,
            languages=["*"],
            after=after,
            token=self._token,
            on_position=on_position,
        )
