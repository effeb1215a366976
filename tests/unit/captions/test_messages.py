"""Events and their JSON objects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.captions.messages import from_message, to_message
from captioner.captions.model import Caption, Event, Gap, Phrase, RoomChange
from captioner.errors import BadInput

HOLA = Caption(
    id="u17",
    language="es",
    rev=3,
    text="Hola a todos",
    stable=9,
    final=False,
    start=12.34,
    end=13.1,
    track="mic-1",
    speaker="Ana",
    lag_ms=420,
)
HOLA_MESSAGE = {
    "type": "caption",
    "seq": 1041,
    "id": "u17",
    "language": "es",
    "rev": 3,
    "text": "Hola a todos",
    "stable": 9,
    "final": False,
    "start": 12.34,
    "end": 13.1,
    "track": "mic-1",
    "speaker": "Ana",
    "lag_ms": 420,
}


def test_a_caption_has_the_names_of_the_contract() -> None:
    assert to_message(HOLA, seq=1041) == HOLA_MESSAGE
    assert list(to_message(HOLA, seq=1041))[:3] == ["type", "seq", "id"]


def test_a_gap_has_the_names_of_the_contract() -> None:
    gap = Gap(language="en", start=30.2, end=38.4, reason="engine_unavailable")
    assert to_message(gap, 1052) == {
        "type": "gap",
        "seq": 1052,
        "language": "en",
        "start": 30.2,
        "end": 38.4,
        "reason": "engine_unavailable",
    }


def test_a_room_event_has_the_names_of_the_contract() -> None:
    assert to_message(RoomChange("live", ("en", "es")), 1050) == {
        "type": "room",
        "seq": 1050,
        "status": "live",
        "languages": ["en", "es"],
    }


def test_what_an_event_does_not_say_is_left_out() -> None:
    message = to_message(Caption("u1", "en", 1, "Hi", 2, True, 0.0, 1.0, "mic"))
    assert {"seq", "speaker", "correction", "phrases", "lag_ms"}.isdisjoint(message)


def test_phrases_travel_as_a_compact_list() -> None:
    caption = Caption(
        "u1", "en", 2, "Hi. Bye.", 8, True, 0.0, 2.0, "mic",
        correction=True, phrases=(Phrase(3, 0.0, 0.5), Phrase(8, 1.25, 2.0)),
    )  # fmt: skip
    message = to_message(caption)
    assert message["phrases"] == [[3, 0.0, 0.5], [8, 1.25, 2.0]]
    assert message["correction"] is True
    assert from_message(message) == caption


def test_times_are_rounded_to_the_millisecond() -> None:
    message = to_message(Gap("en", 1.00049, 2.0006, "pause"))
    assert (message["start"], message["end"]) == (1.0, 2.001)


def test_a_whole_number_is_a_time_and_unknown_fields_are_ignored() -> None:
    message = {**HOLA_MESSAGE, "start": 12, "colour": "blue"}
    caption = from_message(message)
    assert isinstance(caption, Caption)
    assert (caption.start, type(caption.start)) == (12.0, float)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"type": "song"}, "type must be caption, gap or room"),
        ({"id": None}, "'id' of a caption must be text"),
        ({"rev": "3"}, "'rev' of a caption must be a whole number"),
        ({"rev": True}, "'rev' of a caption must be a whole number"),
        ({"final": 0}, "'final' of a caption must be true or false"),
        ({"end": "late"}, "'end' of a caption must be a number"),
        ({"end": float("inf")}, "'end' of a caption must be a number"),
        ({"end": float("nan")}, "'end' of a caption must be a number"),
        ({"end": 10**400}, "'end' of a caption must be a number"),
        ({"end": 1.0}, "contradicts itself"),
        ({"stable": 99}, "contradicts itself"),
        ({"phrases": {}}, "'phrases' of a caption must be a list"),
        ({"phrases": [[1, 2]]}, r"a phrase must be \[until, start, end\]"),
        ({"phrases": [[1, 2, "3"]]}, "a phrase's end must be a number"),
        ({"type": "room", "status": "sleepy"}, "status must be one of live, paused, idle, ended"),
        ({"type": "room", "status": "live", "languages": [7]}, "language must be text"),
    ],
)
def test_a_message_that_says_no_event_is_bad_input(
    change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(BadInput, match=complaint):
        from_message(HOLA_MESSAGE | change)


times = st.integers(0, 10_000_000).map(lambda ms: ms / 1000)
tags = st.sampled_from(["en", "es", "pt-BR", "zh-Hans"])


@st.composite
def captions(draw: st.DrawFn) -> Caption:
    text = draw(st.text())
    final = draw(st.booleans())
    start, end = sorted((draw(times), draw(times)))
    phrases = st.builds(Phrase, until=st.integers(0, len(text)), start=times, end=times)
    return Caption(
        id=draw(st.text(min_size=1)),
        language=draw(tags),
        rev=draw(st.integers(1, 10**6)),
        text=text,
        stable=len(text) if final else draw(st.integers(0, len(text))),
        final=final,
        start=start,
        end=end,
        track=draw(st.text()),
        speaker=draw(st.none() | st.text()),
        correction=draw(st.booleans()),
        phrases=tuple(draw(st.lists(phrases, max_size=3))),
    )


gaps = st.builds(
    lambda language, ends, reason, track: Gap(language, min(ends), max(ends), reason, track),
    tags,
    st.tuples(times, times),
    st.text(),
    st.none() | st.text(),
)
room_changes = st.builds(
    RoomChange, st.sampled_from(["live", "paused", "idle", "ended"]), st.lists(tags).map(tuple)
)


@settings(max_examples=60)
@given(captions() | gaps | room_changes)
def test_every_event_survives_the_journey_through_json(event: Event) -> None:
    message = json.loads(json.dumps(to_message(event, seq=7)))
    assert message["seq"] == 7
    assert from_message(message) == event
