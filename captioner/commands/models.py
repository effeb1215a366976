"""`captioner models`: the speech models and the translation pairs of this machine, and more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from captioner.commands.loading import loading
from captioner.commands.options import option
from captioner.errors import EngineUnavailable

if TYPE_CHECKING:
    from captioner.engine.translation.translator import Translator

_TAG = r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?"
_PAIR = re.compile(f"({_TAG})-({_TAG})")


_cache_option = option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where models are kept.  [default: captioner in the user's cache folder]",
)


@contextmanager
def translating_here(cache: Path | None) -> Iterator[Translator]:
    """The translator over all that is on this machine. Raises EngineUnavailable without one."""
    try:
        from captioner.engine.translation.translator import translator
    except ImportError as error:
        raise EngineUnavailable(
            "Translation is not installed. Install it: pip install 'captioner[embedded]'"
        ) from error
    with closing(translator(cache=cache)) as made:
        yield made


def how_to_add(cache: Path | None) -> str:
    """What to do for more pairs."""
    from captioner.engine.translation.translator import models_folder

    return (
        "sudo apt install apertium-…, captioner models fetch SOURCE-TARGET, or models in "
        f"{models_folder(cache)}"
    )


class LanguagePair(click.ParamType[tuple[str, str]]):
    """Two tags with a hyphen between them."""

    name = "SOURCE-TARGET"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        match = _PAIR.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is not a pair such as en-es, en-pt-BR or zh-Hant-en.", param, ctx)
        return match[1], match[2]


@click.group(invoke_without_command=True)
@_cache_option
@click.pass_context
def models(context: click.Context, *, cache: Path | None) -> None:
    """List the speech models and translation pairs that are on this machine.

    One a line. "neural" is a model, "rules" is Apertium, rougher; "via" is a language passed
    through, at the price of the errors of both.
    """
    if context.invoked_subcommand is not None:
        context.obj = cache
        return
    from captioner.engine.models import carried

    for name, package in carried():
        click.echo(f"speech       {name:16}  {package}")
    with translating_here(cache) as translator:
        for pair in translator.pairs():
            kind = f"{pair.kind}, via {pair.via[0]}" if pair.via else pair.kind
            click.echo(
                f"translation  {pair.source + ' to ' + pair.target:16}  {kind}: {pair.origin}"
            )
    click.echo(f"More: {how_to_add(cache)}")


@models.command()
@click.argument("pair", type=LanguagePair(), metavar="SOURCE-TARGET")
@_cache_option
@option("--index", help="Address of an index of packages.  [default: that of Argos Translate]")
@click.pass_obj
def fetch(
    before: Path | None, *, pair: tuple[str, str], cache: Path | None, index: str | None
) -> None:
    """Download a model of Argos Translate for a pair such as en-es.

    50 to 300 MB. A server that runs uses it after its next start.
    """
    from captioner.engine.translation.argos import INDEX
    from captioner.engine.translation.argos import fetch as fetch_model
    from captioner.engine.translation.translator import models_folder, unpacked_folder

    cache = cache or before
    folder = models_folder(cache)
    with loading() as bar:
        found = fetch_model(
            *pair,
            folder,
            cache=unpacked_folder(cache),
            progress=bar.report,
            index=index or INDEX,
        )
    click.echo(f"{found.source} to {found.target}: {folder / found.origin}")
