"""Pitfalls of order and loss: what a server leaves out, says late or says of another item."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captioner.audio.pcm import SAMPLE_RATE, silence
from captioner.captions.recognition import Committed, SpeechStarted
from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.providers import OPENAI, Provider, without_turns
from captioner.realtime.session import Session
from captioner.realtime.trouble import Unanswered
from tests.faults.script import (
    AtSecond,
    Disconnect,
    Fails,
    HeldBack,
    Late,
    Missing,
    OverSpeed,
    SwallowsOnUpdate,
    Twice,
)
from tests.realtime_faults import Script, spoken
from tests.unit.realtime.test_survival import PROVIDERS, UTTERANCES, captioned

WORDS = " ".join(UTTERANCES).split()
TRANSCRIPTION = "conversation.item.input_audio_transcription"
UNPROBED = {name: p for name, p in PROVIDERS.items() if not p.probes}
DETECTING = {name: p for name, p in PROVIDERS.items() if p.turns == "server"}


def every(providers: dict[str, Provider] = PROVIDERS) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("provider", providers.values(), ids=providers)


def manual() -> Session:
    session = Session(Configuration(without_turns(replace(OPENAI, model="m")), Wishes()))
    session.receive({"type": "session.updated"})
    return session


def committed(item: str, previous: str | None = None) -> dict[str, object]:
    return {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": previous}


def uttered(session: Session, seconds: float = 1.0) -> str:
    """An utterance is sent and committed; the id of the commit."""
    session.begin(session.position)
    session.append(silence(round(seconds * SAMPLE_RATE)))
    (commit,) = [message for message in session.commit() if ".commit" in message]
    return commit.split('"')[-2]


@every()
def test_completions_out_of_order_are_told_in_the_order_of_speech(provider: Provider) -> None:
    script = Script(((HeldBack("completed", 1, 2), HeldBack("completed", 4, 1)),))
    assert captioned(script, provider).words == WORDS


@every()
def test_a_completion_that_never_comes_holds_up_the_others_for_a_while_only(
    provider: Provider,
) -> None:
    track = captioned(Script(((Missing("completed", 2),),)), provider)
    assert track.words == WORDS


@every()
def test_a_completion_after_its_time_corrects_the_caption_and_makes_no_other(
    provider: Provider,
) -> None:
    script = Script(((Late("completed", 2, provider.completes + 5.0),),))
    track = captioned(script, provider, spoken(*UTTERANCES * 4, pause_s=1.0))
    assert track.words == WORDS * 4
    assert len(track.finals) == len(UTTERANCES) * 4


@every()
def test_a_failed_item_ends_no_session(provider: Provider) -> None:
    track = captioned(Script(((Fails(2),),)), provider)
    assert track.words == WORDS


@every()
def test_what_is_said_twice_is_told_once(provider: Provider) -> None:
    kinds = ("speech_started", "speech_stopped", "committed", "completed", "added")
    faults = tuple(Twice(kind, None, seconds) for kind in kinds for seconds in (0.0, 1.0))
    assert captioned(Script((faults,)), provider).words == WORDS


@every(DETECTING)
def test_an_item_that_the_server_never_mentions_again_is_heard_again(provider: Provider) -> None:
    missing = tuple(Missing(kind, 1) for kind in ("speech_stopped", "committed", "completed"))
    assert captioned(Script((missing,)), provider).words == WORDS


@every(UNPROBED)
def test_what_is_heard_again_is_sent_slowly_enough_for_a_server_that_drops_the_rest(
    provider: Provider,
) -> None:
    script = Script(((Disconnect(AtSecond(6.0)),),), always=(OverSpeed(4.0, burst_s=1.2),))
    track = captioned(script, provider)
    assert track.words == WORDS


@every(UNPROBED)
def test_no_update_is_sent_to_a_server_that_it_would_cost_the_audio(provider: Provider) -> None:
    script = Script(((Disconnect(AtSecond(6.0)),),), always=(SwallowsOnUpdate(),))
    assert captioned(script, provider).words == WORDS


def test_commits_are_matched_in_their_order_whatever_items_are_called() -> None:
    session = manual()
    for seconds in (1.0, 2.0, 3.0):
        uttered(session, seconds)
    told = [event for name in "xyz" for event in session.receive(committed(name))]
    assert told == [
        Committed("x", None, 0.0, 1.0),
        Committed("y", "x", 1.0, 3.0),
        Committed("z", "y", 3.0, 6.0),
    ]


def test_deltas_go_to_their_own_items() -> None:
    session = manual()
    for _ in range(2):
        uttered(session)
    for item, text in [("a", "one"), ("b", "two"), ("a", " more")]:
        session.receive({"type": f"{TRANSCRIPTION}.delta", "item_id": item, "delta": text})
    assert [session.utterances.find(name).said for name in "ab"] == ["one more", "two"]  # type: ignore[union-attr]


def test_a_refused_commit_is_found_by_the_id_that_the_error_repeats() -> None:
    session = Session(
        Configuration(without_turns(replace(OPENAI, model="m")), Wishes()), retried_until=99.0
    )
    session.receive({"type": "session.updated"})
    _, second, _ = (uttered(session) for _ in range(3))
    error = {"code": "input_audio_buffer_commit_empty", "event_id": second}
    assert session.receive({"type": "error", "error": error}) == []
    told = [event for name in "xz" for event in session.receive(committed(name))]
    assert told == [Committed("x", None, 0.0, 1.0), Committed("z", "x", 2.0, 3.0)]


def test_an_utterance_whose_commit_is_refused_is_heard_again_once() -> None:
    session = manual()
    commit = uttered(session)
    error = {"code": "input_audio_buffer_commit_empty", "event_id": commit}
    with pytest.raises(Unanswered):
        session.receive({"type": "error", "error": error})


def test_too_little_to_be_committed_is_filled_up_with_silence() -> None:
    session = manual()
    uttered(session, 0.05)
    assert session.sent >= 0.1
    assert session.position == pytest.approx(0.05)


def test_nothing_wakes_a_server_that_would_forget_an_utterance_by_it() -> None:
    session = manual()
    assert session.stay_awake() == ['{"type":"input_audio_buffer.clear"}']
    session.begin(0.0)
    session.append(silence(SAMPLE_RATE))
    assert session.stay_awake() == []


def test_a_turn_that_has_just_begun_survives_a_commit_of_nothing() -> None:
    session = Session(Configuration(replace(OPENAI, model="m"), Wishes()))
    session.receive({"type": "session.updated"})
    session.append(silence(5 * SAMPLE_RATE))
    started = {"type": "input_audio_buffer.speech_started", "audio_start_ms": 4700, "item_id": "a"}
    assert session.receive(started) == [SpeechStarted("a", 4.7)]
    session.commit()
    error = {"type": "error", "error": {"code": "input_audio_buffer_commit_empty"}}
    assert session.receive(error) == []
    assert session.utterances.speaking == 4.7
