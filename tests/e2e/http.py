"""Plain HTTP requests, as a script of somebody else would make them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


def request(url: str, body: bytes | None = None, method: str | None = None) -> tuple[int, bytes]:
    """The status and the body of the answer, whatever the status."""
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def create_room(url: str, room: str, language: str = "en", **choices: object) -> None:
    """Make a room over HTTP."""
    wanted = {"id": room, "language": language, **choices}
    status, answer = request(f"{url}/v1/rooms", json.dumps(wanted).encode())
    assert status == 201, answer


def transcript(url: str, room: str, extension: str = "txt") -> str:
    """The room's transcript so far."""
    status, answer = request(f"{url}/v1/rooms/{room}/transcript.{extension}")
    assert status == 200, answer
    return answer.decode()


def history(url: str, room: str) -> list[dict[str, Any]]:
    """The newest revision of each caption of the room."""
    status, answer = request(f"{url}/v1/rooms/{room}/captions")
    assert status == 200, answer
    captions: list[dict[str, Any]] = json.loads(answer)["captions"]
    return captions
