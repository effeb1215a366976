"""What went wrong, as problem documents (RFC 9457) and as the last words of a WebSocket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from captioner.delivery.connection import CLOSE_SECONDS
from captioner.delivery.farewell import error_message
from captioner.errors import BadInput, CaptionerError, TooLarge

MEDIA_TYPE = "application/problem+json"

logger = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why a request was not done (RFC 9457)."""

    type: str = Field("about:blank", description="Always `about:blank`: `code` is the kind.")
    title: str = Field(description="The HTTP status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong and what to do, for people.")
    code: str = Field(description="The kind of problem, for programs, such as `room_not_found`.")


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Not done; the problem document says why.",
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
}
"""What every operation may answer, for OpenAPI."""


def problem(
    status: int, detail: str, code: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem document as the answer to a request."""
    title = HTTPStatus(status).phrase
    document = Problem(title=title, status=status, detail=detail, code=code)
    body = orjson.dumps(document.model_dump())
    return Response(body, status, dict(headers or {}), MEDIA_TYPE)


def problem_of(error: CaptionerError) -> Response:
    """The problem document of an error of ours."""
    return problem(error.http_status, str(error), error.code)


@asynccontextmanager
async def conversation(socket: WebSocket) -> AsyncIterator[None]:
    """A block that talks over an open WebSocket: what it raises is told to the client."""
    try:
        yield
    except WebSocketDisconnect:
        logger.debug("A client left.")
    except CaptionerError as error:
        await _refuse(socket, error)
    except Exception:  # one client's trouble is not the other clients'
        logger.exception("A client could not be served.")
        await _refuse(socket, CaptionerError(_FAILED))


async def _refuse(socket: WebSocket, error: CaptionerError) -> None:
    """Tell the client of an open WebSocket what is wrong, and close it with the error's code."""
    await close(socket, error.close_code, str(error), error_message(error).decode())


async def close(socket: WebSocket, code: int, reason: str = "", message: str = "") -> None:
    """Close a WebSocket, after a last message; a client that does not read is not waited for."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            if message:
                await socket.send_text(message)
            # A close frame has room for 123 bytes.
            await socket.close(code, reason.encode()[:123].decode(errors="ignore"))
    except (TimeoutError, OSError, RuntimeError):
        logger.debug("A client left before it could be told %d.", code)


def answer_problems(app: FastAPI) -> None:
    """Let every error of the app end in a problem document."""

    @app.exception_handler(CaptionerError)
    async def ours(_: Request, error: CaptionerError) -> Response:
        return problem_of(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return problem_of(BadInput(_invalid(request, error)))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> Response:
        if error.status_code == TooLarge.http_status:
            return problem_of(TooLarge("The request's body is too large."))
        detail = _DETAILS.get(error.status_code, str(error.detail))
        code = HTTPStatus(error.status_code).name.lower()
        return problem(error.status_code, detail, code, error.headers)

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> Response:
        return problem(500, _FAILED, CaptionerError.code)


_FAILED = "The server failed; its log says how."
_DETAILS = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
}


def _invalid(request: Request, error: RequestValidationError) -> str:
    sent = request.headers.get("content-type", "")
    if any(problem["loc"] == ("body",) for problem in error.errors()) and "json" not in sent:
        return "Send a JSON object, with the header Content-Type: application/json."
    told = []
    for wrong in error.errors():
        where = ".".join(str(part) for part in wrong["loc"][1:])
        told.append(f"{where}: {wrong['msg']}" if where else wrong["msg"])
    return "; ".join(told)
