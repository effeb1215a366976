"""The items of a conversation: messages of text, in their order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from captioner.engine.configuration import Strict
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.server_events import new_id

MAX_TEXT = 10_000
"""Characters of one part of a message."""
MAX_ITEMS = 1000
"""What a conversation keeps; then its oldest item is forgotten."""
ROOT = "root"
"""Stands for the item before the first."""


class Part(Strict):
    type: Literal["input_text", "output_text", "output_audio"]
    text: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    transcript: Annotated[str, Field(max_length=MAX_TEXT)] | None = None
    """What an `output_audio` says; its sound is not kept."""

    @property
    def words(self) -> str:
        return self.text or self.transcript or ""


class Message(Strict):
    type: Literal["message"]
    role: Literal["user", "system", "assistant"]
    content: Annotated[list[Part], Field(max_length=100)]
    id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    object: Literal["realtime.item"] | None = None
    status: Literal["completed", "incomplete", "in_progress"] | None = None

    @model_validator(mode="after")
    def _text_of_its_side(self) -> Message:
        side = "output_text" if self.role == "assistant" else "input_text"
        for part in self.content:
            if part.type == "output_audio" and self.role == "assistant":
                continue
            if part.type != side or part.text is None:
                raise ValueError(f"the content of a {self.role} message is '{side}' with a 'text'")
        return self

    @property
    def words(self) -> str:
        return " ".join(part.words for part in self.content)


class ItemReference(Strict):
    """An item of the conversation, by its id."""

    type: Literal["item_reference"]
    id: str


Item = Annotated[Message | ItemReference, Field(discriminator="type")]


class Conversation:
    """The session's default one. Every item in it has an id."""

    def __init__(self) -> None:
        self.id = new_id("conv")
        self._items: list[Message] = []

    def add(self, item: Message, previous: str | None = None) -> str | None:
        """Put it behind `previous`, else at the end; return the id of the item before it."""
        if any(item.id == other.id for other in self._items):
            raise ProtocolError(
                "invalid_value", f"There is an item '{item.id}' already.", param="item.id"
            )
        at = len(self._items) if previous is None else self._after(previous)
        self._items.insert(at, item)
        before = self._items[at - 1].id if at else None
        del self._items[:-MAX_ITEMS]
        return before

    def get(self, item_id: str) -> Message | None:
        return next((item for item in self._items if item.id == item_id), None)

    def replace(self, item: Message) -> None:
        """Put an item in the place of the one with its id, if that is still there."""
        self._items = [item if old.id == item.id else old for old in self._items]

    def delete(self, item: Message) -> None:
        self._items.remove(item)

    @property
    def items(self) -> list[Message]:
        return self._items

    def _after(self, previous: str) -> int:
        if previous == ROOT:
            return 0
        for at, item in enumerate(self._items):
            if item.id == previous:
                return at + 1
        raise ProtocolError(
            "invalid_value", f"There is no item '{previous}'.", param="previous_item_id"
        )


def last_said(items: list[Message]) -> str:
    """What the last message of the user says: that is what is translated or spoken."""
    said = [item.words for item in items if item.role == "user"]
    return said[-1] if said else ""
