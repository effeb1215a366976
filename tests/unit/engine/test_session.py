"""A session by its script: what is told, when, and in which order."""

from __future__ import annotations

import itertools

import pytest

from captioner.engine.hypothesis import TimedText
from captioner.engine.session_config import HYPOTHESIS, SEGMENTS, configured
from tests.unit.engine.driving import SILENCE, DrivenSession, said, seconds, texts, types

UTTERANCE = [
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]


def manual(*, include: tuple[str, ...] = (), model: str = "captioner-live") -> DrivenSession:
    session = DrivenSession()
    session.update(
        include=include, turn_detection=None, transcription={"model": model, "language": "en"}
    )
    return session


def test_server_vad_makes_an_item_of_each_utterance(speech: bytes) -> None:
    session = DrivenSession()
    events = session.append(seconds(speech, 0, 13.2))
    assert types(events) == [
        "input_audio_buffer.speech_started",
        *UTTERANCE,
        "input_audio_buffer.speech_started",
        *UTTERANCE,
    ]
    started, stopped, committed, added, _done, _, _, second, _, _ = events
    item = started["item_id"]
    assert 0 <= started["audio_start_ms"] < 1000 < 9000 < stopped["audio_end_ms"] < 11_000
    assert stopped["item_id"] == committed["item_id"] == added["item"]["id"] == item
    assert committed["previous_item_id"] is None
    assert second["previous_item_id"] == item
    job = session.take_final()
    assert job.kind == "final"
    assert job.audio.size / 16 == stopped["audio_end_ms"] - started["audio_start_ms"]
    answer = session.answer(job, said("Printing."))
    assert types(answer) == ["delta", "completed"]
    assert answer[-1]["transcript"] == "Printing."
    assert answer[-1]["languages"] == [{"code": "en"}]
    assert answer[-1]["usage"] == {"type": "duration", "seconds": round(job.audio.size / 16_000, 3)}


