"""Who translates and who speaks: those that the settings choose, reached or started."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from captioner.engine_process import engine_process
from captioner.errors import TranslationUnavailable
from captioner.realtime.connection import connector
from captioner.realtime.conversations import Conversations, Size
from captioner.realtime.interpreting import (
    Chats,
    Converses,
    Hears,
    Nobody,
    own_address,
    voices_address,
    who_speaks,
    who_translates,
)
from captioner.realtime.spoken_translations import KEEP_ALIVE_S, Hearing
from captioner.realtime.token_cost import TokenMeter
from captioner.recogniser import engine_command, keys_of
from captioner.settings import Settings
from captioner.speech.engine_voices import EngineVoices
from captioner.speech.realtime import RealtimeSynthesizer
from captioner.speech.synthesizer import Line, Synthesizer
from captioner.translation.chat import ChatTranslator
from captioner.translation.realtime import RealtimeTranslator
from captioner.translation.translator import Sentence, Translator

_NO_ENGINE = "This process runs no engine of its own; name a server with --"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Who translates, and who says it."""

    translator: Translator
    synthesizer: Synthesizer


@asynccontextmanager
async def interpreter(
    settings: Settings,
    engine_url: str | None,
    meter: TokenMeter | None = None,
    *,
    starts_engine: bool = True,
) -> AsyncIterator[Interpreter]:
    """Those that the settings choose; no session is opened before somebody asks.

    `engine_url`: where the sessions of the embedded engine are, `ws://…/v1/realtime`; if it is
    wanted and none runs yet, one is started until the block ends, or (`starts_engine` false) nobody
    translates and speaks. `meter`: counts what is used, and may refuse to have more.
    Raises `BadInput` where a choice makes no sense, or a key is missing.
    """
    keys = keys_of(settings)
    translates = who_translates(settings.translator, settings.engine, keys)
    speaks = who_speaks(settings.voice, settings.engine, keys)
    size = Size(renew=60 * settings.session_minutes)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        embedded = [c for c in (translates, speaks) if isinstance(c, Converses) and not c.url]
        if embedded and engine_url is None and not starts_engine:
            translates = (
                translates if translates not in embedded else Nobody(f"{_NO_ENGINE}translator.")
            )
            speaks = speaks if speaks not in embedded else Nobody(f"{_NO_ENGINE}voice.")
        elif embedded and engine_url is None:
            engine_url = (await enter(engine_process(*engine_command(settings)))).url

        reach = partial(_pool, engine_url=engine_url, size=size, meter=meter)
        translator: Translator
        match translates:
            case Converses():
                translator = RealtimeTranslator(await enter(reach(translates, sound=False)))
            case Chats(url, model, key):
                translator = await enter(ChatTranslator(url, model, key, meter=meter))
            case Hears(hears):
                translator = NoTranslator(f"{hears.model} translates speech, and no text.")
            case Nobody(why):
                translator = NoTranslator(why)
        synthesizer: Synthesizer
        match speaks:
            case Converses(partner):
                voices = None
                if partner.prompts:
                    url = voices_address(_sessions(speaks, engine_url))
                    voices = await enter(EngineVoices(url, speaks.headers))
                synthesizer = RealtimeSynthesizer(await enter(reach(speaks, sound=True)), voices)
            case Nobody(why):
                synthesizer = NoSynthesizer(why)
        yield Interpreter(translator, synthesizer)


def hearing(settings: Settings) -> Hearing | None:
    """Who hears the speech that it translates, if the settings choose such a server.

    Raises `BadInput` as `interpreter` does.
    """
    chosen = who_translates(settings.translator, settings.engine, keys_of(settings))
    if not isinstance(chosen, Hears):
        return None
    connect = connector(
        chosen.url,
        chosen.headers,
        server=chosen.partner.name,
        secret=chosen.secret,
        opens=chosen.partner.opens,
        ping=KEEP_ALIVE_S,
    )
    return Hearing(chosen.partner, connect)


class NoTranslator:
    """Nobody translates; `why`, in plain words."""

    name = "none"

    def __init__(self, why: str) -> None:
        self._why = why

    async def translate(self, sentence: Sentence) -> str:
        raise TranslationUnavailable(self._why)


class NoSynthesizer:
    """Nobody speaks; `why`, in plain words."""

    name = "none"

    def __init__(self, why: str) -> None:
        self._why = why

    async def voices(self, language: str) -> tuple[str, ...]:
        return ()

    async def speak(self, line: Line) -> AsyncGenerator[bytes, None]:
        raise TranslationUnavailable(self._why)
        yield b""


def _sessions(choice: Converses, engine_url: str | None) -> str:
    return choice.url or own_address(engine_url or "", choice.partner.model)


def _pool(
    choice: Converses, *, sound: bool, engine_url: str | None, size: Size, meter: TokenMeter | None
) -> Conversations:
    partner = choice.partner
    connect = connector(
        _sessions(choice, engine_url),
        choice.headers,
        server=partner.name,
        secret=choice.secret,
        opens=partner.opens,
    )
    return Conversations(partner, connect, sound=sound, size=size, meter=meter)
