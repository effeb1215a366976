"""One client of a conversation session: its WebSocket on one side, the workers on the other."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from functools import partial

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from captioner.engine.conversation.client_events import parse
from captioner.engine.conversation.config import ConversationConfig
from captioner.engine.conversation.response import Response
from captioner.engine.conversation.session import ConversationSession
from captioner.engine.conversation.tasks import Reading, Translation
from captioner.engine.conversation.workers import Workers
from captioner.engine.outbox import MAX_UNHEARD, MAX_UNSENT, Outbox
from captioner.engine.protocol_error import ProtocolError
from captioner.errors import NoSuchPair, TranslationUnavailable

MAX_OPEN = 64
"""Responses that may be under way at once; beyond it the socket is not read."""

logger = logging.getLogger(__name__)


class ConversationConnection:
    """A client that asks for too much is not read until there is room."""

    def __init__(
        self, socket: ServerConnection, config: ConversationConfig, workers: Workers
    ) -> None:
        self._socket = socket
        self._workers = workers
        self._outbox = Outbox(socket)
        self._session = ConversationSession(config, workers.abilities, self._outbox.tell)
        self._giving: dict[Response, asyncio.Task[None]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve the client until it goes, or until the server stops."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._session.create()
                sending = tasks.create_task(self._outbox.send())
                receiving = tasks.create_task(self._receive(tasks))
                stopped = tasks.create_task(stopping.wait())
                await asyncio.wait({receiving, stopped}, return_when=asyncio.FIRST_COMPLETED)
                receiving.cancel()
                if stopping.is_set():
                    await self._outbox.leave(lambda: not self._giving)
                for task in [stopped, sending, *self._giving.values()]:
                    task.cancel()
        except* ConnectionClosed:
            pass  # the client is gone, and what it wanted with it

    async def _receive(self, tasks: asyncio.TaskGroup) -> None:
        async for message in self._socket:
            try:
                event = parse(message)
            except ProtocolError as error:
                self._session.refuse(error)
                continue
            if begun := self._session.receive(event):
                self._giving[begun] = task = tasks.create_task(self._give(begun))
                task.add_done_callback(partial(self._given, begun))
            for response, task in self._giving.items():
                if response.over:
                    task.cancel()
            await self._outbox.until(self._has_room)

    async def _give(self, response: Response) -> None:
        try:
            await self._answer(response)
        except ProtocolError as error:
            response.fail(error.code, error.message)
        except (NoSuchPair, TranslationUnavailable) as error:
            response.fail(error.code, str(error))
        except Exception as error:  # the boundary to the models: one response fails, nothing else
            logger.error("A response failed.", exc_info=error)
            response.fail("server_error", "The model failed on this text.")

    def _given(self, response: Response, _task: asyncio.Task[None]) -> None:
        """Also where it was cancelled before its task had begun."""
        del self._giving[response]
        self._session.ended(response)
        self._outbox.tell([])

    async def _answer(self, response: Response) -> None:
        asked = response.request
        match asked.task:
            case Translation() as task:
                text, language = await self._workers.translate(asked.text, task), task.target
            case Reading() as task:
                text, language = asked.text, task.language
            case None:
                raise ValueError("there is nothing to be done")
        said = response.say(text)
        if asked.audible:
            sound = self._workers.speak(said, language, asked.voice, asked.speed)
            async with aclosing(sound):
                async for frame in sound:
                    await self._outbox.until(lambda: len(self._outbox) < MAX_UNHEARD)
                    response.sound(frame)
        response.complete()

    def _has_room(self) -> bool:
        return len(self._giving) < MAX_OPEN and len(self._outbox) < MAX_UNSENT
