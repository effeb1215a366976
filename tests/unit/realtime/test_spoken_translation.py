"""One translation session, against a server that is as strict as the real one."""

from __future__ import annotations

from typing import Any

import pytest

from captioner.realtime.partners import hears
from captioner.realtime.spoken_translation import Complaint, SpokenTranslation, Words
from captioner.realtime.trouble import Remedy, SessionEnded
from tests.unit.realtime.interpreting import PARTNER
from tests.unit.realtime.peers.interpreting import FRAME_BYTES, InterpretingPeer
from tests.unit.realtime.peers.peer import Close


def told(session: SpokenTranslation, answers: Any) -> list[Any]:
    found = [session.receive(event) for event in answers if not isinstance(event, Close)]
    return [one for one in found if one is not None]


def configured(peer: InterpretingPeer, language: str = "fr") -> SpokenTranslation:
    session = SpokenTranslation(PARTNER, language)
    assert told(session, peer.begin()) == []
    assert not session.ready
    assert told(session, peer.hear(session.configure())) == []
    return session


def test_a_session_is_told_its_language_and_hears_to_its_last_word() -> None:
    peer = InterpretingPeer(expires_at=1_800_000_000)
    session = configured(peer)
    assert session.ready and peer.language == "fr"
    assert session.expires_at == 1_800_000_000.0
    heard = [t for _ in range(10) for t in told(session, peer.hear(session.append(bytes(9600))))]
    assert heard == [Words("w0", 1.0)]
    assert told(session, peer.hear(session.close())) == [Words(" w1", 2.0)]
    assert session.closed


def test_a_server_that_translates_to_another_language_is_not_used() -> None:
    session = SpokenTranslation(PARTNER, "fr")
    event = {"type": "session.updated", "session": {"audio": {"output": {"language": "es"}}}}
    with pytest.raises(SessionEnded, match="translates to es, not to fr") as error:
        session.receive(event)
    assert error.value.remedy is Remedy.REFUSED


def test_a_refused_configuration_ends_the_session() -> None:
    with pytest.raises(SessionEnded, match="Invalid value") as error:
        configured(InterpretingPeer(), "tlh")
    assert error.value.remedy is Remedy.REFUSED


@pytest.mark.parametrize(
    ("fault", "remedy"), [("expired", Remedy.RENEW), ("overloaded", Remedy.WAIT)]
)
def test_errors_say_what_there_is_to_do(fault: Any, remedy: Remedy) -> None:
    peer = InterpretingPeer(fault)
    session = configured(peer)
    peer.after = 0.2
    with pytest.raises(SessionEnded) as error:
        told(session, peer.hear(session.append(bytes(FRAME_BYTES))))
    assert error.value.remedy is remedy


def test_an_error_that_ends_nothing_is_told() -> None:
    peer = InterpretingPeer("complains", after=0.2)
    session = configured(peer)
    (complaint,) = told(session, peer.hear(session.append(bytes(FRAME_BYTES))))
    assert isinstance(complaint, Complaint) and "Invalid 'audio'" in complaint.message


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "session.output_transcript.delta"},
        {"type": "session.output_transcript.delta", "delta": ""},
        {"type": "session.input_transcript.delta", "delta": "Hello", "elapsed_ms": 200},
        {"type": "something.new"},
    ],
)
def test_what_is_odd_or_not_needed_is_passed_over(event: dict[str, Any]) -> None:
    session = configured(InterpretingPeer())
    assert session.receive(event) is None


def test_words_without_a_time_are_words() -> None:
    session = configured(InterpretingPeer())
    event = {"type": "session.output_transcript.delta", "delta": "Oui", "elapsed_ms": None}
    assert session.receive(event) == Words("Oui", None)


def test_languages_are_spelt_as_the_server_knows_them() -> None:
    assert [PARTNER.spelt(tag) for tag in ("pt-BR", "zh-Hans", "sv")] == ["pt", "zh", None]
    own = hears("captioner", "captioner-live-translate")
    assert own is not None and own.spelt("pt-BR") == "pt-BR"
    assert hears("openai", "gpt-realtime-2.1-mini") is None
