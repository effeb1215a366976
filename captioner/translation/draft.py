"""One caption in another language, while it is made: source revisions in, what to translate out.

Sentences that are complete are translated once and stay. Of the sentence that is being spoken, its
clauses so far are translated anew with each further one, and may change; a sentence that goes on
for long is settled clause by clause. So a reader is at most a clause behind, and what the caption
says in the end is translated sentence by sentence, as a text would be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from captioner.captions.merge import continue_from
from captioner.captions.model import Caption, Phrase
from captioner.captions.segments import Quality, Span, breaks, sentences
from captioner.captions.timeline import Timeline
from captioner.captions.words import UNSPACED, joined

LONG = 80
"""Code points of a sentence that is still spoken, from which on its clauses are settled."""
LONG_UNSPACED = 30
"""The same for scripts without spaces, which say more with each."""
WITHOUT_CLAUSES = 40
"""Code points without a comma, from which on a conjunction begins a clause, too."""

_UNSPACED = re.compile(rf"[{UNSPACED}]")


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` of the source between two offsets. `settled`: it is translated for good."""

    start: int
    end: int
    text: str
    settled: bool


class Draft:
    """The caption `(id, language)`. `source` is the newest revision of what it translates.

    Ask `next` for the piece to translate and give its translation to `take`, until there is none;
    `revision` is what readers should see meanwhile.
    """

    def __init__(self, language: str, source: Caption, shown: Caption | None = None) -> None:
        """`shown`: the newest revision of it that was published, if there is one."""
        self.language = language
        self.source = source
        self._shown = shown
        self._promised = "" if shown is None or shown.final else shown.text[: shown.stable]
        """What readers see as stable, and must stay."""
        self._told = ""
        self._covered = 0
        """So much of the source's text is translated in `_told`."""
        self._seams: list[tuple[int, int]] = []
        """Ends of pieces in `_told`, and in the source."""
        self._tail = ""
        self._tail_end = 0
        self._untranslated = False
        self._again = shown is not None and shown.untranslated
        """Whether a translation that was given up is tried once more."""
        self._void = False
        """Whether what readers see as stable is of a text that was corrected meanwhile."""

    @property
    def shown(self) -> Caption | None:
        """The newest revision that readers have."""
        return self._shown

    @property
    def done(self) -> bool:
        """Whether readers have the translation of the source's final."""
        if not self.source.final or self._again:
            return False
        if self._shown is None:
            return not self.source.text
        return self._shown.is_translation_of(self.source)

    def hear(self, source: Caption) -> None:
        """There is a newer revision of the source."""
        if source.rev <= self.source.rev:
            return
        if not source.text.startswith(self.source.text[: self._covered]):
            self._begin_again()
        self.source = source

    def see(self, shown: Caption) -> None:
        """Somebody else published a revision: a person who corrected it."""
        if self._shown is None or shown.rev > self._shown.rev:
            self._shown = shown

    def next(self) -> Piece | None:
        """What is to be translated next."""
        if self.done:
            return None
        for piece in self._settled_pieces():
            return piece
        return None if self.source.final else self._open_piece()

    def take(self, piece: Piece, translation: str, *, untranslated: bool = False) -> None:
        """The piece's translation; `untranslated`: it is the piece itself, for want of one."""
        if self.source.text[piece.start : piece.end].strip() != piece.text:
            return  # it was corrected meanwhile
        if not piece.settled:
            if piece.start == self._covered:
                self._tail, self._tail_end = translation, piece.end
            return
        self._told = joined(self._told, translation)
        self._covered = piece.end
        self._seams.append((len(self._told), piece.end))
        self._tail, self._tail_end = "", piece.end
        self._untranslated = self._untranslated or untranslated

    def revision(self, lag_ms: int | None = None) -> Caption | None:
        """What readers should see now, if that is news to them; from then on they have it."""
        if self._void:
            return self._close()
        source = self.source
        final = source.final and next(self._settled_pieces(), None) is None
        told = continue_from(self._promised, self._told)
        text = told if final else continue_from(self._promised, joined(self._told, self._tail))
        shown = self._shown
        if final and self.done or not final and not text:
            return None
        if shown is not None and shown.final and not final:
            return None  # a correction is shown when it is all there
        stable = len(text) if final else len(told)
        if not final and shown is not None and (shown.text, shown.stable) == (text, stable):
            return None
        self._shown = Caption(
            id=source.id,
            language=self.language,
            rev=shown.rev + 1 if shown else 1,
            text=text,
            stable=stable,
            final=final,
            start=source.start,
            end=source.end,
            track=source.track,
            speaker=source.speaker,
            correction=shown is not None and shown.final,
            phrases=self._phrases(text) if final else (),
            lag_ms=lag_ms,
            source=source.language,
            source_rev=source.rev,
            untranslated=self._untranslated,
        )
        self._promised, self._again = text[:stable], False
        return self._shown

    def take_back(self, shown: Caption | None) -> None:
        """The last revision was not published: readers have this one."""
        self._shown = shown

    def _close(self) -> Caption:
        """What readers see as stable ends so; a correction follows."""
        assert self._shown is not None
        self._shown = replace(
            self._shown,
            rev=self._shown.rev + 1,
            text=self._shown.text[: self._shown.stable],
            final=True,
        )
        self._void = False
        return self._shown

    def _begin_again(self) -> None:
        """The source was corrected."""
        self._void = self._shown is not None and not self._shown.final and bool(self._promised)
        self._promised = self._told = self._tail = ""
        self._covered = self._tail_end = 0
        self._seams = []
        self._untranslated = False

    def _settled_pieces(self) -> Iterator[Piece]:
        """What can be translated for good and is not, in order."""
        text = self.source.text[: self.source.stable]
        rest = _sentences_behind(text, self._covered)
        spoken = None if self.source.final or not rest else rest.pop()
        for span in rest:
            yield Piece(span.start, span.end, text[span.start : span.end], settled=True)
        if spoken is not None and not rest:
            end = _long_clauses(text, spoken)
            if end > spoken.start:
                yield Piece(spoken.start, end, text[spoken.start : end].rstrip(), settled=True)

    def _open_piece(self) -> Piece | None:
        """The clauses so far of the sentence that is being spoken, where there is one more."""
        text = self.source.text[: self.source.stable]
        rest = _sentences_behind(text, self._covered)
        if not rest:
            return None
        end = _last_clause(text, rest[-1])
        if end <= max(self._tail_end, rest[-1].start):
            return None
        return Piece(self._covered, end, text[self._covered : end].strip(), settled=False)

    def _phrases(self, text: str) -> tuple[Phrase, ...]:
        """When the pieces were said, where the source tells it and they are what is shown."""
        if not self.source.phrases or text != self._told or len(self._seams) < 2:
            return ()
        timeline, before, phrases = Timeline(self.source), 0, []
        for until, end in self._seams:
            start_ms, end_ms = timeline.starts(before), timeline.ends(end)
            phrases.append(Phrase(until, start_ms / 1000, max(start_ms, end_ms) / 1000))
            before = end
        return tuple(phrases)


