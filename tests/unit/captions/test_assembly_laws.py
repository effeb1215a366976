"""What holds for every recogniser, in whatever order its events arrive."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.captions.assembly import Released
from captioner.captions.near_misses import NearMisses
from captioner.captions.recognition import (
    Committed,
    Completed,
    Delta,
    Expired,
    Failed,
    Hypothesis,
    Recognition,
    Segment,
    SessionLost,
    SpeechStarted,
    SpeechStopped,
)
from tests.unit.captions.assembling import assembly, check_laws, finals, provisional

TERMS = ["Twothree", "Fourfive", "Fiveonetwo"]
WORDS = "one two three four five".split()
spoken_items = st.lists(st.lists(st.sampled_from(WORDS), max_size=5), min_size=1, max_size=6)


def events_of(number: int, words: Sequence[str], split: int) -> list[Recognition]:
    """How a recogniser tells an item: its deltas say the first `split` words as they are heard."""
    name = f"item {number}"
    previous = f"item {number - 1}" if number else None
    events: list[Recognition] = [SpeechStarted(name, number)]
    for count, word in enumerate(words[:split]):
        events += [
            Hypothesis(name, f" {word} {WORDS[0]}", number + count / 10),
            Delta(name, f" {word}", number + count / 10),
        ]
    events += [SpeechStopped(name, number + 0.9), Committed(name, previous, number, number + 0.9)]
    events += [Delta(name, f" {word}", number + 0.9) for word in words[split:]]
    events.append(Segment(name, " ".join(words), number, number + 0.9))
    return [*events, Completed(name, " ".join(words))]


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[list[str]], list[Recognition]]:
    """Some items, and their events in any order that keeps each item's own and the commits'.

    Any event but a delta may come twice.
    """
    items = draw(spoken_items)
    queues = [deque(events_of(n, words, draw(st.integers(0, 5)))) for n, words in enumerate(items)]
    arrived: list[Recognition] = []
    committed = 0
    while waiting := [n for n, queue in enumerate(queues) if queue]:
        number = draw(st.sampled_from(waiting))
        event = queues[number][0]
        if isinstance(event, Committed):
            if number != committed:
                continue
            committed += 1
        arrived.append(queues[number].popleft())
        if not isinstance(event, Delta) and draw(st.booleans()):
            arrived.append(event)
    return items, arrived


def feed(events: Sequence[Recognition], terms: Sequence[str] = ()) -> list[Released]:
    track = assembly()
    track.expect(terms)
    released = [revision for event in events for revision in track.feed(event)]
    released += track.finish()
    check_laws(released)
    return released


@settings(max_examples=25)
@given(arrivals(), st.booleans())
def test_finals_are_the_recognisers_words_in_the_order_of_the_chain(
    arrival: tuple[list[list[str]], list[Recognition]], taken_back: bool
) -> None:
    items, events = arrival
    released = feed([provisional(event) for event in events] if taken_back else events)
    assert finals(r.caption for r in released) == [" ".join(words) for words in items if words]


@settings(max_examples=50)
@given(arrivals(), st.booleans())
def test_words_that_are_nearly_a_term_become_it_and_no_reader_sees_stable_text_change(
    arrival: tuple[list[list[str]], list[Recognition]], taken_back: bool
) -> None:
    items, events = arrival
    released = feed([provisional(event) for event in events] if taken_back else events, TERMS)
    said = [NearMisses(TERMS).corrected(" ".join(words)) for words in items if words]
    assert finals(r.caption for r in released) == said


@settings(max_examples=25)
@given(spoken_items, st.randoms(use_true_random=False))
def test_commits_and_completions_may_come_in_any_order(
    items: list[list[str]], random: object
) -> None:
    events = [event for n, words in enumerate(items) for event in events_of(n, words, 0)]
    commits = [event for event in events if isinstance(event, Committed)]
    completions = [event for event in events if isinstance(event, Completed)]
    random.shuffle(commits)  # type: ignore[attr-defined]
    random.shuffle(completions)  # type: ignore[attr-defined]
    released = feed([*commits, *completions])
    assert finals(r.caption for r in released) == [" ".join(words) for words in items if words]


@settings(max_examples=25)
@given(arrivals(), st.data())
def test_a_lost_session_neither_loses_nor_doubles_a_word(
    arrival: tuple[list[list[str]], list[Recognition]], data: st.DataObject
) -> None:
    """The connection breaks anywhere; the next session hears again what was not settled."""
    items, events = arrival
    track = assembly()
    cut = data.draw(st.integers(0, len(events)))
    released = [revision for event in events[:cut] for revision in track.feed(event)]
    released += track.feed(SessionLost())
    settled = track.settled_until or 0.0
    previous = None
    for number, words in enumerate(items):
        if number + 0.9 > settled:
            for event in again(events_of(number, words, 5), previous):
                released += track.feed(event)
            previous = f"again item {number}"
    check_laws(released)
    assert track.idle
    assert finals(r.caption for r in released) == [" ".join(words) for words in items if words]


def again(events: Sequence[Recognition], previous: str | None) -> list[Recognition]:
    """The same item as another session tells it."""
    told: list[Recognition] = []
    for event in events:
        match event:
            case Committed(item, _, start, end):
                told.append(Committed(f"again {item}", previous, start, end))
            case SpeechStarted(item, start):
                told.append(SpeechStarted(f"again {item}", start))
            case Delta(item, text, until):
                told.append(Delta(f"again {item}", text, until))
            case Completed(item, text):
                told.append(Completed(f"again {item}", text))
    return told


names = st.sampled_from(["a", "b", "c", "d"])
texts = st.text("ab é.は\u0301", max_size=6)
times = st.floats(0, 100)
anything = st.one_of(
    st.builds(SpeechStarted, names, times),
    st.builds(SpeechStopped, names, times),
    st.builds(Committed, names, st.none() | names, times, times),
    st.builds(Delta, names, texts, times),
    st.builds(Hypothesis, names, texts, times, st.sampled_from(["en", "es"])),
    st.builds(Segment, names, texts, times, times),
    st.builds(Completed, names, texts, st.sampled_from(["en", "es"])),
    st.builds(Failed, names, st.just("overloaded")),
    st.builds(Expired, names),
    st.builds(SessionLost),
)


@settings(max_examples=100)
@given(st.lists(anything, max_size=30), st.sampled_from(["en", "auto"]))
def test_a_recogniser_may_say_anything(events: list[Recognition], language: str) -> None:
    track = assembly(language)
    released = [revision for event in events for revision in track.feed(event)]
    released += track.finish()
    check_laws(released)
    assert track.idle
    final = {r.caption.id for r in released if r.caption.final}
    assert final == {r.caption.id for r in released}, "every caption that opened has its final"
