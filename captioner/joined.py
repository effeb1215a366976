"""The parts, joined in the order that captions flow; the one file that knows all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from captioner.accounts.accounts import Accounts
from captioner.accounts.budget import Budget, Budgets
from captioner.accounts.records import UsageRecords
from captioner.archive.shared import SharedTranscripts
from captioner.archive.shared_usage import SharedUsage
from captioner.archive.store import open_store
from captioner.archive.transcript import Transcript
from captioner.audio.diction import Diction
from captioner.audio.encoding import StreamEncoder
from captioner.audio.pcm import SAMPLE_RATE
from captioner.bus.bus import Bus
from captioner.bus.memory import MemoryBus
from captioner.bus.redis import RedisBus
from captioner.captions.model import Caption
from captioner.delivery.hub import Hub
from captioner.delivery.reading import Reading
from captioner.delivery.shared_reading import SharedReading
from captioner.errors import EngineUnavailable, RedisUnavailable
from captioner.ingest.shared_recognition import SharedRecognition
from captioner.ingest.stage import wishes_of
from captioner.ingest.tracks import Tracks
from captioner.interpreter import Interpreter, hearing, interpreter
from captioner.metrics import Metrics
from captioner.realtime.cost import price_table
from captioner.realtime.patience import Patience
from captioner.realtime.token_cost import token_price_table
from captioner.realtime.transcription import Transcription
from captioner.recogniser import Recogniser, recogniser, say_what_is_wrong
from captioner.redis.connection import Redis, connected
from captioner.rooms.by_room import by_room
from captioner.rooms.clock import utc_now
from captioner.rooms.registry import Rooms
from captioner.rooms.room import Room, TrackPlace
from captioner.rooms.shared.keepers import Keepers
from captioner.rooms.shared.leases import Leases
from captioner.rooms.shared.registry import SharedRooms
from captioner.rooms.shared.told import Matters
from captioner.server.parts import Parts
from captioner.settings import ROLES, Settings
from captioner.speech.studio import Studio
from captioner.speech.voices import Voices
from captioner.translation.ears import Ears
from captioner.translation.heard_room import HeardTranslates
from captioner.translation.progress import Progress
from captioner.translation.shared_progress import SharedProgress
from captioner.translation.stage import Translations
from captioner.translation.text_room import TextTranslates
from captioner.translation.translates import Kept, Translates

_READY, _READY_S = "captioner:ready", 60
"""A key that tells nothing, and how long it stays there, in seconds."""
_EXCHANGE_S = 2.0
"""Between two rounds in which processes learn what the others spent."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Running:
    """A process at work. `write_down`: brings the files up to date with what was captioned."""

    parts: Parts
    write_down: Callable[[], Awaitable[None]]


@asynccontextmanager
async def joined_alone(settings: Settings) -> AsyncIterator[Running]:
    """One process that does all: audio → tracks → recogniser → rooms → journal, bus → readers,

    and from the bus to translations, which are captions too, and to voices.
    """
    metrics, ears = Metrics(), Ears()
    with open_store(settings.data) as store:
        bus = MemoryBus()
        rooms = Rooms(bus, store)
        await rooms.load()
        accounts = _accounts(settings, store.usage)
        await accounts.load()
        async with (
            recogniser(settings) as recognises,
            interpreter(settings, recognises.embedded, accounts.token_meter) as interprets,
            asyncio.TaskGroup() as tasks,
            _tracks(settings, recognises, accounts, metrics, ears) as tracks,
            Hub(bus) as hub,
            Voices(bus, _studio(interprets), on_skipped=metrics.speech_skipped) as voices,
        ):
            reading = Reading(hub.languages, voices.languages)
            kept, read = _kept(store.transcript), _at_once(reading.languages)
            translates = _translates(settings, interprets, ears, bus, kept, metrics)
            assert translates is not None
            translations = Translations(rooms, translates, read=read, metrics=metrics)
            reading.on_news = translations.wake
            _tell_of_rooms(rooms, accounts, tracks, translations)
            background = (
                store.run(),
                accounts.run(),
                say_what_is_wrong(recognises.engines),
                translations.run(),
            )
            running = [tasks.create_task(work) for work in background]

            async def write_down() -> None:
                await translations.finish_all()
                for room in await rooms.list():
                    await store.finish(room.settings.id)

            yield Running(
                Parts(
                    ROLES,
                    rooms,
                    bus,
                    tracks,
                    hub,
                    store.transcript,
                    recognises.check,
                    tracks.recognition,
                    _at_once(lambda of: by_room(of, translations.progress())),
                    _at_once(accounts.usage),
                    metrics,
                    voices,
                    reading,
                ),
                write_down,
            )
            for task in running:
                task.cancel()


