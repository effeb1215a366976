"""What a recogniser says, whoever it is: the input of `assembly`.

Times are seconds on the clock of whoever feeds the assembly (the room clock, for a track).
An `item` is one utterance as the recogniser cut it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """An item opened: somebody speaks since `start`."""

    item: str
    start: float


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The item's speech ended at `end`; its words may still come."""

    item: str
    end: float


@dataclass(frozen=True, slots=True)
class Committed:
    """The item took its place in the chain, after `previous` (None: the first of its session)."""

    item: str
    previous: str | None
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Delta:
    """Words appended to the item. `until` is the audio position when they were heard.

    `provisional`: the completion may still say something else.
    """

    item: str
    text: str
    until: float
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The tail behind the deltas that may still change; each replaces the one before.

    `language` is what it takes the speech for, where the recogniser says it this early.
    """

    item: str
    text: str
    until: float
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A timed phrase of the item, in the order of its text."""

    item: str
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Completed:
    """The item's words for good; empty text means that nothing was said."""

    item: str
    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The recogniser gave the item up; what its deltas said is all there is."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Whoever watches the clock says that the item's completion will not come in time.

    A completion that comes later all the same is published as a correction.
    """

    item: str


@dataclass(frozen=True, slots=True)
class SessionLost:
    """A session ended with items open. Its audio from the first open item on is heard again:

    the next session's first items continue the open captions, under their ids. `items`: those that
    will be heard again; None, all that are not settled.
    """

    items: tuple[str, ...] | None = None


Recognition = (
    SpeechStarted
    | SpeechStopped
    | Committed
    | Delta
    | Hypothesis
    | Segment
    | Completed
    | Failed
    | Expired
    | SessionLost
)
