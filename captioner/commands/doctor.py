"""`captioner doctor`: what this machine can do, and what to do where it cannot."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

import click

from captioner.audio.files import AudioFile
from captioner.audio.pcm import SAMPLE_RATE
from captioner.commands.findings import Findings
from captioner.commands.loading import loading
from captioner.commands.running import run
from captioner.commands.settings_options import settings_given, settings_options
from captioner.commands.trying import try_engines
from captioner.errors import CaptionerError, RedisUnavailable, StorageFailed
from captioner.realtime.providers import EMBEDDED
from captioner.settings import Settings

LONGEST_WAIT_S = 5.0
"""For Redis to answer."""
LEAST_FREE_MB = 500
"""For some hundred hours of journals, and the models' cache."""


@click.command()
@settings_options()
@click.pass_context
def doctor(context: click.Context, /, **given: str | None) -> None:
    """Check engine, translator, voice, models, Redis, storage, port, codecs; say what to do."""
    settings = settings_given(context, given)
    findings = Findings()
    run(try_engines(settings, findings))
    for check in CHECKS:
        with findings.check(check.name, check.remedy) as found:
            found(check.find(settings))
    if findings.failed:
        raise CaptionerError(f"Not ready: {', '.join(findings.failed)}.")


@dataclass(frozen=True, slots=True)
class Check:
    """`find` says what it found, or raises what is wrong; then `remedy` says what to do."""

    name: str
    find: Callable[[Settings], str]
    remedy: str


def _models(settings: Settings) -> str:
    from captioner.engine.models import find_models

    if EMBEDDED.name not in map(str.strip, settings.engine.split(",")):
        return "not needed: speech is recognised elsewhere"
    with loading() as bar:
        found = find_models(settings.model or None, cache=settings.cache, progress=bar.report)
    return f"{found.final} for finals, {found.partial or 'the same'} for first words"


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


CHECKS = (
    Check("models", _models, "Name a model that is on this machine with --model."),
    Check("redis", _redis, "Start it, or put right what --redis says."),
    Check("storage", _storage, "Choose a folder with room with --data."),
    Check("port", _port, "Stop what uses it, or choose another with --port."),
    Check("codecs", _codecs, "Install PyAV again: pip install --force-reinstall av"),
)