@asynccontextmanager
async def joined_over_redis(settings: Settings) -> AsyncIterator[Running]:
    """One of the processes that share rooms over Redis, with its share of the work."""
    roles, metrics, ears = settings.roles, Metrics(), Ears()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        redis = await enter(connected(settings.redis.get_secret_value()))
        metrics.watch_redis(lambda: redis.up)
        bus = await enter(RedisBus(redis))
        leases = await enter(Leases(redis, metrics=metrics))
        rooms = await enter(SharedRooms(redis, bus, leases, metrics))
        records = SharedUsage(redis)
        accounts = _accounts(settings, records, pause=_EXCHANGE_S)
        recognises = await enter(recogniser(settings)) if "ingest" in roles else None
        if "archive" in roles:
            await enter(_keeping(settings, redis, bus, leases, metrics))
        if roles & {"ingest", "translate", "gateway"}:
            await enter(_running(accounts.run()))
        tracks = await enter(_tracks(settings, recognises, accounts, metrics, ears))
        recognition = SharedRecognition(redis, leases, tracks.upstreams)
        if recognises is not None:
            await enter(_running(say_what_is_wrong(recognises.engines)))
            await enter(_running(recognition.run()))
        hub = await enter(Hub(bus))
        interprets = await enter(_interpreter(settings, recognises, accounts))
        voices = await enter(Voices(bus, _studio(interprets), on_skipped=metrics.speech_skipped))
        transcripts = SharedTranscripts(redis, rooms)
        reading = Reading(hub.languages, voices.languages)
        shared_reading = SharedReading(redis, reading.languages)
        await enter(_running(shared_reading.run()))
        rooms.on_ending.append(tracks.finish)
        kept, read = _kept(transcripts.transcript), shared_reading.languages
        translates = _translates(settings, interprets, ears, bus, kept, metrics)
        here: Callable[[], Matters[Progress]] = dict
        if translates is not None:
            translations = Translations(rooms, translates, read=read, metrics=metrics)
            here = translations.progress
            rooms.on_ending.append(translations.finish)
            await enter(_running(translations.run()))
        progress = SharedProgress(redis, leases, here)
        await enter(_running(progress.run()))
        rooms.on_erased += [accounts.forget, records.forget]
        rooms.on_changed.append(tracks.change)
        yield Running(
            Parts(
                roles,
                rooms,
                bus,
                tracks,
                hub,
                transcripts.transcript,
                _ready(redis, recognises),
                recognition.recognition,
                progress.progress,
                partial(records.usage, accounts=accounts),
                metrics,
                voices,
                reading,
            ),
            _nothing,
        )


def _translates(
    settings: Settings,
    interprets: Interpreter | None,
    ears: Ears,
    bus: Bus,
    kept: Kept,
    metrics: Metrics,
) -> Translates | None:
    """How this process translates rooms; None where it does not."""
    if (hears := hearing(settings)) is not None:  # then that is done where the audio is
        hearing_here = HeardTranslates(ears, hears, bus, kept=kept, metrics=metrics)
        return hearing_here if "ingest" in settings.roles else None
    if "translate" in settings.roles and interprets is not None:
        return TextTranslates(bus, interprets.translator, kept=kept, metrics=metrics)
    return None


