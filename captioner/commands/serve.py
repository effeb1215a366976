"""`captioner serve`: the whole product in one command."""

from __future__ import annotations

import logging
from contextlib import suppress

import click

from captioner.commands.running import run
from captioner.commands.settings_options import settings_given, settings_options


@click.command()
@settings_options()
@click.pass_context
def serve(context: click.Context, /, **given: str | None) -> None:
    """Serve rooms, web pages and captions until Ctrl-C; what was said is captioned first."""
    from captioner.app import serve as serve_all  # the web framework takes a second to load

    settings = settings_given(context, given)
    logging.getLogger().setLevel(settings.log_level.upper())
    with suppress(KeyboardInterrupt):  # before there was anything to finish
        run(serve_all(settings, lambda address: _ready(address, settings.roles)))


def _ready(address: str, roles: frozenset[str]) -> None:
    if "gateway" not in roles:
        click.echo(f"Captioner is ready at {address}: {', '.join(sorted(roles))}. Ctrl-C stops it.")
        return
    click.echo(f"Captioner is ready. Open {address} in a browser; Ctrl-C stops it.")
    if "ingest" in roles:
        click.echo(f"  Speak: {address}/rooms/ROOM/speak    Read: {address}/rooms/ROOM")