def test_positions_count_all_audio_of_the_session(speech: bytes) -> None:
    session = DrivenSession()
    (first,) = session.append(seconds(speech, 0, 3))
    assert types(session.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    (second,) = session.append(seconds(speech, 0, 3))
    assert second["audio_start_ms"] == first["audio_start_ms"] + 3000
    assert second["item_id"] != first["item_id"]


def test_a_commit_ends_the_open_utterance(speech: bytes) -> None:
    session = DrivenSession()
    (started,) = session.append(seconds(speech, 0, 3))
    events = session.commit()
    assert types(events) == UTTERANCE[1:]
    assert events[0]["item_id"] == started["item_id"]
    completed = session.answer(session.take_final(), said("Printing"))[-1]
    assert completed["usage"]["seconds"] == pytest.approx(
        3 - started["audio_start_ms"] / 1000, abs=0.002
    )


def test_a_manual_item_keeps_its_id_from_the_first_word_on(speech: bytes) -> None:
    session = manual(include=(HYPOTHESIS,))
    session.append(seconds(speech, 0, 2))
    first = session.answer(session.take_partial(), said("Printing in"))
    session.append(seconds(speech, 2, 3))
    second = session.answer(session.take_partial(), said("Printing in the only"))
    assert types(first) == ["hypothesis"]
    assert types(second) == ["delta", "hypothesis"]
    assert (texts(second), texts(second, "hypothesis")) == ("Printing in", " the only")
    committed = session.commit()[0]
    last = session.answer(session.take_final(), said("Printing in the only sense."))
    assert types(last) == ["delta", "completed"]
    assert {event["item_id"] for event in [*first, *second, committed, *last]} == {
        committed["item_id"]
    }
    assert texts(session.events) == last[-1]["transcript"] == "Printing in the only sense."
    assert last[-1]["usage"]["seconds"] == 3


def test_the_pieces_of_a_manual_item_are_told_as_one_text(speech: bytes) -> None:
    session = manual(include=(SEGMENTS,))
    session.append(seconds(speech, 0, 13.2))
    first, second = session.take_final(), session.take_final()
    assert session.answer(second, said("modern.", TimedText(" modern.", 0.2, 1.0))) == []
    told = session.answer(
        first, said("Printing is", TimedText(" Printing", 0.0, 2.0), TimedText(" is", 2.0, 4.0))
    )
    assert types(told) == ["delta", "segment", "segment", "delta", "segment"]
    completed = session.commit()[-1]
    assert completed["transcript"] == texts(told) == texts(told, "segment") == "Printing is modern."
    starts = [event["start"] for event in told if "start" in event]
    assert starts[0] < 1.0 and starts[2] > 9.0, "seconds from the item's first sample"


def test_an_accurate_model_tells_nothing_before_the_commit(speech: bytes) -> None:
    session = manual(model="captioner-accurate")
    session.append(speech)
    assert session.session.transcriber.partial_due is None
    jobs = [session.take_final() for _ in range(2)]
    assert {job.kind for job in jobs} == {"accurate"}
    assert all(job.audio.size <= 30 * 16_000 for job in jobs)
    assert session.answer(jobs[0], said("One")) == []
    committed = session.commit()
    assert types(committed) == [*UTTERANCE[1:], "delta"]
    told = session.answer(jobs[1], said("two"))
    told += session.answer(session.take_final(), said("three."))
    assert types(told) == ["delta", "delta", "completed"]
    assert told[-1]["transcript"] == "One two three."


def test_nothing_of_ours_is_told_unasked(speech: bytes) -> None:
    session = DrivenSession()
    session.update(transcription={"language": "en"})
    session.append(seconds(speech, 0, 2))
    session.answer(session.take_partial(), said("Printing in"))
    session.commit()
    session.answer(
        session.take_final(), said("Printing in the", TimedText(" Printing in the", 0, 2))
    )
    assert not {"hypothesis", "segment"} & set(types(session.events))


def test_silence_is_an_item_without_words() -> None:
    session = manual()
    session.append(SILENCE * 2)
    events = session.commit()
    assert types(events) == [*UTTERANCE[1:], "completed"]
    assert events[-1]["transcript"] == ""
    assert events[-1]["languages"] == []
    assert events[-1]["usage"] == {"type": "duration", "seconds": 2.0}


@pytest.mark.parametrize("turn_detection", [None, {"type": "server_vad"}])
def test_a_commit_needs_100_ms(turn_detection: object) -> None:
    session = DrivenSession()
    session.update(turn_detection=turn_detection)
    session.append(SILENCE[: round(0.09 * 48_000)])
    (answer,) = session.commit()
    assert answer["error"]["code"] == "input_audio_buffer_commit_empty"
    assert "90ms" in answer["error"]["message"]
    session.append(SILENCE[: round(0.01 * 48_000)])
    assert types(session.commit())[0] == "input_audio_buffer.committed"
    assert session.commit()[0]["error"]["code"] == "input_audio_buffer_commit_empty"


def test_what_was_cleared_is_never_told(speech: bytes) -> None:
    session = manual()
    session.append(seconds(speech, 0, 11))
    partial = session.take_partial() if session.session.transcriber.partial_due else None
    final = session.take_final()
    session.send("input_audio_buffer.clear")
    assert session.answer(final, said("Printing")) == []
    if partial is not None:
        assert session.answer(partial, said("in")) == []
    assert not session.session.transcriber.finals
    assert session.session.transcriber.undecided_s == 0


def test_items_complete_in_their_order(speech: bytes) -> None:
    session = DrivenSession()
    session.append(seconds(speech, 0, 13.2))
    first, second = session.take_final(), session.take_final()
    assert types(session.answer(second, said("Two."))) == ["delta"]
    told = session.answer(first, said("One."))
    assert types(told) == ["delta", "completed", "completed"]
    assert [event["transcript"] for event in told[1:]] == ["One.", "Two."]


def until_a_guess(session: DrivenSession, pcm: bytes) -> bytes:
    """Speak until a pause is noticed; return what of `pcm` is still to be said."""
    while pcm:
        session.append(pcm[:1536])
        pcm = pcm[1536:]
        if session.session.transcriber.offers_guess:
            return pcm
    raise AssertionError("nobody paused")


def test_what_was_decoded_in_the_pause_is_the_final(speech: bytes) -> None:
    session = DrivenSession()
    rest = until_a_guess(session, seconds(speech, 10.3, 13.1))
    guess = session.session.transcriber.take_guess()
    assert guess.kind == "final"
    assert session.answer(guess, said("in being modern.")) == []
    events = session.append(rest + SILENCE)
    assert types(events) == ["delta", *UTTERANCE, "completed"]
    assert not session.session.transcriber.finals


def test_a_guess_that_is_still_decoded_becomes_the_final(speech: bytes) -> None:
    session = DrivenSession()
    rest = until_a_guess(session, seconds(speech, 10.3, 13.1))
    guess = session.session.transcriber.take_guess()
    assert types(session.append(rest + SILENCE)) == UTTERANCE
    assert not session.session.transcriber.finals
    assert types(session.answer(guess, said("in being modern."))) == ["delta", "completed"]


@pytest.mark.parametrize("fails", [True, False])
def test_a_guess_that_was_wrong_or_failed_costs_nothing(speech: bytes, fails: bool) -> None:
    session = DrivenSession()
    until_a_guess(session, seconds(speech, 10.3, 13.1))
    guess = session.session.transcriber.take_guess()
    if fails:
        session.session.transcriber.failed(guess, RuntimeError(), session.now)
    session.commit()
    assert session.answer(guess, said("Wrong.")) == []
    assert session.answer(session.take_final(), said("Right."))[-1]["transcript"] == "Right."


def test_speech_in_a_hurry_is_not_guessed_at(speech: bytes) -> None:
    session = DrivenSession(hurried=True)
    with pytest.raises(AssertionError, match="nobody paused"):
        until_a_guess(session, SILENCE * 16 + seconds(speech, 10.3, 13.1))


def test_partials_are_decoded_at_their_places_in_the_audio(speech: bytes) -> None:
    session = DrivenSession(hurried=True)
    session.update(transcription={"language": "en"})
    session.append(seconds(speech, 0, 4))
    lengths = []
    for _ in range(3):
        job = session.take_partial()
        assert session.session.transcriber.partial_due is None, "one after the other"
        lengths.append(job.audio.size / 16_000)
        session.answer(job, said("Printing in the only sense"))
    steps = [b - a for a, b in itertools.pairwise(lengths)]
    assert steps == pytest.approx([0.7, 0.7], abs=0.033)


def test_a_partial_that_waited_long_is_taken_with_the_newest_audio(speech: bytes) -> None:
    session = DrivenSession()
    session.update(transcription={"language": "en"})
    session.append(seconds(speech, 0, 1.6))
    start_s = session.events[-1]["audio_start_ms"] / 1000
    assert session.take_partial().audio.size / 16_000 == pytest.approx(1.6 - start_s, abs=0.05)


def test_partials_that_nobody_had_time_for_are_left_out(speech: bytes) -> None:
    session = DrivenSession()
    session.update(transcription={"language": "en"})
    session.append(seconds(speech, 0, 13.2))
    kinds = [final.job.kind for final in session.session.transcriber.finals]
    assert kinds.count("final") == 2
    assert kinds.count("partial") <= 2


def test_a_final_that_waited_long_is_decoded_fast(speech: bytes) -> None:
    session = DrivenSession()
    session.update(transcription={"language": "en"})
    session.append(seconds(speech, 0, 13.2))
    old = session.take_final()
    assert old.late
    session.commit()
    new = session.take_final()
    while new.audio is old.audio or session.session.transcriber.finals:
        new = session.take_final()
    assert not new.late


def test_a_final_that_is_late_waits_for_nothing_that_can_be_left_out(speech: bytes) -> None:
    session = DrivenSession(hurried=True)
    session.update(transcription={"language": "en"})
    session.append(seconds(speech, 0, 13.2))
    waiting = [final.job.kind for final in session.session.transcriber.finals]
    assert waiting[0] == "partial"
    session.now += 1
    assert session.session.transcriber.take_final(session.now).job.kind == "final"


def test_a_decode_that_fails_fails_its_item_only(speech: bytes) -> None:
    session = DrivenSession()
    session.append(seconds(speech, 0, 13.2))
    first, second = session.take_final(), session.take_final()
    session.session.transcriber.failed(first, RuntimeError("out of memory"), session.now)
    failed = session.events[-1]
    assert types([failed]) == ["failed"]
    assert failed["error"]["code"] == "transcription_failed"
    assert "out of memory" not in failed["error"]["message"]
    assert types(session.answer(second, said("Two."))) == ["delta", "completed"]
    assert session.append(seconds(speech, 13, 16)), "the session goes on"


def test_a_partial_that_fails_costs_nothing(speech: bytes) -> None:
    session = manual()
    session.append(seconds(speech, 0, 2))
    session.session.transcriber.failed(session.take_partial(), RuntimeError(), session.now)
    session.append(seconds(speech, 2, 3))
    assert session.answer(session.take_partial(), said("Printing")) == []
    session.commit()
    assert session.answer(session.take_final(), said("Printing"))[-1]["transcript"] == "Printing"


def test_half_a_sample_is_refused_and_nothing_of_it_is_kept() -> None:
    session = manual()
    (answer,) = session.append(bytes(48_001), step_s=2)
    assert (answer["error"]["code"], answer["error"]["param"]) == ("invalid_value", "audio")
    assert session.commit()[0]["error"]["code"] == "input_audio_buffer_commit_empty"


def test_prompt_and_keywords_reach_the_recogniser(speech: bytes) -> None:
    session = DrivenSession()
    session.update(transcription={"prompt": "On type.", "keywords": ["Gutenberg", "Mainz"]})
    session.append(seconds(speech, 0, 11))
    job = session.take_final()
    assert (job.prompt, job.keywords) == ("On type.", ("Gutenberg", "Mainz"))


def test_a_session_may_begin_configured() -> None:
    session = DrivenSession()
    session.session.create(configured("captioner-accurate"))
    transcription = session.events[-1]["session"]["audio"]["input"]["transcription"]
    assert transcription["model"] == "captioner-accurate"


def test_previous_item_ids_make_one_chain(speech: bytes) -> None:
    session = DrivenSession()
    session.append(speech)
    session.commit()
    committed = [e for e in session.events if e["type"] == "input_audio_buffer.committed"]
    assert len(committed) > 3
    for before, item in itertools.pairwise(committed):
        assert item["previous_item_id"] == before["item_id"]
