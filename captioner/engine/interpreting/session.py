"""A translation session without I/O: audio in, sentences to translate and lines to speak out.

The words are those of a transcription session inside, whose decodes a scheduler gives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from openai.types import realtime as sdk
from openai.types.audio.transcription_language import TranscriptionLanguage
from pydantic import BaseModel

from captioner.audio.pcm import Samples
from captioner.captions.words import joined
from captioner.engine import server_events
from captioner.engine.client_events import Append, Commit, SessionUpdate
from captioner.engine.configuration import primary
from captioner.engine.interpreting import events
from captioner.engine.interpreting.client_events import ClientEvent, Close
from captioner.engine.interpreting.config import InterpretingConfig
from captioner.engine.interpreting.passages import Passage, Sentence
from captioner.engine.protocol_error import ProtocolError
from captioner.engine.session import MIN_COMMIT_MS, TranscriptionSession
from captioner.engine.session_config import HYPOTHESIS, configured
from captioner.engine.transcriber import Transcriber

STEP_MS = 200
"""`elapsed_ms` advances by so much."""
BYTES_PER_MS = 48

_LISTENING = configured("captioner-live", {"include": [HYPOTHESIS]})


class InterpretingSession:
    """Give it what the client sends and its `transcriber` to a scheduler.

    Then see to its `sentences` and its `lines`, in their order, and say what became of each.
    """

    def __init__(
        self,
        config: InterpretingConfig,
        identity: events.Identity,
        tell: Callable[[Iterable[BaseModel]], None],
    ) -> None:
        """`tell` takes the events for the client, perhaps none: then there is something to do."""
        self._config = config
        self._identity = identity
        self._tell = tell
        self.sentences: deque[Sentence] = deque()
        """To be translated, the oldest first."""
        self.lines: deque[Sentence] = deque()
        """To be spoken, in the language that they name."""
        self.closing = False
        self._recognition = TranscriptionSession(self._heard)
        self._passages: dict[str, Passage] = {}
        """By item, in the order in which they were spoken; the first is told."""
        self._said = ""
        """The end of the input transcript, which tells what parts it from what follows."""
        self._translated = ""
        self._complaints: set[str] = set()

    @property
    def transcriber(self) -> Transcriber:
        return self._recognition.transcriber

    @property
    def language(self) -> str:
        """Into which is translated now."""
        return self._config.audio.output.language

    @property
    def settled(self) -> bool:
        """Whether all that was committed is translated and spoken."""
        return self.transcriber.settled and not (self.sentences or self.lines)

    def create(self) -> None:
        """Begin: tell the client of the session."""
        self._tell([events.session_created(self._identity.session(self._config))])
        self._recognition.create(_LISTENING)

    def receive(self, event: ClientEvent, now: float) -> Iterator[None]:
        """Do what the client asks, or say why not; nothing is done until this is iterated."""
        try:
            if self.closing:
                raise ProtocolError("invalid_event", "The session is being closed.")
            match event:
                case Append():
                    yield from self._append(event.audio, event.event_id, now)
                case SessionUpdate():
                    self._config = self._config.updated(event.session)
                    self._tell([events.session_updated(self._identity.session(self._config))])
                case Close():
                    yield from self.close(now)
        except ProtocolError as error:
            error.event_id = event.event_id
            self.refuse(error)

    def close(self, now: float) -> Iterator[None]:
        """No more audio comes: what there is of it is said as it is."""
        self.closing = True
        # The recogniser takes no less than that, and it could end what is open just before it.
        yield from self._append(bytes(BYTES_PER_MS * MIN_COMMIT_MS), None, now)
        yield from self._recognition.receive(Commit(None), now)
        self._tell([])

    def closed(self) -> None:
        """Everything is told."""
        self._tell([events.session_closed()])

    def refuse(self, error: ProtocolError) -> None:
        """Say what is wrong; nothing else happens."""
        self._tell([server_events.error(error)])

    def is_foreign(self, sentence: Sentence) -> bool:
        """Whether it must be translated: what is said in the listeners' language stays silent."""
        return primary(sentence.language) != primary(self.language)

    def translated(self, text: str, language: str) -> None:
        """The first of the sentences, in another language."""
        end_ms = self.sentences.popleft().end_ms
        whole = joined(self._translated, text)
        delta = whole[len(self._translated) :]
        self._translated = delta
        self.lines.append(Sentence(text, language, end_ms))
        self._tell([events.output_transcript(delta, _steps(end_ms))])

    def left_out(self) -> None:
        """The first of the sentences is not translated."""
        self.sentences.popleft()
        self._tell([])

    def sounded(self, samples: Samples) -> None:
        """Some of the speech of the first of the lines."""
        self._tell([events.output_audio(samples, _steps(self.lines[0].end_ms))])

    def spoken(self) -> None:
        """The first of the lines has had all its speech."""
        self.lines.popleft()
        self._tell([])

    def complain(self, error: ProtocolError) -> None:
        """Say what cannot be done, once."""
        if error.message not in self._complaints:
            self._complaints.add(error.message)
            self.refuse(error)

    def _append(self, audio: bytes, event_id: str | None, now: float) -> Iterator[None]:
        yield from self._recognition.receive(Append(audio, event_id), now)

    def _heard(self, told: Iterable[BaseModel]) -> None:
        """What the transcription session inside tells."""
        for event in told:
            match event:
                case sdk.InputAudioBufferSpeechStartedEvent():
                    self._passages[event.item_id] = Passage(end_ms=event.audio_start_ms)
                case sdk.InputAudioBufferSpeechStoppedEvent():
                    self._passages[event.item_id].end_ms = event.audio_end_ms
                case sdk.ConversationItemInputAudioTranscriptionDeltaEvent():
                    self._passages[event.item_id].text += event.delta or ""
                case server_events.Hypothesis():
                    passage = self._passages[event.item_id]
                    passage.language = event.language or passage.language
                    passage.end_ms = max(passage.end_ms, event.audio_end_ms)
                case sdk.ConversationItemInputAudioTranscriptionCompletedEvent():
                    self._over(event.item_id, event.languages or [])
                case sdk.ConversationItemInputAudioTranscriptionFailedEvent():
                    self._over(event.item_id, [])
                case sdk.RealtimeErrorEvent():
                    self._tell([event])
        self._take_news()

    def _over(self, item_id: str, languages: list[TranscriptionLanguage]) -> None:
        passage = self._passages.setdefault(item_id, Passage())
        passage.over = True
        passage.language = languages[0].code if languages else passage.language

    def _take_news(self) -> None:
        """Of the passages in their order, as far as they are over, and of the one behind those."""
        news: list[BaseModel] = []
        while self._passages:
            item_id, passage = next(iter(self._passages.items()))
            news.extend(self._transcript(passage))
            self.sentences.extend(passage.complete())
            if not passage.over:
                break
            del self._passages[item_id]
        self._tell(news)

    def _transcript(self, passage: Passage) -> Iterator[BaseModel]:
        begins = passage.told == 0
        if text := passage.news():
            whole = joined(self._said, text) if begins else self._said + text
            delta = whole[len(self._said) :]
            self._said = delta
            if self._config.audio.input.transcription is not None:
                yield events.input_transcript(delta, _steps(passage.end_ms))


def _steps(ms: int) -> int:
    return ms - ms % STEP_MS
