"""Options that commands share, and the rule that every option is an environment variable too."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from captioner.client.connecting import addresses
from captioner.errors import BadInput
from captioner.rooms.languages import language_tag

PREFIX = "CAPTIONER_"

_ROOM = re.compile(r"[a-z0-9](-?[a-z0-9])*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class RoomId(click.ParamType[str]):
    name = "room"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if len(value) > 64 or not _ROOM.fullmatch(value):
            self.fail(
                f"{value!r} is not a room: use small letters, digits and single hyphens, "
                "at most 64, such as weekly-meeting.",
                param,
                ctx,
            )
        return value


class LanguageTag(click.ParamType[str]):
    """A BCP 47 tag, or one of the words given."""

    name = "language"

    def __init__(self, *words: str) -> None:
        self._words = words

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self._words and not _LANGUAGE.fullmatch(value):
            self.fail(f"{value!r} is not a language tag such as en or pt-BR.", param, ctx)
        return value


class CommaSeparated(click.ParamType[tuple[str, ...]]):
    """Several of some words, separated by commas."""

    name = "list"

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        chosen = tuple(dict.fromkeys(value.split(",")))
        for word in chosen:
            if word not in self._words:
                self.fail(f"{word!r} is not one of {', '.join(self._words)}.", param, ctx)
        return chosen


class ServerAddresses(click.ParamType[tuple[str, ...]]):
    """The address of a server, or of several, separated by commas."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return addresses([url.strip() for url in value.split(",")])
        except BadInput as error:
            self.fail(f"{error}.", param, ctx)


class CommaSeparatedTags(click.ParamType[tuple[str, ...]]):
    """BCP 47 tags with commas between them."""

    name = "languages"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(language_tag(word.strip()) for word in value.split(","))
        except BadInput as error:
            self.fail(f"{error}.", param, ctx)


def option(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option `--data` that may also be given as CAPTIONER_DATA; its help says so."""
    variable = PREFIX + names[0].removeprefix("--").replace("-", "_").upper()
    shown = {"envvar": variable, "show_envvar": True, "show_default": True}
    return click.option(*names, **{**shown, **attributes})


room_option = option("--room", required=True, type=RoomId(), help="Room of the server.")
url_option = option(
    "--url",
    "urls",
    default="http://127.0.0.1:8000",
    type=ServerAddresses(),
    help="Address of the server; of several, separated by commas, the first that can be used.",
)
token_option = option("--token", help="Token of a server that asks for one.")
json_option = option("--json", "as_json", is_flag=True, help="Print one event a line, as JSON.")


to_option = option(
    "--to",
    "to",
    multiple=True,
    type=CommaSeparatedTags(),
    callback=lambda _context, _option, given: tuple(dict.fromkeys(sum(given, ()))),
    help="Translate into these languages; may repeat, or name several with commas.",
)
