"""A session finds out its language once, from enough speech, and keeps it."""

from __future__ import annotations

from tests.unit.engine.driving import DrivenSession, said, seconds, types


def test_the_language_that_was_told_is_used(speech: bytes) -> None:
    session = DrivenSession()
    session.update(transcription={"language": "pt-BR"})
    session.append(seconds(speech, 0, 1.5))
    assert session.take_partial().language == "pt"


def test_three_seconds_decide_for_good(speech: bytes) -> None:
    session = DrivenSession()
    session.append(seconds(speech, 0, 2))
    assert session.session.transcriber.partial_due is None, "too little to tell the language"
    session.append(seconds(speech, 2, 4))
    partial = session.take_partial()
    assert partial.language is None
    session.answer(partial, said("Drucken", language="de"))
    session.append(seconds(speech, 4, 13.2))
    assert {session.take_final().language for _ in range(2)} == {"de"}


def test_a_short_first_word_is_a_guess_that_more_speech_may_correct(speech: bytes) -> None:
    session = DrivenSession()
    session.append(seconds(speech, 0, 2))
    session.commit()
    short = session.take_final()
    assert short.language is None
    assert session.answer(short, said("Print", language="nl"))[-1]["languages"] == [{"code": "nl"}]
    session.append(seconds(speech, 0, 2))
    session.commit()
    assert session.take_final().language == "nl"
    session.append(seconds(speech, 0, 11))
    assert session.take_final().language is None


def test_noise_has_no_language(speech: bytes) -> None:
    session = DrivenSession()
    session.append(seconds(speech, 0, 13.2))
    noise = session.take_final()
    session.answer(noise, said("", language="ko"))
    session.append(seconds(speech, 13.2, 24.5))
    session.take_final()
    assert session.take_final().language is None


def test_a_language_that_was_not_offered_is_decoded_again(speech: bytes) -> None:
    session = DrivenSession()
    session.update(transcription={"languages": ["es", "pt"]})
    session.append(seconds(speech, 0, 11))
    assert session.answer(session.take_final(), said("Stampare", language="it")) == []
    again = session.take_final()
    assert again.language == "es"
    told = session.answer(again, said("Imprimir", language="es"))
    assert types(told) == ["delta", "completed"]
    assert told[-1]["languages"] == [{"code": "es"}]
