"""An engine that was given nobody who translates or speaks."""

from __future__ import annotations

import pytest

from captioner.engine.conversation.abilities import Abilities
from captioner.engine.opening import asked_for, models
from captioner.engine.protocol_error import ProtocolError


@pytest.mark.parametrize(
    "address",
    [
        "/v1/realtime?model=captioner-translate",
        "/v1/realtime?model=captioner-voice",
        "/v1/realtime/translations?model=captioner-live-translate",
    ],
)
def test_an_engine_that_only_recognises_says_what_to_install(address: str) -> None:
    with pytest.raises(ProtocolError, match="pip install") as refused:
        asked_for(address, None, Abilities())
    assert refused.value.code == "unsupported"


def test_an_engine_that_only_recognises_names_no_other_models() -> None:
    assert models(Abilities()) == ("captioner-live", "captioner-accurate")
