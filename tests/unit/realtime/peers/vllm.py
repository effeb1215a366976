"""vLLM: a protocol of its own, in which a commit begins an utterance or ends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from captioner.audio.pcm import Samples
from tests.unit.realtime.peers.hearing import Ear
from tests.unit.realtime.peers.peer import Answer, Event, Refusal, decoded, request

RATE = 16_000
MODEL = "mistralai/Voxtral-Mini-4B-Realtime-2602"


class VllmPeer:
    """A connection to a server of one model.

    While it is `busy`, what was queued is not decoded; `settle` is when it has caught up.
    """

    def __init__(self, model: str = MODEL, key: str | None = None) -> None:
        self.model = model
        self.busy = False
        self._key = key
        self._ear = Ear(RATE)
        self._named = False
        self._queue: list[Samples | None] = []
        """Audio that no generation has taken, and the ends of utterances."""
        self._text: str | None = None
        """What the running generation has said, while one runs."""
        self._taken = 0

    def connect(self, path_and_query: str, headers: Mapping[str, str]) -> list[Answer] | Refusal:
        asked = request(path_and_query, headers)
        if asked.path != "/v1/realtime":
            return Refusal(403)
        if self._key is not None and asked.bearer != self._key:
            return Refusal(401, '{"error":"Unauthorized"}')
        return [
            {"type": "session.created", "id": "sess-0123456789abcdef", "created": 1_795_000_000}
        ]

    def receive(self, message: Event, now: float | None = None) -> list[Answer]:
        error = self._take(message)
        if error is not None:
            return [error]
        return [] if self.busy else self.settle()

    def settle(self) -> list[Answer]:
        """Say all there is to say to what was received."""
        return list(self._generated())

    def _take(self, message: Event) -> Event | None:
        match message.get("type"):
            case "session.update":
                return self._name(message.get("model"))
            case "input_audio_buffer.append":
                samples = decoded(message.get("audio"))
                if samples is None or not samples.size:
                    return _error("Invalid audio data", "invalid_audio")
                self._queue.append(samples)
            case "input_audio_buffer.commit":
                return self._commit(message.get("final", False))
            case other:
                return _error(f"Unknown event type: {other}", "unknown_event")
        return None

    def _name(self, model: object) -> Event | None:
        """There is no word of it where the name is right."""
        if model is None:
            return _error("Missing required field: model", "invalid_event")
        if model != self.model:
            return _error(f"The model `{model}` does not exist.", "model_not_found")
        self._named = True
        return None

    def _commit(self, final: bool) -> Event | None:
        if not self._named:
            return _error(
                "Model not validated. Make sure to validate the model by sending a "
                "session.update event.",
                "model_not_validated",
            )
        if final:
            self._queue.append(None)
        elif self._text is None:
            self._text, self._taken, self._ear = "", 0, Ear(RATE)
        return None

    def _generated(self) -> Iterator[Event]:
        """Take what is queued; with an utterance, all that was queued after its end is gone."""
        while self._text is not None and self._queue:
            samples = self._queue.pop(0)
            if samples is None:
                yield _done(self._text, self._taken)
                self._text = None
                self._queue.clear()
            else:
                yield self._delta(samples)

    def _delta(self, samples: Samples) -> Event:
        """One for each step of the decoder, with or without a word."""
        heard = "".join(f" {m.word}" for m in self._ear.listen(samples) if m.word)
        self._text = (self._text or "") + heard
        self._taken += samples.size
        return {"type": "transcription.delta", "delta": heard}


def _done(text: str, samples: int) -> Event:
    prompt, completion = 39, samples // (RATE * 8 // 100)
    usage = {"prompt_tokens": prompt, "total_tokens": prompt + completion}
    usage |= {"completion_tokens": completion}
    details = {"prompt_tokens_details": None}
    return {"type": "transcription.done", "text": text, "usage": usage | details}


def _error(message: str, code: str) -> Event:
    return {"type": "error", "error": message, "code": code}
