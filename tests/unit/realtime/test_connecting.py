"""Pitfalls of connecting and configuring: what is sent first, and what of it may be refused."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from captioner.errors import EngineUnavailable
from captioner.realtime.choice import Keys, choices
from captioner.realtime.configuration import Configuration, Wishes
from captioner.realtime.connection import connector
from captioner.realtime.engines import Engine
from captioner.realtime.opening import try_out
from captioner.realtime.providers import OPENAI, Provider, openai
from captioner.realtime.session import Session
from tests.faults.script import Missing, Rejects, Unconfigured
from tests.realtime_faults import FaultServer, Script, in_memory
from tests.unit.realtime.peers.carrier import serving
from tests.unit.realtime.peers.models import MODELS
from tests.unit.realtime.peers.openai import KEY, OpenAIPeer
from tests.unit.realtime.test_survival import DETECTING, PROVIDERS, UTTERANCES, captioned
from tests.virtual_time import run_virtual

Refuse = Callable[[str], Mapping[str, Any]]
"""The error that refuses an option."""

WORDS = " ".join(UTTERANCES).split()
KEYS = Keys("sk-openai", azure="az-key", azure_url="https://mine.openai.azure.com", server="own")
GATEWAYS = [
    "wss://gateway.example/v1/realtime?model=whisper-large",
    "speaches+ws://host:8000/v1/realtime?model=whisper-large&intent=transcription",
    "localai+ws://host:8080/v1/realtime?model=meeting",
    "vllm+ws://host:8000/v1/realtime?model=voxtral",
]


def query_of(url: str) -> Mapping[str, list[str]]:
    return parse_qs(urlsplit(url).query)


@pytest.mark.parametrize("engine", ["openai", *(f"openai/{model}" for model in MODELS)])
def test_the_address_of_openai_never_names_a_model(engine: str) -> None:
    (choice,) = choices(engine, KEYS)
    assert query_of(choice.url) == {"intent": ["transcription"]}
    assert choice.provider.model in (engine.removeprefix("openai/"), "gpt-live-transcribe")


@pytest.mark.parametrize("engine", GATEWAYS)
def test_the_address_of_a_gateway_keeps_its_model(engine: str) -> None:
    (choice,) = choices(engine, KEYS)
    assert query_of(choice.url)["model"] == query_of(engine)["model"]


@pytest.mark.parametrize("engine", ["openai", "azure/d", "azure-preview/d", *GATEWAYS])
def test_no_beta_header_is_sent(engine: str) -> None:
    (choice,) = choices(engine, KEYS)
    assert set(choice.headers) <= {"Authorization", "api-key"}


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_no_audio_is_sent_before_the_configuration_is_confirmed(provider: Provider) -> None:
    track = captioned(Script(always=(Unconfigured(),)), provider)
    assert track.words == WORDS


def test_a_configuration_that_is_never_confirmed_is_given_up_in_time() -> None:
    async def tried() -> FaultServer:
        server = FaultServer(Script(((Missing("updated"),),)))
        with pytest.raises(EngineUnavailable, match="did not confirm"):
            await try_out(Engine(DETECTING, in_memory(server)))
        return server

    server = run_virtual(tried(), longest_s=DETECTING.configures + 1)
    assert [session.heard_s for session in server.sessions] == [0.0]


ASKING = replace(
    DETECTING,
    language="languages",
    delay="low",
    noise_reduction="far_field",
    include=("item.input_audio_transcription.logprobs",),
)
WISHES = Wishes("de", keywords=("Kubernetes",), prompt="A talk")
OPTIONS = ["keywords", "prompt", "languages", "delay", "noise_reduction", "include"]


def configured(refuse: Refuse, option: str) -> Session:
    """A session that is confirmed once it does without the option."""
    session = Session(Configuration(ASKING, WISHES))
    (message,) = session.configure()
    for _ in range(5):
        if f'"{option}"' not in message or '"turn_detection": null' in message:
            session.receive({"type": "session.updated"})
            return session
        session.receive({"type": "error", "error": refuse(option)})
        (message,) = session.take_replies()
    raise AssertionError("it insists on the option")


REFUSALS: dict[str, Refuse] = {
    "by its place": lambda option: {
        "code": "invalid_value",
        "message": "no",
        "param": f"session.audio.input.{option}",
    },
    "by a part of it": lambda option: {
        "code": "unknown_parameter",
        "message": "no",
        "param": f"session.audio.input.transcription.{option}[0]",
    },
    "by its older name": lambda option: {
        "code": "unsupported_parameter",
        "message": "no",
        "param": f"session.input_audio_{option}",
    },
    "in words": lambda option: {
        "message": f"{option.replace('_', ' ').title()} is not supported for this model."
    },
    "in words, by the place of all": lambda option: {
        "code": "invalid_value",
        "message": f"'{option}' is not supported.",
        "param": "session.audio.input.transcription",
    },
}


@pytest.mark.parametrize("refuse", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("option", [*OPTIONS, "turn_detection"])
def test_a_refused_option_is_left_out(option: str, refuse: Refuse) -> None:
    session = configured(refuse, option)
    assert session.ready
    assert session.left_out == [option]


def test_where_turns_are_refused_they_are_found_here() -> None:
    session = configured(REFUSALS["by its place"], "turn_detection")
    assert (session.provider.turns, session.provider.vad) == ("manual", None)
    track = captioned(Script(always=(Rejects("turn_detection"),)), DETECTING)
    assert track.words == WORDS


def test_a_refused_option_is_said_once_a_session(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    track = captioned(Script(always=(Rejects("language"),)), DETECTING)
    assert track.words == WORDS
    assert [r.message for r in caplog.records if "does not take" in r.message] == [
        "fake does not take 'language': captions go on without it"
    ]


def test_a_model_that_is_refused_is_no_option() -> None:
    session = Session(Configuration(ASKING, WISHES))
    error = {"code": "invalid_value", "param": "session.audio.input.transcription.model"}
    with pytest.raises(EngineUnavailable):
        session.receive({"type": "error", "error": error | {"message": "no such model"}})


@pytest.mark.parametrize("model", ["", *MODELS])
def test_every_field_of_turn_detection_is_told(model: str) -> None:
    provider = openai(model)
    (message,) = Session(Configuration(provider, Wishes())).configure()
    asked = json.loads(message)["session"]["audio"]["input"]["turn_detection"]
    if provider.turns == "manual":
        assert asked is None
    else:
        assert set(asked) == {
            "type",
            "threshold",
            "prefix_padding_ms",
            "silence_duration_ms",
        }


def test_a_session_that_would_transcribe_nothing_is_none() -> None:
    session = Session(Configuration(replace(OPENAI, model="m"), Wishes()))
    updated = {"type": "session.updated", "session": {"audio": {"input": {"transcription": None}}}}
    with pytest.raises(EngineUnavailable, match="would not transcribe"):
        session.receive(updated)
    assert not session.ready


@asynccontextmanager
async def answering(
    respond: Callable[[ServerConnection, Request], Response | None], *says: str
) -> AsyncIterator[str]:
    """A server that answers handshakes, and says something to whom it lets in."""

    async def greet(socket: ServerConnection) -> None:
        for message in says:
            await socket.send(message)
        await socket.wait_closed()

    async with serve(greet, "127.0.0.1", 0, process_request=respond) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1/realtime"


SECRETS = {"Authorization": f"Bearer {KEY}", "api-key": KEY}


@pytest.mark.anyio
async def test_a_key_follows_nobody_to_another_address() -> None:
    seen: list[Headers] = []

    def note(_: ServerConnection, request: Request) -> None:
        seen.append(request.headers)

    async with answering(note) as elsewhere:

        def send_away(_: ServerConnection, _request: Request) -> Response:
            return Response(307, "Temporary Redirect", Headers(Location=elsewhere))

        async with answering(send_away) as url:
            with pytest.raises(EngineUnavailable, match="307"):
                async with connector(url, SECRETS, secret=KEY)():
                    pass
    assert seen == []


@pytest.mark.anyio
async def test_a_key_is_in_no_log_exception_or_event(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = {"type": "error", "error": {"message": f"Incorrect API key: {KEY}", "param": KEY}}
    async with answering(lambda *_: None, json.dumps(error)) as url:
        async with connector(url, SECRETS, secret=KEY)() as connection:
            assert KEY not in str(await connection.receive())

    def refuse(socket: ServerConnection, _: Request) -> Response:
        return socket.respond(401, f"Incorrect API key: {KEY}")

    async with answering(refuse) as url:
        with pytest.raises(EngineUnavailable) as raised:
            async with connector(url, SECRETS, secret=KEY)():
                pass
    assert KEY not in "".join(traceback.format_exception(raised.value))
    async with serving(lambda: OpenAIPeer(key="another")) as url:
        url = f"{url}/v1/realtime?intent=transcription"
        with pytest.raises(EngineUnavailable):
            await try_out(Engine(openai(), connector(url, SECRETS, secret=KEY)))
    ours = [record for record in caplog.records if record.name != "websockets.server"]
    assert KEY not in "".join(record.getMessage() for record in ours)
    assert KEY not in repr(choices("openai", Keys(KEY)))


def test_a_key_in_an_address_is_as_secret_as_any_other() -> None:
    (choice,) = choices(f"speaches+ws://host:8000/v1/realtime?model=m&api_key={KEY}", Keys())
    assert choice.secret == KEY
    assert KEY not in repr(choice)
