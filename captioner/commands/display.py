"""Captions on a terminal, in a pipe, or as JSON."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from captioner.captions.messages import to_message
from captioner.captions.model import Caption, Gap, Numbered, RoomChange
from captioner.client import Hello

_REMEMBERED = 200
"""Finals that are known to be printed already, should a resumed connection send them again."""


class Display(Protocol):
    def show(self, event: Hello | Numbered) -> None: ...


@contextmanager
def display(*, as_json: bool) -> Iterator[Display]:
    """JSON, or a terminal's live lines, or plain lines where nobody can see them change."""
    console = Console(highlight=False)
    if as_json:
        yield JsonLines()
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            yield LiveLines(live)
    else:
        yield PlainLines()


class JsonLines:
    """Every event, one a line."""

    def show(self, event: Hello | Numbered) -> None:
        if isinstance(event, Hello):
            message: dict[str, object] = {
                "type": "hello",
                "room": event.room,
                "epoch": event.position.epoch,
                "status": event.status,
                "languages": event.languages,
                "seq": event.position.seq,
                "recovered": event.recovered,
            }
        else:
            message = to_message(event.event, event.seq)
        click.echo(json.dumps(message, ensure_ascii=False))


class PlainLines:
    """Finals, gaps and changes of the room, each once."""

    def __init__(self) -> None:
        self._printed: deque[tuple[str, str, int]] = deque(maxlen=_REMEMBERED)

    def show(self, event: Hello | Numbered) -> None:
        if isinstance(event, Hello):
            return
        match event.event:
            case Caption(final=True, text=text) as caption if text:
                name = (caption.id, caption.language, caption.rev)
                if name not in self._printed:
                    self._printed.append(name)
                    self.line(_spoken(caption))
            case Gap() as gap:
                self.line(
                    Text(f"{_clock(gap.start)} (no captions to {_clock(gap.end)}: {gap.reason})")
                )
            case RoomChange(status="paused" | "ended" as status):
                self.line(Text(f"({status})"))

    def line(self, text: Text) -> None:
        click.echo(text.plain)


class LiveLines(PlainLines):
    """The same, above what is still being said."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live
        self._open: dict[tuple[str, str], Caption] = {}

    def show(self, event: Hello | Numbered) -> None:
        if isinstance(event, Hello):
            self._open.clear()
        elif isinstance(event.event, Caption):
            caption = event.event
            self._open.pop((caption.id, caption.language), None)
            if not caption.final:
                self._open[caption.id, caption.language] = caption
        self._live.update(Group(*map(_spoken, self._open.values())))
        super().show(event)
        self._live.refresh()

    def line(self, text: Text) -> None:
        self._live.console.print(text)


def _spoken(caption: Caption) -> Text:
    """A caption as a line: what may still change is dim."""
    speaker = f"{caption.speaker}: " if caption.speaker else ""
    return Text.assemble(
        (f"{_clock(caption.start)} ", "dim"),
        (_printable(speaker), "bold"),
        _printable(caption.text[: caption.stable]),
        (_printable(caption.text[caption.stable :]), "dim"),
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _printable(text: str) -> str:
    """Text from elsewhere must not steer the terminal."""
    return "".join(character for character in text if character.isprintable())
