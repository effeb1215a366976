"""Who recognises, translates and speaks, as the settings choose them: each is tried once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from captioner.commands.findings import Findings
from captioner.commands.models import how_to_add, translating_here
from captioner.errors import EngineUnavailable, NoSuchPair
from captioner.interpreter import Interpreter, hearing, interpreter
from captioner.realtime.engines import Engine
from captioner.realtime.interpreting import (
    Chats,
    Converses,
    Hears,
    Nobody,
    who_speaks,
    who_translates,
)
from captioner.realtime.opening import try_out
from captioner.realtime.spoken_translation import SpokenTranslation
from captioner.realtime.spoken_translations import Hearing, configured
from captioner.recogniser import Recogniser, answering, keys_of, recogniser
from captioner.rooms.languages import is_same_language
from captioner.settings import Settings
from captioner.speech.synthesizer import Line, Synthesizer
from captioner.translation.translator import Sentence, Translator

SENTENCE = "Good morning, everybody, and thank you for coming."
"""What is translated from English; from other languages it is a word that all know."""
PAIRS: Sequence[tuple[str, str]] = (("en", "es"), ("en", "pt-BR"), ("en", "de"), ("en", "fr"))
"""What a translator is tried with, where nobody knows which languages it has."""
HEARD_IN = "es"
"""Into what a session is opened that hears."""
LINES = (Line("Gracias.", "es"), Line("Thank you.", "en"), Line("Danke.", "de"))

T = TypeVar("T")


async def try_engines(settings: Settings, findings: Findings) -> None:
    """Have each of them do a little of its work; the embedded engine is started once for all."""
    async with AsyncExitStack() as stack:
        recognises: Recogniser | None = None
        with findings.check(
            "engine", "Put that right, or choose another with --engine, --model or --device."
        ) as found:
            began = time.monotonic()
            recognises = await stack.enter_async_context(recogniser(settings))
            names = await _sessions(recognises.engines)
            found(f"{names}: sessions open after {time.monotonic() - began:.1f} s")
        with findings.check(
            "translator", "Put that right, or choose another with --translator."
        ) as found:
            found(await _translator(settings, recognises))
        with findings.check("voice", "Put that right, or choose another with --voice.") as found:
            found(await _voice(settings, recognises))


async def _sessions(engines: Sequence[Engine]) -> str:
    """Opens one with each, and names them; raises `EngineUnavailable` with all that is wrong."""
    troubles = [await _trouble(engine) for engine in engines]
    if any(troubles):
        raise EngineUnavailable("; ".join(filter(None, troubles)))
    return ", ".join(engine.name for engine in engines)


async def _trouble(engine: Engine) -> str | None:
    """Why there can be no session with it; None if there can."""
    try:
        await try_out(engine)
    except EngineUnavailable as error:
        return str(error).rstrip(".")
    return None


async def _translator(settings: Settings, recognises: Recogniser | None) -> str:
    if (server := hearing(settings)) is not None:
        return await _hearing(server)
    chosen = who_translates(settings.translator, settings.engine, keys_of(settings))
    if isinstance(chosen, Nobody):
        return chosen.why
    assert not isinstance(chosen, Hears)
    pairs, known = PAIRS, ""
    if _is_embedded(chosen):
        try:
            pairs, known = await asyncio.to_thread(_translated_here, settings)
        except EngineUnavailable as error:
            return _unless_chosen(settings.translator, error)
    async with _interpreting(settings, recognises, chosen) as interprets:
        translator, began = interprets.translator, time.monotonic()
        source, target = await _first_known(pairs, lambda pair: _translated(translator, pair))
        took = time.monotonic() - began
        return f"{translator.name}: {source} to {target} in {took:.1f} s{known}"


async def _hearing(server: Hearing) -> str:
    """Opens a session that would hear what it translates; nothing is said to it."""
    partner, began = server.partner, time.monotonic()
    session = SpokenTranslation(partner, partner.spelt(HEARD_IN) or HEARD_IN)
    async with server.connect() as connection:
        await configured(connection, session, partner)
    return f"{partner.name}: a session opens after {time.monotonic() - began:.1f} s"


async def _voice(settings: Settings, recognises: Recogniser | None) -> str:
    chosen = who_speaks(settings.voice, settings.engine, keys_of(settings))
    if isinstance(chosen, Nobody):
        return chosen.why
    known = ""
    if _is_embedded(chosen):
        try:
            known = await asyncio.to_thread(_voices_here)
        except EngineUnavailable as error:
            return _unless_chosen(settings.voice, error)
    async with _interpreting(settings, recognises, chosen) as interprets:
        synthesizer, began = interprets.synthesizer, time.monotonic()
        line = await _first_known(LINES, lambda line: _spoken(synthesizer, line))
        took = time.monotonic() - began
        return f'{synthesizer.name}: "{line.text}" in {took:.1f} s{known}'


@asynccontextmanager
async def _interpreting(
    settings: Settings, recognises: Recogniser | None, chosen: Converses | Chats
) -> AsyncIterator[Interpreter]:
    """An embedded engine that did not start is not started again."""
    if chosen.url:
        await answering(chosen.url)()
    elif recognises is None:
        raise EngineUnavailable("The embedded engine does not run, see above")
    engine = recognises.embedded if recognises else None
    async with interpreter(settings, engine) as interprets:
        yield interprets


async def _first_known(things: Sequence[T], work: Callable[[T], Awaitable[None]]) -> T:
    """The first whose language is known to who does the work; raises what that raises."""
    for number, thing in enumerate(things, 1):
        try:
            await work(thing)
        except NoSuchPair:
            if number == len(things):
                raise
        else:
            return thing
    raise NoSuchPair("it knows no language")


async def _translated(translator: Translator, pair: tuple[str, str]) -> None:
    source, target = pair
    text = SENTENCE if is_same_language(source, "en") else "OK"
    await translator.translate(Sentence(text, source, target))


async def _spoken(synthesizer: Synthesizer, line: Line) -> None:
    async for _ in synthesizer.speak(line):
        pass


def _translated_here(settings: Settings) -> tuple[Sequence[tuple[str, str]], str]:
    """The direct pairs on this machine, and a word on all that are there; raises

    `EngineUnavailable` without any. Each translates something: one that is there may not work.
    """
    with translating_here(settings.cache) as translator:
        pairs = translator.pairs()
        for pair in pairs:
            if not pair.via:
                translator.translate("OK", pair.source, pair.target)
    if not pairs:
        raise EngineUnavailable(f"No translation is here. Add one: {how_to_add(settings.cache)}")
    neural = sum(pair.kind == "neural" for pair in pairs)
    direct = [(pair.source, pair.target) for pair in pairs if not pair.via]
    direct.sort(key=lambda pair: (pair != PAIRS[0], pair[0] != "en"))
    count = f"{len(pairs)} pairs" if len(pairs) > 1 else "1 pair"
    return direct, f"; {count}, {neural} neural: captioner models lists them"


def _voices_here() -> str:
    """A word on the voices of this machine; raises `EngineUnavailable` without any."""
    from captioner.engine.voices.voices import Voices

    found = Voices.find()
    found.close()
    more = "; ".join(found.missing)
    if not found.summary:
        raise EngineUnavailable(f"No voice is installed here. Add one: {more}")
    return f"; {found.summary}" + (f" (for more: {more})" if more else "")


def _unless_chosen(word: str, error: EngineUnavailable) -> str:
    """What is not on this machine is wrong where somebody asked for it, and told otherwise."""
    if word:
        raise error
    return str(error)


def _is_embedded(chosen: Converses | Chats) -> bool:
    return isinstance(chosen, Converses) and not chosen.url
