"""`captioner doctor`: what this machine can do, and what to do where it cannot."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import click

from captioner.audio.files import AudioFile
from captioner.audio.pcm import SAMPLE_RATE
from captioner.commands.loading import loading
from captioner.commands.models import how_to_add, translating_here
from captioner.commands.running import run
from captioner.commands.settings_options import settings_given, settings_options
from captioner.errors import CaptionerError, EngineUnavailable, RedisUnavailable, StorageFailed
from captioner.realtime.engines import Engine
from captioner.realtime.opening import try_out
from captioner.realtime.providers import EMBEDDED
from captioner.settings import Settings

if TYPE_CHECKING:
    from captioner.engine.translation.pairs import Pair

LONGEST_WAIT_S = 5.0
"""For Redis to answer."""
LEAST_FREE_MB = 500
"""For some hundred hours of journals, and the models' cache."""


@click.command()
@settings_options()
@click.pass_context
def doctor(context: click.Context, /, **given: str | None) -> None:
    """Check engine, models, translation, Redis, storage, port and codecs; say what to do."""
    settings = settings_given(context, given)
    failed = [check.name for check in CHECKS if not _passes(check, settings)]
    if failed:
        raise CaptionerError(f"Not ready: {', '.join(failed)}.")


@dataclass(frozen=True, slots=True)
class Check:
    """`find` says what it found, or raises what is wrong; then `remedy` says what to do."""

    name: str
    find: Callable[[Settings], str]
    remedy: str


def _passes(check: Check, settings: Settings) -> bool:
    try:
        found = check.find(settings)
    except (CaptionerError, OSError) as error:
        click.echo(f"FAIL  {check.name:11}  {str(error).rstrip('.')}. {check.remedy}")
        return False
    click.echo(f"ok    {check.name:11}  {found}")
    return True


def _models(settings: Settings) -> str:
    from captioner.engine.models import find_models

    if EMBEDDED.name not in map(str.strip, settings.engine.split(",")):
        return "not needed: speech is recognised elsewhere"
    with loading() as bar:
        found = find_models(settings.model or None, cache=settings.cache, progress=bar.report)
    return f"{found.final} for finals, {found.partial or 'the same'} for first words"


def _engine(settings: Settings) -> str:
    from captioner.recogniser import recogniser

    async def start() -> str:
        began = time.monotonic()
        async with recogniser(settings) as recognises:
            troubles = [await _trouble(engine) for engine in recognises.engines]
            if any(troubles):
                raise EngineUnavailable("; ".join(filter(None, troubles)))
            names = ", ".join(engine.name for engine in recognises.engines)
            return f"{names}: sessions open after {time.monotonic() - began:.1f} s"

    return run(start())


async def _trouble(engine: Engine) -> str | None:
    """Why there can be no session with it; None if there can."""
    try:
        await try_out(engine)
    except EngineUnavailable as error:
        return str(error).rstrip(".")
    return None


def _translation(settings: Settings) -> str:
    """Has every direct pair translate something: a pair that is there may still not work."""
    try:
        with translating_here(settings.cache) as translator:
            pairs = translator.pairs()
            for pair in pairs:
                if not pair.via:
                    translator.translate("OK", pair.source, pair.target)
    except EngineUnavailable as error:
        return f"none here. {error}"
    return f"{_listed(pairs) or 'none yet'}. For more: {how_to_add(settings.cache)}"


def _listed(pairs: Sequence[Pair]) -> str:
    """The pairs by how good they are: "en to pt-BR (neural); en to es (rules)"."""
    kinds = {
        "neural": [pair for pair in pairs if pair.kind == "neural"],
        "rules": [pair for pair in pairs if pair.kind == "rules" and not pair.via],
        "rules, two steps": [pair for pair in pairs if pair.kind == "rules" and pair.via],
    }
    return "; ".join(
        f"{', '.join(f'{pair.source} to {pair.target}' for pair in of_kind)} ({kind})"
        for kind, of_kind in kinds.items()
        if of_kind
    )


def _redis(settings: Settings) -> str:
    from captioner.redis.connection import connected

    url = settings.redis.get_secret_value()
    if not url:
        return "not needed: one process does all"

    async def look() -> str:
        async with connected(url) as redis:
            try:
                async with asyncio.timeout(LONGEST_WAIT_S):
                    await redis.wait_until_up()
            except TimeoutError:
                raise RedisUnavailable("nobody answers there") from None
            kept = (
                "keeps every write" if redis.durable else "may forget the last writes when it dies"
            )
            return f"it answers, and {kept}"

    return run(look())


def _storage(settings: Settings) -> str:
    from captioner.archive.store import open_store

    with open_store(settings.data):
        free = shutil.disk_usage(settings.data).free // 1_000_000
    if free < LEAST_FREE_MB:
        raise StorageFailed(f"only {free} MB are free in {settings.data}")
    return f"{settings.data.absolute()} can be written, {free // 1000} GB free"


def _port(settings: Settings) -> str:
    from captioner.server.listening import bound

    with bound(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        return f"{port} on {host} is free"


def _codecs(_settings: Settings) -> str:
    recording = resources.files("captioner") / "demo" / "speech.opus"
    with AudioFile(str(recording)) as audio:
        seconds = sum(samples.size for samples in audio) / SAMPLE_RATE
    return f"Opus in Ogg is read ({seconds:.0f} s)"


def _voices(_settings: Settings) -> str:
    from captioner.engine.voices.voices import Voices

    found = Voices.find()
    found.close()
    more = "; ".join(found.missing)
    return (found.summary or "none are here") + (f" (for more: {more})" if more else "")


CHECKS = (
    Check(
        "engine", _engine, "Put that right, or choose another with --engine, --model or --device."
    ),
    Check("models", _models, "Name a model that is on this machine with --model."),
    Check(
        "translation", _translation, "Install or remove what it names; captioner models lists all."
    ),
    Check("voices", _voices, "Install it again, or take it away: captions are written without it."),
    Check("redis", _redis, "Start it, or put right what --redis says."),
    Check("storage", _storage, "Choose a folder with room with --data."),
    Check("port", _port, "Stop what uses it, or choose another with --port."),
    Check("codecs", _codecs, "Install PyAV again: pip install --force-reinstall av"),
)
