"""The `captioner` command: arguments in, exit code out.

Exit codes: 0 done, 1 failed (one clear line on stderr), 2 wrong usage.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import click

from captioner import __version__
from captioner.commands.doctor import doctor
from captioner.commands.engine import engine
from captioner.commands.models import models
from captioner.commands.options import option
from captioner.commands.send import send
from captioner.commands.serve import serve
from captioner.commands.transcribe import transcribe
from captioner.commands.watch import watch
from captioner.errors import CaptionerError

_log = logging.getLogger(__name__)


@click.group()
@click.version_option(__version__, message="%(prog)s %(version)s")
@option("--verbose", "-v", is_flag=True, help="Say more on stderr, with the cause of a failure.")
def cli(*, verbose: bool) -> None:
    """Live captions for meetings, on your own machine."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s" if verbose else "%(message)s",
    )
    # Its debug lines are the headers, with the key, and the messages, with what people say; those
    # above tell of every connection.
    logging.getLogger("websockets").setLevel(logging.WARNING)
    # It names what comes from Redis: what people say.
    for name in ("push_response", "redis"):
        logging.getLogger(name).setLevel(logging.WARNING)


for command in (serve, engine, send, watch, transcribe, models, doctor):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; return its exit code."""
    try:
        cli.main(arguments, prog_name="captioner", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _failed("Stopped.")
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to be flushed to it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # the outermost boundary: one line instead of a traceback
        _log.debug("The command failed.", exc_info=error)
        return _failed(_message(error))
    return 0


def _failed(message: str) -> int:
    click.echo(message, err=True)
    return 1


def _message(error: BaseException) -> str:
    """The one line that says why."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    if isinstance(error, CaptionerError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"Something went wrong inside ({type(error).__name__}: {error}). Run with -v for more."
