"""`captioner engine`: only the embedded engine, a Realtime server over local models."""

from __future__ import annotations

import json
import os
import signal
import threading
from contextlib import closing
from pathlib import Path

import click

from captioner.commands.loading import Loading, loading
from captioner.commands.options import option
from captioner.commands.running import run


@click.command()
@option("--host", default="127.0.0.1", help="Address to listen on.")
@option("--port", default=8700, type=click.IntRange(0, 65535), help="0 takes a free one.")
@option("--model", help="A folder or a faster-whisper name.  [default: the best here]")
@option("--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"]))
@option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where models are kept.  [default: captioner in the user's cache folder]",
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def engine(
    *,
    host: str,
    port: int,
    model: str | None,
    device: str,
    cache: Path | None,
    until_stdin_closes: bool,
) -> None:
    """Serve recognition, translation and voices of this machine, by the Realtime protocol.

    Prints a line of JSON when it is ready: {"ready": true, "port": 8700}.
    """
    # Their libraries take a second to load.
    from captioner.engine.server import run_engine
    from captioner.engine.translation.translator import translator
    from captioner.engine.voices.voices import Voices

    if until_stdin_closes:
        threading.Thread(target=_stop_when_stdin_closes, daemon=True).start()
    with (
        loading() as bar,
        closing(translator(cache=cache)) as translates,
        closing(Voices.find()) as speaks,
    ):
        run(
            run_engine(
                host,
                port,
                model=model or None,
                device=device,
                cache=cache,
                translates=translates,
                speaks=speaks,
                on_ready=lambda listening_on: _ready(bar, listening_on),
                on_progress=bar.report,
            )
        )


def _ready(bar: Loading, port: int) -> None:
    bar.done()
    click.echo(json.dumps({"ready": True, "port": port}))


def _stop_when_stdin_closes() -> None:
    """Whoever supervises the engine holds its stdin: when that closes, nobody needs it."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
