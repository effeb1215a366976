"""The server's settings as options of a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from captioner.commands.options import option
from captioner.errors import BadInput
from captioner.settings import Setting, Settings, every_setting, read_settings

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def settings_options(*names: str) -> Decorator:
    """Give a command an option for each of these settings; for all of them, if none is named."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for setting in reversed(every_setting()):
            if not setting.option:
                continue
            if not names or setting.option.removeprefix("--") in names:
                command = _option(setting)(command)
        return command

    return decorate


def _option(setting: Setting) -> Decorator:
    unit = f" ({setting.unit})" if setting.unit else ""
    default = f"  [default: {setting.default}]" if setting.default else ""
    return option(setting.option, help=f"{setting.description}{unit}{default}")


def settings_given(context: click.Context, given: dict[str, str | None]) -> Settings:
    """The settings: the options given, the environment, the defaults."""
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return read_settings(chosen, also_known=_variables(context.find_root().command))
    except BadInput as error:
        raise click.UsageError(str(error), context) from error


def _variables(command: click.Command) -> list[str]:
    """The environment variables of every command's options."""
    children = command.commands.values() if isinstance(command, click.Group) else ()
    own = [str(option.envvar) for option in command.params if option.envvar]
    return [*own, *(name for child in children for name in _variables(child))]
