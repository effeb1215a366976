"""One client of a translation session, between the scheduler that hears and those who translate."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from captioner.engine.connection import MAX_UNDECIDED_S
from captioner.engine.conversation.tasks import Translation
from captioner.engine.conversation.workers import Workers
from captioner.engine.interpreting.client_events import parse
from captioner.engine.interpreting.config import InterpretingConfig
from captioner.engine.interpreting.events import Identity
from captioner.engine.interpreting.passages import Sentence
from captioner.engine.interpreting.session import InterpretingSession
from captioner.engine.outbox import MAX_UNHEARD, MAX_UNSENT, Outbox
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.receiving import receive
from captioner.engine.scheduler import Scheduler
from captioner.engine.server_events import new_id
from captioner.errors import NoSuchPair, TranslationUnavailable

MAX_WAITING = 50
"""Sentences that may wait to be translated and spoken; beyond it the socket is not read."""
LASTS_S = 24 * 3600
"""What a session says of its end, since the protocol wants a time. Nothing ends it here."""

logger = logging.getLogger(__name__)


class InterpretingConnection:
    """Sentences are translated one after the other, and spoken so beside that."""

    def __init__(
        self,
        socket: ServerConnection,
        config: InterpretingConfig,
        workers: Workers,
        scheduler: Scheduler,
    ) -> None:
        self._socket = socket
        self._workers = workers
        self._scheduler = scheduler
        self._outbox = Outbox(socket)
        identity = Identity(new_id("sess"), round(time.time()) + LASTS_S)
        self._session = InterpretingSession(config, identity, self._outbox.tell)

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve the client until it closes the session or goes, or until the server stops."""
        self._scheduler.join(self._session.transcriber)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._session.create()
                working = [
                    tasks.create_task(work)
                    for work in (self._outbox.send(), self._translate(), self._speak())
                ]
                ends: list[Coroutine[Any, Any, object]] = [
                    self._receive(),
                    self._close(),
                    stopping.wait(),
                ]
                ending = [tasks.create_task(end) for end in ends]
                await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
                if stopping.is_set():
                    await self._leave()
                for task in [*ending, *working]:
                    task.cancel()
        except* ConnectionClosed:
            pass  # the client is gone, and what it wanted with it
        finally:
            self._scheduler.leave(self._session.transcriber)

    async def _receive(self) -> None:
        await receive(self._socket, parse, self._session, self._scheduler, self._until_room)

    async def _until_room(self) -> None:
        await self._outbox.until(self._has_room)

    async def _close(self) -> None:
        """Once the client has closed the session: tell everything, then that it is closed."""
        await self._outbox.until(lambda: self._session.closing and self._session.settled)
        self._session.closed()
        await self._outbox.until(lambda: not len(self._outbox))
        await self._socket.close()

    async def _leave(self) -> None:
        if not self._session.closing:
            for _ in self._session.close(time.monotonic()):
                self._scheduler.wake()
        self._scheduler.wake()
        await self._outbox.leave(lambda: self._session.settled)

    async def _translate(self) -> None:
        session = self._session
        while True:
            await self._outbox.until(lambda: bool(session.sentences))
            sentence, language = session.sentences[0], session.language
            if not session.is_foreign(sentence):
                session.left_out()
                continue
            task = Translation(sentence.language, language)
            try:
                text = await self._workers.translate(sentence.text, task)
            except Exception as error:  # the boundary to the models: one sentence is left out
                self._complain(error)
                session.left_out()
            else:
                session.translated(text, language)

    async def _speak(self) -> None:
        session = self._session
        while True:
            await self._outbox.until(lambda: bool(session.lines))
            try:
                await self._sound(session.lines[0])
            except Exception as error:  # the boundary to the models: one sentence stays silent
                self._complain(error)
            session.spoken()

    async def _sound(self, line: Sentence) -> None:
        async with aclosing(self._workers.speak(line.text, line.language)) as sound:
            async for frame in sound:
                await self._outbox.until(lambda: len(self._outbox) < MAX_UNHEARD)
                self._session.sounded(frame)

    def _complain(self, error: Exception) -> None:
        match error:
            case ProtocolError():
                self._session.complain(error)
            case NoSuchPair() | TranslationUnavailable():
                self._session.complain(ProtocolError(error.code, str(error)))
            case _:
                logger.error("A sentence failed.", exc_info=error)
                message = "The model failed on a sentence."
                self._session.complain(ProtocolError("server_error", message))

    def _has_room(self) -> bool:
        session = self._session
        waiting = len(session.sentences) + len(session.lines)
        return (
            session.transcriber.undecided_s < MAX_UNDECIDED_S
            and waiting < MAX_WAITING
            and len(self._outbox) < MAX_UNSENT
        )
