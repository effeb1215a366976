"""The application: every path of the API and of the pages on the parts of the product."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from captioner import __version__
from captioner.server import (
    audio,
    captions,
    elsewhere,
    events,
    glossary,
    health,
    metrics,
    rooms,
    speech,
    transcript,
    usage,
)
from captioner.server.pages import serve_pages
from captioner.server.parts import Parts
from captioner.server.problems import RESPONSES, answer_problems
from captioner.server.reference import serve_reference
from captioner.server.security import Gate

MAX_BODY = 1 << 20
"""Bytes of a request's body."""


_READING = (rooms, glossary, captions, events, speech, transcript, usage)
"""All but the publishing of audio, and what every process must answer."""


def create_application(parts: Parts, web: Path) -> ASGIApp:
    """The ASGI application over `parts`, with the pages in the folder `web`."""
    app = FastAPI(
        title="Captioner",
        version=__version__,
        description="Live captions of what is said in a room.",
        docs_url=None,  # FastAPI's own pages load from other people's servers
        redoc_url=None,
        responses=RESPONSES,
        max_body_size=MAX_BODY,
    )
    app.state.parts = parts
    parts.metrics.watch_readers(lambda: parts.readers.count)
    parts.metrics.watch_listeners(lambda: parts.voices.listeners)
    parts.metrics.watch_speech_lag(lambda: parts.voices.lag)
    answer_problems(app)
    for path in (health, metrics, audio, *(_READING if "gateway" in parts.roles else ())):
        app.include_router(path.router)
    if "gateway" in parts.roles:
        serve_reference(app)
        serve_pages(app, web)
    else:
        app.include_router(elsewhere.router)
    return Gate(app, max_body=MAX_BODY)
