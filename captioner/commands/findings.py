"""What `captioner doctor` finds: a line for each check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from captioner.errors import CaptionerError


class Findings:
    """Prints what the checks find. `failed`: the names of those that found something wrong."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    @contextmanager
    def check(self, name: str, remedy: str) -> Iterator[Callable[[str], None]]:
        """The block looks, and calls what it is given with what it found, or raises what is wrong;

        then `remedy` says what to do.
        """
        try:
            yield lambda found: click.echo(f"ok    {name:11}  {found}")
        except (CaptionerError, OSError) as error:
            click.echo(f"FAIL  {name:11}  {str(error).rstrip('.')}. {remedy}")
            self.failed.append(name)
