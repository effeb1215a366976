"""A conversation session without I/O: client events in, server events and responses to give out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from captioner.engine import server_events
from captioner.engine.conversation import events
from captioner.engine.conversation.abilities import Abilities
from captioner.engine.conversation.client_events import (
    ClientEvent,
    ItemCreate,
    ItemDelete,
    ItemRetrieve,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from captioner.engine.conversation.config import ConversationConfig
from captioner.engine.conversation.items import Conversation, Message
from captioner.engine.conversation.request import Request, request
from captioner.engine.conversation.response import Response
from captioner.engine.conversation.tasks import Translation
from captioner.engine.protocol_error import ProtocolError

NOT_UNDERSTOOD = (
    "Only translating and reading aloud are done here. Use the prompt 'translate' (variables "
    "'source', 'target') or 'speak' ('language'), or instructions with a line such as "
    "'Translate from en to es.' or 'Read aloud in es.'"
)


class ConversationSession:
    """Give it what the client sends, and see to the responses that it has begun."""

    def __init__(
        self,
        config: ConversationConfig,
        abilities: Abilities,
        tell: Callable[[Iterable[BaseModel]], None],
    ) -> None:
        self._config = config
        self._abilities = abilities
        self._tell = tell
        self._conversation = Conversation()
        self._responses: dict[str, Response] = {}

    def create(self) -> None:
        """Begin: tell the client of the session."""
        self._tell([events.session_created(self._config)])

    def receive(self, event: ClientEvent) -> Response | None:
        """Do what the client asks, or say why not; return the response that is to be given."""
        try:
            match event:
                case SessionUpdate():
                    self._config = self._config.updated(event.session)
                    self._tell([events.session_updated(self._config)])
                case ItemCreate():
                    self._create(event.item, event.previous)
                case ItemRetrieve():
                    self._tell([events.item_retrieved(self._item(event.item_id, "retrieve"))])
                case ItemDelete():
                    self._conversation.delete(self._item(event.item_id, "delete"))
                    self._tell([events.item_deleted(event.item_id)])
                case ResponseCreate():
                    return self._respond(event.response)
                case ResponseCancel():
                    self._cancel(event.response_id)
        except ProtocolError as error:
            error.event_id = event.event_id
            self.refuse(error)
        return None

    def refuse(self, error: ProtocolError) -> None:
        """Say what is wrong; nothing else happens."""
        self._tell([server_events.error(error)])

    @property
    def open_responses(self) -> list[Response]:
        """Those that are not over."""
        return [*self._responses.values()]

    def ended(self, response: Response) -> None:
        """Nobody sees to the response any more: it is over."""
        del self._responses[response.id]

    def _create(self, item: Message, previous: str | None) -> None:
        named = item.model_copy(
            update={"id": item.id or server_events.new_id("item"), "status": "completed"}
        )
        before = self._conversation.add(named, previous)
        self._tell([events.item_added(named, before), events.item_done(named, before)])

    def _item(self, item_id: str, act: str) -> Message:
        item = self._conversation.get(item_id)
        if item is None:
            raise ProtocolError(
                f"item_{act}_invalid_item_id", f"There is no item '{item_id}'.", param="item_id"
            )
        return item

    def _respond(self, fields: Mapping[str, Any]) -> Response | None:
        asked = request(fields, self._config, self._conversation)
        active = self._active()
        if asked.in_band and active is not None:
            raise ProtocolError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {active.id}. "
                "Wait until the response is finished before creating a new one.",
            )
        self._check_able(asked)
        response = Response(asked, self._conversation if asked.in_band else None, self._tell)
        response.begin()
        if asked.task is None:
            response.fail("invalid_value", NOT_UNDERSTOOD)
            return None
        self._responses[response.id] = response
        return response

    def _check_able(self, asked: Request) -> None:
        if isinstance(asked.task, Translation):
            self._abilities.translator()
        if asked.task is not None and asked.audible:
            self._abilities.speaker()

    def _cancel(self, response_id: str | None) -> None:
        response = self._responses.get(response_id) if response_id else self._active()
        if response is None or response.over:
            raise ProtocolError(
                "response_cancel_not_active", "Cancellation failed: no active response found."
            )
        response.cancel()

    def _active(self) -> Response | None:
        """The one that is written to the conversation."""
        active = (r for r in self._responses.values() if r.request.in_band and not r.over)
        return next(active, None)
