"""What is not an event of the protocol is refused in the protocol's words."""

from __future__ import annotations

import base64
import json

import pytest

from captioner.engine.client_events import Append, parse
from captioner.engine.envelope import MAX_APPEND_BYTES
from captioner.engine.protocol_error import ProtocolError


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        (b"\x00\x01", "invalid_event", None),
        ("{", "invalid_json", None),
        ("[]", "invalid_event", None),
        ("{}", "missing_required_parameter", "type"),
        ('{"type":"response.create"}', "invalid_value", "type"),
        ('{"type":7}', "invalid_value", "type"),
        ('{"type":"session.update"}', "missing_required_parameter", "session"),
        ('{"type":"session.update","session":[]}', "invalid_type", "session"),
        ('{"type":"input_audio_buffer.commit","event_id":1}', "invalid_type", "event_id"),
        ('{"type":"input_audio_buffer.commit","final":true}', "unknown_parameter", "final"),
        ('{"type":"input_audio_buffer.append"}', "missing_required_parameter", "audio"),
        ('{"type":"input_audio_buffer.append","audio":[1]}', "invalid_type", "audio"),
        ('{"type":"input_audio_buffer.append","audio":"AA=A"}', "invalid_value", "audio"),
        ('{"type":"input_audio_buffer.append","audio":"AAA\\n="}', "invalid_value", "audio"),
    ],
)
def test_a_message_that_is_no_event_is_refused(
    message: str | bytes, code: str, param: str | None
) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse(message)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_the_refusal_names_the_clients_event() -> None:
    with pytest.raises(ProtocolError) as refused:
        parse('{"type":"input_audio_buffer.append","event_id":"mine"}')
    assert refused.value.event_id == "mine"


def test_an_append_holds_up_to_15_mib() -> None:
    whole = json.dumps(
        {
            "type": "input_audio_buffer.append",
            "audio": base64.b64encode(bytes(MAX_APPEND_BYTES)).decode(),
        }
    )
    event = parse(whole)
    assert isinstance(event, Append) and len(event.audio) == MAX_APPEND_BYTES
    with pytest.raises(ProtocolError, match="15 MiB"):
        parse(whole.replace('"audio": "', '"audio": "AAAA'))
