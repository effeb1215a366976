"""Secrets bring a session along, to whoever shows them, until they expire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.realtime import (
    ClientSecretCreateResponse,
    RealtimeTranslationClientSecretCreateResponse,
)
from websockets.datastructures import Headers

from captioner.engine.client_secrets import MOST, ClientSecrets
from captioner.engine.protocol_error import ProtocolError
from tests.contract.sdk import left_over

NOW = 1000.5


def created(secrets: ClientSecrets, *, translation: bool = False, **body: Any) -> dict[str, Any]:
    return secrets.create(json.dumps(body).encode(), NOW, translation=translation)


@pytest.mark.parametrize(
    "session",
    [{}, {"type": "realtime", "model": "captioner-voice"}, {"type": "transcription"}],
    ids=lambda session: str(session.get("type")),
)
def test_the_answer_is_what_the_sdk_expects(session: dict[str, Any]) -> None:
    secret = created(ClientSecrets(), session=session)
    answer = ClientSecretCreateResponse.model_validate(secret)
    assert list(left_over(answer)) == []
    assert answer.value.startswith("ek_") and answer.expires_at == 1600


def test_the_answer_for_translations_is_too() -> None:
    session = {"audio": {"output": {"language": "fr"}}}
    secret = created(ClientSecrets(), translation=True, session=session)
    answer = RealtimeTranslationClientSecretCreateResponse.model_validate(secret)
    assert list(left_over(answer)) == []
    assert answer.session.audio.to_dict()["output"] == {"language": "fr"}


def test_a_secret_is_shown_as_servers_do_or_as_browsers_do() -> None:
    secrets = ClientSecrets()
    session = {"type": "transcription"}
    value = created(secrets, session=session, expires_after={"seconds": 60})["value"]
    bearer = Headers({"Authorization": f"Bearer {value}"})
    browser = Headers({"Sec-WebSocket-Protocol": f"realtime, openai-insecure-api-key.{value}"})
    for headers in (bearer, browser):
        assert secrets.brought_by(headers, NOW + 59) == session
        assert secrets.brought_by(headers, NOW + 60) is None
    assert secrets.brought_by(Headers({"Authorization": "Bearer ek_other"}), NOW) is None
    assert secrets.brought_by(Headers(), NOW) is None


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 9}}, "body.expires_after.seconds"),
        ({"session": {"type": "transcription", "speed": 2}}, "session.speed"),
        ({"session": {"type": "poetry"}}, "session.type"),
    ],
)
def test_a_session_that_cannot_be_is_refused(body: dict[str, Any], param: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        created(ClientSecrets(), **body)
    assert refused.value.param == param


def test_the_oldest_secrets_are_forgotten() -> None:
    secrets = ClientSecrets()
    first, *_, last = (created(secrets)["value"] for _ in range(MOST + 1))
    shown = [Headers({"Authorization": f"Bearer {value}"}) for value in (first, last)]
    assert [secrets.brought_by(headers, NOW) is None for headers in shown] == [True, False]