def _tell_of_rooms(
    rooms: Rooms, accounts: Accounts, tracks: Tracks, translations: Translations
) -> None:
    """Who has to know that a room ends, changes or is erased."""

    async def finish(room: str) -> None:
        await tracks.finish(room)
        await translations.finish(room)

    rooms.on_ending.append(finish)
    rooms.on_erased.append(accounts.forget)
    rooms.on_changed.append(tracks.change)
    rooms.on_changed.append(lambda _room: translations.wake())


@asynccontextmanager
async def _keeping(
    settings: Settings, redis: Redis, bus: RedisBus, leases: Leases, metrics: Metrics
) -> AsyncIterator[None]:
    """Keep rooms in the background."""
    with open_store(settings.data) as store:
        keepers = Keepers(redis, bus, leases, store, grace_s=settings.grace, metrics=metrics)
        async with _running(store.run()), _running(keepers.run()):
            yield


def _studio(interprets: Interpreter | None) -> Studio | None:
    if interprets is None:
        return None
    return Studio(interprets.synthesizer, StreamEncoder, Diction)


@asynccontextmanager
async def _interpreter(
    settings: Settings, recognises: Recogniser | None, accounts: Accounts
) -> AsyncIterator[Interpreter | None]:
    """Who translates and speaks; None where this process does neither."""
    if not settings.roles & {"translate", "gateway"}:
        yield None
        return
    engine = recognises.embedded if recognises is not None else None
    # An engine takes half a gigabyte: no process that only answers readers runs one to speak.
    starts = "translate" in settings.roles
    meter = accounts.token_meter
    async with interpreter(settings, engine, meter, starts_engine=starts) as interprets:
        yield interprets


def _kept(transcript: Callable[[str], Awaitable[Transcript]]) -> Kept:
    """The finals of a room, as they were said and in a language."""

    async def kept(room: str, language: str) -> Sequence[Caption]:
        found = await transcript(room)
        return (*found.spoken(), *found.captions(language))

    return kept


def _at_once(known: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """What others have to wait for is known here."""

    async def find(*args: P.args, **kwargs: P.kwargs) -> T:
        return known(*args, **kwargs)

    return find


def _ready(redis: Redis, recognises: Recogniser | None) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        # Only a write shows that it can be written to: it may be full, or a replica.
        await redis.read(("SET", _READY, "", "EX", _READY_S))
        if not redis.up:
            raise RedisUnavailable("A part of Redis cannot be reached.")
        if recognises is not None:
            await recognises.check()

    return check


async def _nothing() -> None:
    """Whoever keeps a room writes its files when it lets go of it."""


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do the work in the background; cancelled at the end of the block."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        yield
        task.cancel()


def _accounts(settings: Settings, records: UsageRecords, *, pause: float = 5.0) -> Accounts:
    return Accounts(
        price_table(settings.prices),
        Budgets(Budget(settings.budget_room), Budget(settings.budget_day)),
        records,
        utc_now,
        token_prices=token_price_table(settings.prices),
        pause=pause,
    )


def _tracks(
    settings: Settings,
    recognises: Recogniser | None,
    accounts: Accounts,
    metrics: Metrics,
    ears: Ears,
) -> Tracks:
    sample_rate = recognises.sample_rate if recognises else SAMPLE_RATE

    def transcribe(room: Room, place: TrackPlace, language: str) -> Transcription:
        if recognises is None:
            raise EngineUnavailable("This process recognises no speech.")
        return Transcription(
            recognises.engines,
            wishes_of(room, language),
            sample_rate=recognises.sample_rate,
            start=place.base + place.settled,
            patience=Patience(renew=60 * settings.session_minutes),
            meter=accounts.meter(room.settings.id, place.stream),
            metrics=metrics,
        )

    return Tracks(
        transcribe,
        sample_rate,
        listen=lambda room, place: ears.open(room, place, sample_rate),
        on_gap=lambda gap: metrics.gap(gap.reason, gap.end - gap.start),
        grace_s=settings.grace,
    )