def is_translated(shown: Caption | None, source: Caption) -> bool:
    """Whether a caption is the translation of a final, and as good as it can be had."""
    if shown is None:
        return not source.text
    return shown.is_translation_of(source) and not shown.untranslated


def _sentences_behind(text: str, covered: int) -> list[Span]:
    return [Span(covered + s.start, covered + s.end) for s in sentences(text[covered:])]


def _ends(text: str, sentence: Span, quality: Quality) -> list[int]:
    """Where a part of the sentence is known to end: something follows behind it."""
    places = breaks(text[sentence.start : sentence.end])
    return [sentence.start + place.at for place in places if place.quality >= quality]


def _long_clauses(text: str, sentence: Span) -> int:
    """The end of the clauses that are settled before their sentence is; its start: none are."""
    unspaced = _UNSPACED.search(text, sentence.start, sentence.end)
    least = LONG_UNSPACED if unspaced else LONG
    ends = _ends(text, sentence, Quality.CLAUSE)
    return next((end for end in ends if end - sentence.start >= least), sentence.start)


def _last_clause(text: str, sentence: Span) -> int:
    """The end of what is said of the sentence in whole clauses; its start: nothing."""
    end = max(_ends(text, sentence, Quality.CLAUSE), default=sentence.start)
    if sentence.end - end >= WITHOUT_CLAUSES:
        end = max(_ends(text, sentence, Quality.CONJUNCTION), default=end)
    return end
