"""Words that come without captions, laid onto the captions of the track that they translate.

Who translates what it hears tells words and about when their original was said, and knows nothing
of captions. So the words that were heard behind a caption's start and before the next one's are
that caption in the other language.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from math import inf

from captioner.captions.model import Caption
from captioner.captions.segments import breaks
from captioner.captions.words import clean
from captioner.rooms.languages import is_same_language

BEHIND_S = 2.0
"""So far behind the end of a caption words may still be its own: times are not exact."""
LATE_S = 5.0
"""For so long words wait for their caption, and a caption for its words."""
_MOST_REMEMBERED = 5_000
"""Captions that are done, whose further revisions change nothing."""
_LONGEST_WORD = 64
"""Code points of what was told before that may be part of a word that goes on."""


@dataclass(slots=True, eq=False)
class _Line:
    """A caption. `text` grows for good; `complete_at`: since when nothing more is expected."""

    source: Caption
    shown: Caption | None
    text: str = ""
    complete_at: float | None = None
    done: bool = False


@dataclass(slots=True)
class _Waiting:
    """Words without a place, since `came`."""

    text: str
    time: float
    came: float


class Alignment:
    """The captions of one track in a language. `now` is the caller's clock, in seconds.

    Times are on the room clock. All text is stable: it only grows. Each word is laid onto one
    caption, in order, as long as one is open; each final of the source ends in one final.
    """

    def __init__(self, language: str, begin: float = -inf) -> None:
        """`begin`: what was said before is translated by nobody."""
        self._language = language
        self._begin = begin
        self._lines: list[_Line] = []
        """In the order of their starts."""
        self._known: dict[str, _Line] = {}
        """The same by caption id."""
        self._last = -1
        """Where among them the last words were laid; before all: none were."""
        self._waiting: deque[_Waiting] = deque()
        self._done: OrderedDict[str, None] = OrderedDict()
        self._heard = begin
        self._ended = False

    @property
    def done(self) -> bool:
        """Whether every caption is done that was heard of."""
        return all(line.done for line in self._lines)

    @property
    def behind(self) -> int:
        """How many finals there are as they were said, and not in the language yet."""
        return sum(line.source.final and not line.done for line in self._lines)

    def hear(self, source: Caption, shown: Caption | None = None) -> None:
        """A revision of a caption as it was said.

        `shown`: the newest revision of its translation, if a predecessor has published one.
        """
        if source.language == self._language or source.id in self._done:
            return
        if (known := self._known.get(source.id)) is not None:
            known.source = source if source.rev > known.source.rev else known.source
            return
        line = _Line(source, shown)
        line.done = shown is not None and shown.final
        line.text = shown.text if shown is not None and not shown.final else ""
        at = len(self._lines)
        while at and self._lines[at - 1].source.start > source.start:
            at -= 1
        self._lines.insert(at, line)
        self._known[source.id] = line
        self._last += at <= self._last

    def see(self, shown: Caption) -> None:
        """A revision of a translation that somebody else has published: a correction."""
        line = self._known.get(shown.id)
        if line is not None and (line.shown is None or shown.rev > line.shown.rev):
            line.shown, line.done = shown, line.done or shown.final

    def say(self, text: str, time: float, now: float) -> None:
        """Translated words that continue those before, and when their original was said."""
        self._waiting.append(_Waiting(text, time, now))

    def heard(self, until: float) -> None:
        """What was said before is translated, or is about to be; at infinity all is translated."""
        self._heard = max(self._heard, until)

    def end(self) -> None:
        """There are no further captions."""
        self._ended = True

    def revisions(self, now: float) -> list[Caption]:
        """What readers should see now, in order; from then on they have it."""
        found: list[Caption] = []
        while self._waiting and self._place(self._waiting[0], now):
            self._waiting.popleft()
        for at, line in enumerate(self._lines):
            if line.done:
                continue
            passed = at < self._last or not self._is_heard(at)
            final = self._is_complete(line, passed, now)
            revision = self._revision(line, final=final)
            if final:
                line.done = True
            if revision is not None:
                line.shown = revision
                found.append(revision)
        self._forget()
        return found

    def due(self) -> float | None:
        """When there may be more revisions, though nothing happens until then."""
        times = [words.came + LATE_S for words in self._waiting if self._open()]
        complete = [line.complete_at for line in self._lines if not line.done]
        times += [since + LATE_S for since in complete if since is not None]
        return min(times, default=None)

    def _open(self) -> list[int]:
        """The captions that may take the next words, in order."""
        following = range(max(self._last, 0), len(self._lines))
        return [at for at in following if not self._lines[at].done and self._is_heard(at)]

    def _is_heard(self, at: int) -> bool:
        return self._lines[at].source.end > self._begin

    def _place(self, words: _Waiting, now: float) -> bool:
        """Lay words onto their caption; False while it is not known which that is."""
        if self._last >= 0:
            _go_on(self._lines[self._last], words)
            if not words.text:
                return True
        candidates = self._open()
        if not candidates:
            return False
        begun = [at for at in candidates if self._lines[at].source.start <= words.time]
        at = begun[-1] if begun else candidates[0]
        line = self._lines[at]
        known = (
            len(begun) < len(candidates)
            or words.time <= line.source.end + BEHIND_S
            or now >= words.came + LATE_S
            or self._ended
        )
        if known:
            line.text = _added(line.text, words.text)
            self._last = at
        return known

    def _is_complete(self, line: _Line, passed: bool, now: float) -> bool:
        """Whether nothing more comes of a caption. `passed`: words are laid onto later ones."""
        if not line.source.final:
            return False
        if passed or (self._heard == inf and not self._waiting):
            return True
        if line.complete_at is None and self._heard >= line.source.end:
            line.complete_at = now
        return line.complete_at is not None and now >= line.complete_at + LATE_S

    def _revision(self, line: _Line, *, final: bool) -> Caption | None:
        source, shown = line.source, line.shown
        text, untranslated = line.text.strip(), False
        if final and not text:
            text = source.text
            untranslated = not is_same_language(source.language, self._language)
        if not text or (not final and shown is not None and shown.text == text):
            return None
        return Caption(
            id=source.id,
            language=self._language,
            rev=shown.rev + 1 if shown else 1,
            text=text,
            stable=len(text),
            final=final,
            start=source.start,
            end=source.end,
            track=source.track,
            speaker=source.speaker,
            source=source.language,
            source_rev=source.rev,
            untranslated=untranslated,
        )

    def _forget(self) -> None:
        """Let go of what is done and before the words."""
        done = 0
        while done < len(self._lines) - 1 and self._lines[done].done and done != self._last:
            done += 1
        for line in self._lines[:done]:
            del self._known[line.source.id]
            self._done[line.source.id] = None
        del self._lines[:done]
        self._last = max(self._last - done, -1)
        while len(self._done) > _MOST_REMEMBERED:
            self._done.popitem(last=False)


def _go_on(line: _Line, words: _Waiting) -> None:
    """Leave with the last word what belongs to it."""
    if line.done or not line.text:
        return
    before = line.text[-_LONGEST_WORD:]
    ends = (place.at - len(before) for place in breaks(before + words.text))
    end = next((end for end in ends if end >= 0), len(words.text))
    line.text = _added(line.text, words.text[:end])
    words.text = words.text[end:]


def _added(text: str, more: str) -> str:
    """A text and what continues it, as captions carry it: it never changes what is there."""
    added = clean(f"|{more}|")[1:-1]
    return text + (added.lstrip() if not text or text[-1] == " " else added)
