"""The Python client: publish audio into a room, read a room's captions.

Both come back by themselves after a lost connection, at another server where several are named,
and then nothing is missing or doubled: a publisher keeps its audio until a server says that it is
captioned for good, a reader remembers what it was given. What no waiting mends is raised, typed
as in `captioner.errors`; servers that do not answer are `ServerUnreachable`.
"""

from captioner.captions.model import Caption, Gap, Numbered, Position, RoomChange
from captioner.client.publishing import publish
from captioner.client.reading import Hello, captions
from captioner.client.rooms import translated
from captioner.errors import (
    BadInput,
    RoomEnded,
    RoomNotFound,
    ServerUnreachable,
    StreamInUse,
    TooLarge,
    Unauthorized,
)

__all__ = [
    "BadInput",
    "Caption",
    "Gap",
    "Hello",
    "Numbered",
    "Position",
    "RoomChange",
    "RoomEnded",
    "RoomNotFound",
    "ServerUnreachable",
    "StreamInUse",
    "TooLarge",
    "Unauthorized",
    "captions",
    "publish",
    "translated",
]
