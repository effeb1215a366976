"""Azure OpenAI: the same models, found by the names of their deployments."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.unit.realtime.peers.configuration import check_update, known, one_of
from tests.unit.realtime.peers.models import MODELS
from tests.unit.realtime.peers.openai import OpenAIPeer
from tests.unit.realtime.peers.peer import Answer, Event, Refusal, Request, request

KEY = "azure-test"
DEPLOYMENT = "captions"


class AzurePeer(OpenAIPeer):
    """The GA surface: `/openai/v1/realtime?intent=transcription`, with no `api-version`."""

    path = "/openai/v1/realtime"

    def __init__(
        self, model: str = "gpt-4o-transcribe", deployment: str = DEPLOYMENT, key: str = KEY
    ) -> None:
        super().__init__(model, key)
        self.models = {deployment: MODELS[model]}

    def connect(self, path_and_query: str, headers: Mapping[str, str]) -> list[Answer] | Refusal:
        asked = request(path_and_query, headers)
        if asked.path != self.path:
            return _refusal(404, "404", "Resource not found")
        if self.key not in (asked.headers.get("api-key"), asked.bearer):
            return _refusal(401, "401", "Access denied due to invalid subscription key.")
        return self._admitted(asked)

    def _admitted(self, asked: Request) -> list[Answer] | Refusal:
        if "api-version" in asked.query:
            message = "api-version query parameter is not allowed when using /v1 path"
            return _refusal(400, "BadRequest", message)
        if "openai-beta" in asked.headers:
            message = "The Realtime Beta API is no longer supported."
            return self._turned_away("beta_api_shape_disabled", message, 4000)
        if asked.query.get("model") in self.models and "intent" not in asked.query:
            message = "The realtime operation does not work with the specified model."
            return _refusal(400, "OpperationNotSupported", message)
        return self._opened(asked)


class AzurePreviewPeer(AzurePeer):
    """The preview: `/openai/realtime?api-version=…&intent=transcription`, and flat sessions."""

    path = "/openai/realtime"
    updates = "transcription_session.update"
    confirms = "transcription_session"
    tells = ("conversation.item.created",)

    def _admitted(self, asked: Request) -> list[Answer] | Refusal:
        if not asked.query.get("api-version", "").endswith("-preview"):
            return _refusal(404, "404", "Resource not found")
        if asked.query.get("intent") != "transcription" or "deployment" in asked.query:
            message = "The realtime operation does not work with the specified model."
            return _refusal(400, "OpperationNotSupported", message)
        return self._opened(asked)

    def _read(self, session: object) -> tuple[Event, object]:
        flat = {
            "input_audio_format",
            "input_audio_transcription",
            "input_audio_noise_reduction",
            "turn_detection",
            "include",
            "modalities",
        }
        given = known(session, flat, "session")
        heard: Event = {}
        if "input_audio_format" in given:
            one_of(given["input_audio_format"], ("pcm16",), "session.input_audio_format")
        if given.get("input_audio_transcription") is not None:
            path = "session.input_audio_transcription"
            known(given["input_audio_transcription"], {"model", "language", "prompt"}, path)
        if given.get("turn_detection") is not None:
            kind = given["turn_detection"].get("type")
            one_of(kind, ("server_vad",), "session.turn_detection.type")
        for name, nested in (
            ("input_audio_transcription", "transcription"),
            ("input_audio_noise_reduction", "noise_reduction"),
            ("turn_detection", "turn_detection"),
        ):
            if name in given:
                heard[nested] = given[name]
        include = given.get("include", self._include)
        ga = {"type": "transcription", "audio": {"input": heard}, "include": include}
        return check_update(ga), include

    def _shown(self) -> Event:
        heard = self._heard
        transcription = heard["transcription"]
        return {
            "id": "sess_000000000000000000001",
            "object": "realtime.transcription_session",
            "client_secret": None,
            "expires_at": 1_800_000_000,
            "include": self._include,
            "input_audio_format": "pcm16",
            "input_audio_noise_reduction": heard["noise_reduction"],
            "input_audio_transcription": transcription
            and {"language": None, "prompt": None, **transcription},
            "turn_detection": heard["turn_detection"],
        }


def _refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, json.dumps({"error": {"code": code, "message": message}}))
