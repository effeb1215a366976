"""`captioner watch`: live captions in the terminal."""

from __future__ import annotations

import click

from captioner.client import captions
from captioner.commands.display import display
from captioner.commands.options import (
    LanguageTag,
    json_option,
    option,
    room_option,
    token_option,
    url_option,
)
from captioner.commands.running import run


@click.command()
@room_option
@url_option
@option(
    "--language",
    "languages",
    multiple=True,
    type=LanguageTag("*"),
    help="Read these languages, * for all.  [default: the language spoken]",
)
@token_option
@json_option
def watch(
    *,
    room: str,
    urls: tuple[str, ...],
    languages: tuple[str, ...],
    token: str | None,
    as_json: bool,
) -> None:
    """Show a room's captions as they are spoken, until the room ends or Ctrl-C."""

    async def follow() -> None:
        with display(as_json=as_json) as screen:
            async for event in captions(urls, room, languages=languages, token=token):
                screen.show(event)

    try:
        run(follow())
    except KeyboardInterrupt:
        return  # the way to leave
